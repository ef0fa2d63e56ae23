"""What a scenario file can say. docs/scenarios.md is made of these texts."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.emulator.box import ACTIONS
from partnerhook.emulator.chaos import Chaos
from partnerhook.emulator.rules import GUIDE, Rules

Party = Literal["owner", "partner"]

SPAN: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[smhd])")
UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}

CREATES: Final = ("save as draft", "create")
OF_SOLUTION: Final = (*CREATES, *ACTIONS, "onboard", "offboard")
"""What names a solution."""

DOES: Final = (*OF_SOLUTION, "subscribe", "press test", "say", "forge", "deliver", "wait", "reconcile")


def span_s(text: str) -> float:
    """Seconds of a span of time such as 90s, 10m, 2h or 7d. Raises ValueError."""
    found = SPAN.fullmatch(text)
    if found is None:
        raise ValueError("a span of time is a number and s, m, h or d: 90s, 10m, 2h, 7d")
    return float(found["number"]) * UNITS[found["unit"]]


def _span(text: str) -> str:
    span_s(text)
    return text


def _deed(text: str) -> str:
    if text not in DOES:
        raise ValueError(f"it is none of: {', '.join(DOES)}")
    return text


Span = Annotated[str, AfterValidator(_span)]


class Told(BaseModel):
    """Part of a file. Unknown keys are refused: they are misspelt."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(Told):
    """One change in a body that nobody's action leads to."""

    event: str = Field("SOLUTION_UPDATED", description="value.event.")
    word: str = Field(description="value.solution_status.")
    solution: str = Field("", description="The solution's name in this file.")
    solution_id: str = Field("", description="Or an id of your own, also one that is none.")
    field: str = Field("partner_solutions", description="The change's field.")


class Step(Told):
    """One thing that somebody does, and what must come of it."""

    by: Literal["owner", "partner", "customer", "meta", "stranger", "operator"] = Field(
        "meta", description="Who does it."
    )
    does: Annotated[str, AfterValidator(_deed)] = Field(description="What is done: see the list of deeds.")
    after: Span = Field("0s", description="How much emulated time passes before, such as 10m or 2h.")
    solution: str = Field("", description="The solution it is done to: a name that holds within this file.")
    name: str = Field("", description="The solution's name at Meta, or a customer's. Default: the one above.")
    messaging: Party = Field("owner", description="Which party has the permission MESSAGING.")
    to: Party | None = Field(None, description="Whose callback it is about: subscribe, press test, say, forge.")
    wrong_token: bool = Field(
        default=False, description="subscribe: with a verify token that the callback does not know."
    )
    changes: tuple[Said, ...] = Field((), description="say, forge: what stands in the body.")
    delivery: Literal["once", "twice", "held", "lost"] = Field(
        "once", description="What becomes of the webhooks: held ones wait for `deliver`, lost ones never come."
    )
    batch: bool = Field(default=False, description="deliver: all that was held in one POST for each callback.")
    refused: bool = Field(default=False, description="Meta must refuse it.")
    answer: int = Field(200, description="What each callback must answer.")
    means: str | None = Field(
        None, description="What the registry must make of it. Checked by `partnerhook demo`, which can look."
    )

    @model_validator(mode="after")
    def _complete(self) -> Step:
        if self.does in OF_SOLUTION and not self.solution:
            raise ValueError(f"`{self.does}` names its solution")
        if self.does in {"say", "forge"} and not self.changes:
            raise ValueError(f"`{self.does}` names its changes")
        if self.does in {"say", "forge", "press test", "subscribe"} and self.to is None:
            raise ValueError(f"`{self.does}` names a party with `to`")
        if self.does in {*CREATES, *ACTIONS} and self.by not in {"owner", "partner"}:
            raise ValueError(f"`{self.does}` is done by the owner or the partner")
        return self


class Scene(Told):
    """Some steps, and in one line what they are about."""

    title: str
    step: tuple[Step, ...] = Field(min_length=1)


class Ending(Told):
    """How a solution stands after the last step."""

    solution: str
    status: str
    pending: str = "NONE"
    anomalies: tuple[str, ...] = Field((), description="What the registry must flag.")
    history: dict[Party, tuple[str, ...]] = Field(
        default_factory=dict, description="What the registry must tell, for each party: times and Meta's words."
    )


class Script(Told):
    """A whole scenario."""

    title: str
    about: str = ""
    begins: datetime | None = Field(None, description="The emulated time at the beginning; a past one.")
    seed: int = Field(1, description="The same ids again.")
    rules: Rules = GUIDE
    chaos: Chaos = Chaos()
    scene: tuple[Scene, ...] = Field(min_length=1)
    ending: tuple[Ending, ...] = ()

    @property
    def begins_at(self) -> float | None:
        """Unix seconds."""
        if self.begins is None:
            return None
        return (self.begins if self.begins.tzinfo else self.begins.replace(tzinfo=UTC)).timestamp()


def read(file: Path) -> Script:
    """A scenario file. Raises ConfigurationInvalid, which says where what is wrong."""
    try:
        return parse(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        raise ConfigurationInvalid(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationInvalid(f"{file} is not TOML: it is not UTF-8.") from None


def parse(text: str, name: str) -> Script:
    """The same, from its text."""
    try:
        document: dict[str, Any] = tomllib.loads(text)
        script = Script.model_validate(document)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationInvalid(f"{name} is not TOML: {error}.") from None
    except ValidationError as error:
        wrong = [f"{_place(one['loc'])}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()]
        raise ConfigurationInvalid("\n".join([f"{name} is no scenario.", *wrong])) from None
    made: set[str] = set()
    for scene in script.scene:
        for step in scene.step:
            if step.does in CREATES:
                made.add(step.solution)
            elif step.solution and step.solution not in made:
                raise ConfigurationInvalid(f"{name}: solution {step.solution!r} is not created before it is used.")
    for ending in script.ending:
        if ending.solution not in made:
            raise ConfigurationInvalid(f"{name}: solution {ending.solution!r} has an ending, but nobody creates it.")
    return script


def _place(path: tuple[int | str, ...]) -> str:
    """As in: scene 2, step 3, by. Counted as people do."""
    return ", ".join(f"{name} {number + 1}" if number is not None else name for name, number in _pairs(path))


def _pairs(path: tuple[int | str, ...]) -> list[tuple[str, int | None]]:
    pairs: list[tuple[str, int | None]] = []
    for part in path:
        if isinstance(part, int) and pairs:
            pairs[-1] = (pairs[-1][0], part)
        else:
            pairs.append((str(part), None))
    return pairs or [("the file", None)]
