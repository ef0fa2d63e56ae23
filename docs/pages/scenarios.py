"""docs/scenarios.md: what a scenario file can say, from the texts of the model that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel

from pages.markdown import code, document, fence, generated, table
from partnerhook.emulator.box import ACTIONS
from partnerhook.emulator.scenario.script import Ending, Said, Scene, Script, Step

INTRODUCTION: Final = """
A scenario says who does what, and what must come of it. `partnerhook scenario run FILE` plays one against any callback
that answers Meta's handshake, whoever wrote it, and reports; `partnerhook scenario check FILE` only reads it. Both
parties act in [Meta's box](emulator.md), and the webhooks of one of them go to the callback. The emulated clock is
moved on by the scenario: a week takes no real time, and the same file does the same again.

Examples are in `examples/scenarios/`. The story of `make demo` is one of them.
"""

EXAMPLE: Final = """
title = "The answer overtakes the request"

[chaos]
duplicate = 0.5

[[scene]]
title = "A request is held back until its answer was delivered."

[[scene.step]]
by = "owner"
does = "create"
solution = "First"
delivery = "held"

[[scene.step]]
after = "10m"
by = "partner"
does = "accept"
solution = "First"

[[scene.step]]
after = "2h"
does = "deliver"

[[ending]]
solution = "First"
status = "ACTIVE"
"""

DEEDS: Final = (
    ("save as draft", "owner, partner", "Saves a draft. Who does it is the owner of the solution from then on."),
    ("create", "owner, partner", "Proposes a solution to the other party, without a draft before it."),
    *((action, "owner, partner", "") for action in ACTIONS),
    ("onboard", "customer", "A customer shares an account through the solution: PARTNER_ADDED, PARTNER_APP_INSTALLED."),
    ("offboard", "customer", "The customer unshares it: PARTNER_APP_UNINSTALLED, PARTNER_REMOVED."),
    ("subscribe", "owner, partner", "Sets the callback of `to`. Without such a step all are set before the first one."),
    ("press test", "owner, partner", "The App Dashboard's Test button for the app of `to`."),
    ("say", "meta", "Sends `changes` to the app of `to`, whatever they say: unknown words, broken ids."),
    ("forge", "stranger", "Sends `changes` to the callback of `to`, signed with a secret that is not the app's."),
    ("deliver", "meta", "Delivers what was held back, in the order in which it was."),
    ("wait", "meta", "Lets time pass: see `after`."),
    ("reconcile", "operator", "Runs `partnerhook reconcile` in the demo; passed over where there is nobody to ask."),
)

OF_LIFECYCLE: Final = "As in the [lifecycle](lifecycle.md). Meta refuses what is not allowed; see `refused`."


def page() -> str:
    """The whole document."""
    return document(
        "# Scenarios",
        generated("emulator/scenario/script.py"),
        INTRODUCTION,
        fence("toml", EXAMPLE.strip().splitlines()),
        "## The file",
        table(["key", "default", "what it is for"], _keys(Script)),
        "`[rules]` and `[chaos]` have the keys of [Meta's box](emulator.md).",
        "## `[[scene]]`",
        table(["key", "default", "what it is for"], _keys(Scene)),
        "## `[[scene.step]]`",
        table(["key", "default", "what it is for"], _keys(Step)),
        "A span of time is a number and `s`, `m`, `h` or `d`: `90s`, `10m`, `2h`, `7d`.",
        "## Deeds",
        table(["`does`", "`by`", "what happens"], ([code(deed), by, text or OF_LIFECYCLE] for deed, by, text in DEEDS)),
        "## `changes`",
        table(["key", "default", "what it is for"], _keys(Said)),
        "## `[[ending]]`",
        table(["key", "default", "what it is for"], _keys(Ending)),
    )


TEXTS: Final = {
    ("Script", "title"): "What the scenario is called.",
    ("Script", "about"): "What it is about, for its readers.",
    ("Script", "rules"): "A table: choices where Meta's documents contradict each other.",
    ("Script", "chaos"): "A table: what goes wrong on the way.",
    ("Script", "scene"): "The scenes, in their order.",
    ("Script", "ending"): "How solutions must stand in the end.",
    ("Scene", "title"): "What its steps are about.",
    ("Scene", "step"): "The steps, in their order.",
    ("Ending", "solution"): "The solution's name in this file.",
    ("Ending", "status"): "Its status, as the Graph API has it.",
    ("Ending", "pending"): "Its pending request, as the Graph API has it.",
}


def _keys(model: type[BaseModel]) -> Iterator[list[str]]:
    for name, field in model.model_fields.items():
        text = field.description or TEXTS[model.__name__, name]
        plain = isinstance(field.default, str | int | float)
        shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        yield [code(name), code(shown) if plain else "needed" if field.is_required() else "", text]
