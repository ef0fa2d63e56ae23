"""docs/emulator.md: Meta in a box, from the tables and texts that it works by."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from pages.contradictions import CONTRADICTIONS
from pages.markdown import code, document, fence, generated, table
from partnerhook.emulator import control
from partnerhook.emulator.box import Box
from partnerhook.emulator.chaos import Chaos
from partnerhook.emulator.graph import face
from partnerhook.emulator.graph.problems import problem
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.rules import GUIDE, OPENAPI, Rules, contradiction_of

INTRODUCTION: Final = """
`partnerhook emulate` is one process that plays Meta: both partners of a solution, the Graph API of Multi-Partner
Solutions, and the sender of webhooks. It needs no account, no configuration and no secret, and keeps everything in
memory, or in a file with `partnerhook emulate --state FILE`. It is for tests and for finding out, not for the internet:
whoever reaches its port can do anything.

It starts with two portfolios, each with one app, and prints their ids, secrets and tokens. Its page at `/` shows both
parties side by side, with a button for each thing that they can do now. `partnerhook dashboard` does by command what at
Meta only the dashboard does, `partnerhook scenario` plays whole [stories](scenarios.md), and `partnerhook blast` sends
signed load. Every change of a solution goes through the table of the [lifecycle](lifecycle.md) that the registry uses.
"""

EXAMPLE: Final = """
partnerhook emulate --profile openapi --set decline_webhook=none --chaos duplicate=0.2 --chaos batch_max=10 --seed 7
"""

PROFILES_TEXT: Final = """
Meta's own documents contradict each other. `--profile guide`, the default, does what the hand-written guide says and
what is seen in practice; `--profile openapi` what the published OpenAPI v23.0 says. Single choices are set with
`--set NAME=VALUE`, or later with `PATCH /_control/rules`. The third column is the contradiction that a choice decides;
"open" is what no document says.
"""

CONTRADICTIONS_TEXT: Final = "Keys in brackets are pages: see [sources](sources.md)."

ENDPOINTS_TEXT: Final = """
A version in front, such as `/v25.0`, is optional. The token comes in the header `Authorization: Bearer`, or as the
parameter `access_token`; parameters stand in the query, in a form, or in JSON. `appsecret_proof` is checked where it is
sent, and required where the app says so. `fields` may be nested: `partners{partner_permissions,partner_app{id}}`. Lists
have cursors both ways and whole URLs for the next and the previous page. Answers carry `X-App-Usage`, `x-fb-trace-id`,
`facebook-api-version`, and a `Date` of the emulated clock.
"""

ERRORS_TEXT: Final = """
HTTP status, code and subcode, in both profiles. 2207052 is our own, and 2207051 is documented for an acceptance alone.
"""

DELIVERY_TEXT: Final = """
- Every app of both portfolios that is subscribed gets each change, with `entry.id` its own portfolio and a signature of
  its own secret: `X-Hub-Signature-256`, and the old `X-Hub-Signature`, over exactly the bytes that are sent. Bodies are
  escaped as PHP does.
- Whatever is not 200 is sent again after 20 s, 40 s, 80 s and so on, at most six hours apart, until the window is over.
  Meta does not publish its schedule; this one is ours.
- A draft is told to its owner's portfolio alone. An unpublished app gets the dashboard's tests alone.
- Time is emulated: `--speed 1000` is a thousand times as fast, 0 stands still, `POST /_control/clock` moves it on, and
  `POST /_control/settle` delivers all that waits, retries of days included, in one moment.
"""

CHAOS_TEXT: Final = """
Set with `--chaos NAME=VALUE`, or later with `PUT /_control/chaos`. `--seed` makes ids, secrets and chaos repeatable:
to the byte where webhooks are sent by `settle`, one after the other. Where they are sent at once, as at Meta, which
answer comes first is not in our hands.
"""

CONTROL_TEXT: Final = """
Bodies and answers are JSON. What is refused is answered 400, what is not there 404, each with a sentence in `error`.
"""

PATHS: Final = (
    ("/{app}", face.OF_APP),
    ("/{solution}", face.OF_SOLUTION),
    ("/{waba}", face.OF_ACCOUNT),
    ("/me", face.OF_ME),
    ("/debug_token", face.OF_TOKEN),
)

BODIES: Final[dict[str, type[control.Asked]]] = {
    "POST /apps": control.NewApp,
    "PATCH /apps/{app}": control.AppChanges,
    "POST /apps/{app}/test": control.Press,
    "POST /apps/{app}/throttle": control.Calls,
    "POST /apps/{app}/fail": control.Calls,
    "POST /solutions": control.Draft,
    "POST /solutions/{solution}/act": control.Action,
    "POST /customers": control.NewCustomer,
    "POST /clock": control.Tick,
}

ABOUT: Final = {
    Refusal.BAD_ID: "partner_app_id",
    Refusal.WRONG_PARTY: "accept",
    Refusal.WRONG_STATE: "accept",
}
"""What a refusal is about, where its error depends on that."""


def page() -> str:
    """The whole document."""
    return document(
        "# Meta in a box",
        generated("emulator/rules.py", "emulator/chaos.py", "emulator/control.py", "emulator/graph/face.py"),
        INTRODUCTION,
        fence("sh", EXAMPLE.strip().splitlines()),
        "## Profiles and choices",
        PROFILES_TEXT,
        table(["choice", "values", "decides", "`guide`", "`openapi`", "what it is"], _choices()),
        "## Contradictions",
        CONTRADICTIONS_TEXT,
        table(["number", "about", "one side", "the other side", "here"], _contradictions()),
        "## Graph API",
        ENDPOINTS_TEXT,
        table(["call", "what it is"], _endpoints()),
        "## Errors",
        ERRORS_TEXT,
        table(["refusal", "`guide`", "`openapi`"], _errors()),
        "## Delivery",
        DELIVERY_TEXT,
        "## Chaos",
        CHAOS_TEXT,
        table(["key", "values", "default", "what goes wrong"], _chaos()),
        "## Control API",
        CONTROL_TEXT,
        table(["call", "body", "what it does"], _control()),
    )


def _choices() -> Iterator[list[str]]:
    for name, field in Rules.model_fields.items():
        guide, openapi = _said(getattr(GUIDE, name)), _said(getattr(OPENAPI, name))
        yield [code(name), _values(field), contradiction_of(name), code(guide), code(openapi), str(field.description)]


def _contradictions() -> Iterator[list[str]]:
    for number, (about, one, other, handled) in CONTRADICTIONS.items():
        deciding = [name for name in Rules.model_fields if number in contradiction_of(name).split(", ")]
        here = ", ".join(code(name) for name in deciding) or handled
        if not here:
            raise ValueError(f"nothing says what is done about {number}")
        yield [number, about, one, other, here]


def _endpoints() -> Iterator[list[str]]:
    for node, edges in PATHS:
        for (method, edge), endpoint in edges.items():
            text = (endpoint.__doc__ or "").partition("\n")[0].partition(": ")[2]
            yield [code(f"{method} {node}{f'/{edge}' if edge else ''}"), text[:1].upper() + text[1:]]


def _errors() -> Iterator[list[str]]:
    for kind in Refusal:
        refused = Refused(kind, ABOUT.get(kind, ""))
        found = [problem(refused, rules) for rules in (GUIDE, OPENAPI)]
        told = [f"{one.http_status}: {one.code}{f'/{one.subcode}' if one.subcode else ''} {one.type}" for one in found]
        yield [kind.replace("_", " "), *told]


def _chaos() -> Iterator[list[str]]:
    for name, field in Chaos.model_fields.items():
        yield [code(name), _values(field), code(_said(field.default)), str(field.description)]


def _control() -> Iterator[list[str]]:
    routes = control.Control(Box()).routes()
    for route in routes:
        call = f"{next(iter((route.methods or set()) - {'HEAD'}))} {route.path}"
        keys = list(BODIES[call].model_fields) if call in BODIES else []
        yield [
            code(call.replace(" /", " /_control/")),
            ", ".join(code(key) for key in keys),
            str(route.endpoint.__doc__),
        ]


def _values(field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(code(str(value)) for value in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(code(value.value) for value in kind)
    if kind is bool:
        return "`true`, `false`"
    bounds = [text for text in (_bound(one) for one in field.metadata) if text]
    return ", ".join(bounds) or ("whole number" if kind is int else "number")


def _bound(constraint: Any) -> str:
    match constraint:
        case Ge(ge=least):
            return f"from {least}"
        case Gt(gt=least):
            return f"more than {least}"
        case Le(le=most):
            return f"up to {most}"
        case _:
            return ""


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
