"""More filters of the templates: what flags, fates and notices mean, in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from markupsafe import Markup, escape

from partnerhook.core.health import HealthNotice
from partnerhook.core.names import MEANING_OF_FLAG, Flag
from partnerhook.core.notice_documents import AnyNotice, document

MEANING_OF_FATE: Final = {
    "observed": "new, and in the history of its solution",
    "duplicate": "known already; counted on what it repeats",
    "test": "the dashboard's Test button: says nothing about a solution",
    "customer": "a customer's account was shared or unshared",
    "recorded": "a field that is not read here",
    "foreign_object": "not about WhatsApp business accounts",
    "quarantined": "not understood; kept until somebody decides",
    "discarded": "was not understood, and given up by a person",
}


def flag_meaning(flag: Flag) -> str:
    """What a flag means."""
    return MEANING_OF_FLAG[flag]


def fate_meaning(fate: str) -> str:
    """What became of a change."""
    return MEANING_OF_FATE.get(fate, "")


def capitalize_first(text: str) -> str:
    """A sentence begins with a capital letter, and the rest stays."""
    return text[:1].upper() + text[1:]


def counted(count: int, word: str) -> str:
    """So many of something."""
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{count:,} {word if count == 1 else plural}"


def with_code(text: str) -> Markup:
    """What stands between backticks is a command, or a name."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    wrapped = [
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    ]
    return Markup("").join(wrapped)


def about(notice: AnyNotice) -> str:
    """What a notice is about, in short."""
    return notice.subject if isinstance(notice, HealthNotice) else notice.name or notice.solution_id


def as_json(notice: AnyNotice) -> str:
    """The notice's document, to be read."""
    return json.dumps(document(notice), indent=2, ensure_ascii=False)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "flag_meaning": flag_meaning,
    "fate_meaning": fate_meaning,
    "capitalize_first": capitalize_first,
    "counted": counted,
    "with_code": with_code,
    "about": about,
    "notice_json": as_json,
}
