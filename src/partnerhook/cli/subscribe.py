"""`partnerhook subscribe`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partnerhook import bootstrap, config
from partnerhook.bootstrap.logs import set_up_logs
from partnerhook.cli.agreement import agreed
from partnerhook.cli.app_secrets import choose_app
from partnerhook.cli.audited import audited_at_meta
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import note, put, show_document

if TYPE_CHECKING:
    from partnerhook.services.subscribe import Plan


def subscribe(
    *,
    field: Annotated[
        list[str] | None,
        Parameter(help="One more webhook field. partner_solutions, account_update and what is there stay in any case."),
    ] = None,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative=(), help="Do not ask before acting.")] = False,
    dry_run: Annotated[bool, Parameter(negative=(), help="Show what would be done, and do nothing.")] = False,
    app: Annotated[str | None, Parameter(name="--app", help="The configured app. Without it: the only one.")] = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Set the app's callback URL, verify token and webhook fields at Meta, through the Graph API.

    Needs PARTNERHOOK_PUBLIC_URL, PARTNERHOOK_APP_ID, the app secret and the verify token; no access token. Meta asks
    the callback for its challenge at once, so `partnerhook serve` has to run. An app has one callback for all of its
    WhatsApp webhooks: where another one is set, it is shown, and asked about.

    Example: `partnerhook subscribe --dry-run`
    """
    set_up_logs("console")
    settings = config.load(config_file)
    name = choose_app(settings, app)
    asyncio.run(_subscribe(settings, name, field or [], yes=yes, dry_run=dry_run, output=output))


async def _subscribe(
    settings: config.Settings, name: str, more: list[str], *, yes: bool, dry_run: bool, output: str
) -> None:
    async with bootstrap.subscriber(settings, name) as subscriber:
        wanted = await subscriber.plan(more)
        if output == "text":
            _show(wanted)
        done = not dry_run and agreed("Subscribe?", yes=yes or not wanted.moves)
        after = None
        if done:
            with audited_at_meta(settings, output, "app.subscribe", name, callback_url=wanted.callback_url):
                after = await subscriber.carry_out(wanted)
    if output == "json":
        show_document(
            {
                "done": done,
                "app": name,
                "callback_before": wanted.callback_before,
                "callback_url": wanted.callback_url,
                "fields_before": list(wanted.fields_before),
                "fields": list(after.fields_before if after else wanted.fields),
            }
        )
    elif after:
        put(f"Subscribed: {after.callback_before}, {', '.join(after.fields_before)}")
    else:
        note("Nothing was done.")


def _show(wanted: Plan) -> None:
    if not wanted.callback_before:
        put("The app is not subscribed yet.")
    elif wanted.moves:
        put(f"The app's callback is {wanted.callback_before} now.")
        note("All WhatsApp webhooks of the app will come here instead, and no more there.")
    new = [field for field in wanted.fields if field not in wanted.fields_before]
    put(f"Callback  {wanted.callback_url}")
    added = f" (new: {', '.join(new)})" if new else ""
    put(f"Fields    {', '.join(wanted.fields)}{added}")
