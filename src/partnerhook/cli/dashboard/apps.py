"""`partnerhook dashboard`: apps, and the customers that share accounts with them."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from partnerhook.cli.dashboard.at import URL, AppId, Emulator, SolutionId, Url
from partnerhook.cli.options import Format
from partnerhook.cli.output import put, show_attributes, show_document
from partnerhook.core.names import PARTNER_SOLUTIONS


def publish(app: AppId, /, *, url: Url = URL, output: Format = "text") -> None:
    """Publish an app: from now on it gets real webhooks. What it missed is not sent again.

    Example: `partnerhook dashboard publish 'Owner app'`
    """
    _set_published(app, url, output, published=True)


def unpublish(app: AppId, /, *, url: Url = URL, output: Format = "text") -> None:
    """Unpublish an app: it gets nothing then but what its Test button sends, as at Meta.

    Example: `partnerhook dashboard unpublish 'Owner app'`
    """
    _set_published(app, url, output, published=False)


def _set_published(wanted: str, url: str, output: str, *, published: bool) -> None:
    emulator = Emulator(url)
    told = emulator.ask("PATCH", f"/apps/{emulator.app(wanted)['app_id']}", {"published": published})
    if output == "json":
        show_document(told)
    else:
        put(f"{told['name']} ({told['app_id']}) is {'published' if published else 'unpublished'}.")


def press_test(
    app: AppId,
    /,
    *,
    field: Annotated[
        Literal["partner_solutions", "account_update"], Parameter(help="Whose sample to send.")
    ] = PARTNER_SOLUTIONS,
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Press the Test button of an app: a sample of nobody's solution (portfolio 0) goes to its callback, once.

    Example: `partnerhook dashboard test 'Owner app'`
    """
    emulator = Emulator(url)
    found = emulator.app(app)
    told = emulator.ask("POST", f"/apps/{found['app_id']}/test", {"field": field})
    if output == "json":
        show_document({"app_id": found["app_id"], "field": field, **told})
    else:
        put(f"A sample of {field} is on its way to {found['subscription']['callback_url']}.")


def add_app(
    name: Annotated[str, Parameter(help="The new app's name.", show_default=False)],
    /,
    *,
    portfolio: Annotated[
        str | None, Parameter(help="The id of the portfolio that it belongs to. Without it: one of its own.")
    ] = None,
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Create an app, with its secret and its tokens: a third partner, or a second app of the same firm.

    Example: `partnerhook dashboard add-app 'Staging app' --portfolio 721288730765908`
    """
    told = Emulator(url).ask("POST", "/apps", {"name": name, "portfolio_id": portfolio or ""})
    if output == "json":
        show_document(told)
    else:
        show_attributes((key.replace("_", " "), told[key]) for key in SHOWN_OF_APP)


SHOWN_OF_APP = ("name", "app_id", "app_secret", "access_token", "app_token", "portfolio_id")


def onboard(
    solution: SolutionId,
    /,
    *,
    name: Annotated[str, Parameter(help="What the customer is called.")] = "A customer",
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Onboard a customer through an active solution: both parties hear PARTNER_ADDED and PARTNER_APP_INSTALLED.

    Example: `partnerhook dashboard onboard 'Our solution' --name 'Corner shop'`
    """
    emulator = Emulator(url)
    asked = {"solution_id": emulator.solution_id(solution), "name": name}
    told = emulator.ask("POST", "/customers", asked)
    if output == "json":
        show_document(told)
    else:
        put(f"{told['name']} shares the account {told['waba_id']} through solution {told['solution_id']}.")


def offboard(
    customer: Annotated[
        str, Parameter(help="The id of the customer's account (WABA), or the customer's name.", show_default=False)
    ],
    /,
    *,
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Offboard a customer: both parties hear PARTNER_APP_UNINSTALLED and PARTNER_REMOVED.

    Example: `partnerhook dashboard offboard 104996122399160`
    """
    emulator = Emulator(url)
    told = emulator.ask("DELETE", f"/customers/{emulator.waba_id(customer)}")
    if output == "json":
        show_document(told)
    else:
        put(f"{told['name']} no longer shares the account {told['waba_id']}.")
