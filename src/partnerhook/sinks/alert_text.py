"""What people read: title and text of one message about one notice, or about many."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from string import Formatter
from typing import Final, NamedTuple

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.sinks.alert_fields import CHANGES, FIELDS, Told

TOLD_MAX: Final = 20
"""So many notices of a burst are told line by line: more would not be read."""
TITLE_LETTERS_MAX: Final = 150
TEMPLATE_LETTERS_MAX: Final = 10_000

TITLE_FIELDS: Final = {
    "summary": "what the title is by default: what happened, or '3 solutions changed'",
    "count": "of how many notices the message tells",
}


class Alert(NamedTuple):
    """One message to people."""

    title: str
    text: str
    grave: bool


class Template:
    """Text with `{field}`s that are replaced by text, and nothing else; `{{` and `}}` stand for braces.

    `str.format` is not used on it: that reads attributes of what it is given.
    """

    def __init__(self, what: str, text: str, fields: Collection[str]) -> None:
        """`what` it is called in the settings. Raises ConfigurationInvalid for what cannot be filled in."""
        if not text.strip() or len(text) > TEMPLATE_LETTERS_MAX:
            raise ConfigurationInvalid(f"has a {what} that is empty, or longer than {TEMPLATE_LETTERS_MAX} letters.")
        try:
            parts = list(Formatter().parse(text))
        except ValueError as problem:
            raise ConfigurationInvalid(
                f"has a wrong {what}: {problem}. A brace that stands for itself is doubled."
            ) from None
        for _, field, form, conversion in parts:
            if field is not None and (field not in fields or form or conversion):
                written = field + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
                raise ConfigurationInvalid(
                    f"has a wrong {what}: there is no {{{written}}}; there is {', '.join(fields)}."
                )
        self._parts = [(literal, field) for literal, field, _, _ in parts]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with all fields filled in."""
        return "".join(literal + (values[field] if field is not None else "") for literal, field in self._parts)


class Wording:
    """How notices are put: in our words, or in the user's."""

    def __init__(self, template: str | None = None, title: str | None = None) -> None:
        """`template`: the text about one notice, with `FIELDS`. `title`: with `TITLE_FIELDS`."""
        self._template = None if template is None else Template("template", template, FIELDS)
        self._title = None if title is None else Template("title", title, TITLE_FIELDS)

    def alert(self, told: Sequence[Told]) -> Alert:
        """One message about all of them, in this order."""
        summary = told[0].fields["what"] if len(told) == 1 else _summary(told)
        title = summary.removesuffix(".")
        if self._title is not None:
            title = self._title.fill({"summary": title, "count": str(len(told))})
        return Alert(_one_line(title), self._text(told), any(each.grave for each in told))

    def _text(self, told: Sequence[Told]) -> str:
        shown = told[:TOLD_MAX]
        more = len(told) - len(shown)
        if self._template is not None:
            texts = [self._template.fill(each.fields).strip("\n") for each in shown]
            apart = "\n\n" if any("\n" in text for text in texts) else "\n"
            return apart.join([*texts, *([f"and {more} more"] if more else [])])
        if len(told) == 1:
            return _letter(told[0].fields)
        lines = [_line(each.fields) for each in shown]
        return "\n".join([*lines, *([f"and {more} more"] if more else []), *_next_steps(shown)])


def _summary(told: Sequence[Told]) -> str:
    solutions = len({each.key for each in told})
    if all(each.fields["type"].removeprefix("partnerhook.") in CHANGES for each in told):
        return f"{solutions} solutions changed" if solutions > 1 else f"{told[-1].fields['what']}"
    return f"{len(told)} notices"


def _letter(fields: Mapping[str, str]) -> str:
    """A notice on its own: everything that helps to act on it."""
    was = f", before {fields['status_before']}" if fields["status_before"] else ""
    lines = {
        "When": fields["time"],
        "Status": f"{fields['status']}{was}" if fields["status"] else "",
        "App": fields["app"],
        "Note": fields["notes"],
        "Next": fields["next_step"],
    }
    return "\n".join([fields["what"], "", *(f"{name}: {value}" for name, value in lines.items() if value)])


def _line(fields: Mapping[str, str]) -> str:
    where = ", ".join(part for part in (fields["time"], fields["app"]) if part)
    return f"- {fields['what']}" + (f" ({where})" if where else "")


def _next_steps(shown: Sequence[Told]) -> list[str]:
    """Each once, under what it is the answer to."""
    steps: dict[str, str] = {}
    for each in shown:
        steps.setdefault(each.fields["next_step"], each.fields["event"].replace("_", " "))
    lines = [f"- {event}: {step}" for step, event in steps.items() if step]
    return ["", "Next:", *lines] if lines else []


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LETTERS_MAX else line[: TITLE_LETTERS_MAX - 1] + "…"
