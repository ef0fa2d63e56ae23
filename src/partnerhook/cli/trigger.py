"""`partnerhook trigger`."""

from __future__ import annotations

import random
import sys
import time as clocks
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote, urlsplit

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from partnerhook import config
from partnerhook.cli.app_secrets import AppName, SecretFile, choose_app, find_secrets
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import put, show_document
from partnerhook.core.compose import compose
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.core.reading import ID_DIGITS_MAX, TIME_MAX
from partnerhook.core.timeline import clock
from partnerhook.core.triggers import TRIGGER_OF_NAME, find_trigger

if TYPE_CHECKING:
    from partnerhook.services.trigger import Answer

EXAMPLE_PORTFOLIO_ID: Final = "506914307656634"
"""The one of the reference's example."""

TIMES_MAX: Final = 10_000


def _name(_hint: Any, tokens: Sequence[Token]) -> str:
    found = find_trigger(tokens[0].value)
    if found is None:
        names = ", ".join(TRIGGER_OF_NAME)
        raise ValueError(f"There is no trigger {tokens[0].value!r}. There are: {names}")
    return found.name


def _seconds(_hint: Any, tokens: Sequence[Token]) -> int:
    """Unix seconds, from themselves or from a time in RFC 3339; without an offset it is UTC."""
    given = tokens[0].value
    if given.isascii() and given.isdigit() and len(given) <= ID_DIGITS_MAX:
        return int(given)
    if given == "now":
        return int(clocks.time())
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(
            f"{given!r} is neither Unix seconds, nor a time such as 2026-06-17T08:00:00Z, nor now"
        ) from None
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    if seconds < 0:
        raise ValueError(f"{given!r} lies before 1970, where Unix seconds begin")
    return seconds


def checked_url(_hint: Any, tokens: Sequence[Token]) -> str:
    """A URL to send to, checked. The messages do not repeat it: there may be a password in it."""
    given = tokens[0].value
    try:
        parts = urlsplit(given)
        right = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        right = right and given.isprintable() and " " not in given
    except ValueError:
        right = False
    if not right:
        raise ValueError("it is no URL such as http://127.0.0.1:8080/webhook")
    if parts.username or parts.password:
        raise ValueError("a password in it would show to everybody who can list processes")
    return given


def check_digits(_hint: Any, value: str | None) -> None:
    """Raises ValueError where an id is none."""
    if value is not None and not (value.isascii() and value.isdigit() and len(value) <= ID_DIGITS_MAX):
        raise ValueError("An id is a string of digits.")


def trigger(
    name: Annotated[
        str,
        Parameter(
            converter=_name,
            help="draft-saved, request-sent, accepted, rejected, deactivation-requested or deactivated; or Meta's"
            " word for the status, such as PENDING_DEACTIVATION.",
        ),
    ],
    /,
    *,
    solution_id: Annotated[
        str | None, Parameter(validator=check_digits, help="The solution it is about. Without it: a new one.")
    ] = None,
    portfolio_id: Annotated[
        str,
        Parameter(validator=check_digits, help="The business portfolio, entry.id; 0 as the dashboard's Test button."),
    ] = EXAMPLE_PORTFOLIO_ID,
    time: Annotated[
        int | None, Parameter(converter=_seconds, help="When it happened: Unix seconds or RFC 3339. Without it: now.")
    ] = None,
    times: Annotated[
        int, Parameter(validator=Number(gte=1, lte=TIMES_MAX), help="How often to send the same: duplicates.")
    ] = 1,
    url: Annotated[
        str | None, Parameter(converter=checked_url, help="The receiver's URL. Without it: the configured one.")
    ] = None,
    app: AppName = None,
    secret_file: SecretFile = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Send a signed event to a receiver, as Meta would: one of the six triggers of the webhook reference.

    Exit 1 where an answer is not 200: Meta would send it again.

    Example: `partnerhook trigger accepted --solution-id 774485461512159 --times 2`
    """
    from partnerhook.services.trigger import Sender

    secret = find_secrets(app, secret_file, config_file).own[0]
    at = int(clocks.time()) if time is None else time
    update = TRIGGER_OF_NAME[name].update(solution_id or _new_id())
    body = compose(portfolio_id, at, [update])
    with Sender(url or callback_url(app, config_file)) as sender:
        if output == "text":
            put(f"POST {sender.url}")
            put(f"{update.event} / {update.solution_status}")
            put(f"solution {update.solution_id}  portfolio {portfolio_id}  time {_said(at)}", at_once=True)
        answers: list[Answer] = []
        for _ in range(times):
            answers.append(sender.post(body, secret))
            if output == "text":
                put(_line(answers[-1]), at_once=True)
    if output == "json":
        show_document(
            {
                "trigger": name,
                "url": sender.url,
                **update._asdict(),
                "portfolio_id": portfolio_id,
                "time": _said(at),
                "body": body.decode("ascii"),
                "answers": [answer._asdict() for answer in answers],
            }
        )
    if not all(answer.taken for answer in answers):
        sys.exit(1)


def _new_id() -> str:
    return str(random.randint(10**14, 10**15 - 1))  # noqa: S311 - an id, not a secret


def _said(at: int) -> str:
    return clock(at) if at <= TIME_MAX else str(at)


def _line(answer: Answer) -> str:
    text = f"  {answer.text}" if answer.text else ""
    return f"answered {answer.status} in {answer.milliseconds:g} ms{text}"


def callback_url(app: str | None, config_file: Path | None) -> str:
    """The callback URL of an app on this machine. Raises ConfigurationInvalid where it cannot be known."""
    settings = config.load(config_file)
    host, port = config.split_listen(settings.listen, "listen")
    if not port:
        raise ConfigurationInvalid("listen has port 0, so its port is not known here; name the receiver with --url.")
    apps = settings.all_apps()
    name = choose_app(settings, app) if apps else config.DEFAULT_APP
    path = config.callback_path(name, apps.get(name) or config.AppSettings())
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is replaced, not listened on
    return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}{quote(path)}"
