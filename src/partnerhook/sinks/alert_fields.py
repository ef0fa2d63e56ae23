"""What a notice says in words for people: the fields that a text of the user's own may use.

Names of solutions are other people's words, and Meta's words may be anything: whatever comes from a notice is made
plain before it stands in a text. One line, printable, and nothing that chat programs take for a mention or a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from partnerhook.core.names import MEANING_OF_FLAG, Pending
from partnerhook.sinks.sink import Message, cut

VALUE_LETTERS_MAX: Final = 500

FIELDS: Final = {
    "what": "what happened, as a sentence",
    "solution": "the solution's name and id",
    "name": "the solution's name, where the Graph API told it",
    "solution_id": "the solution's id",
    "app": "the name of the app in the settings",
    "event": "what it is about: activated, rejected, overdue ...",
    "type": "the CloudEvents type: partnerhook.solution.activated ...",
    "time": "when it happened",
    "status": "where the solution stands now: ACTIVE ...",
    "status_before": "where it stood before",
    "pending": "what waits for an answer: PENDING_DEACTIVATION ..., or NONE",
    "notes": "whether no webhook told it, and whether it corrects what was told before",
    "next_step": "what a person can do now",
    "id": "the notice's id",
}
"""Each field is text, and empty where a notice has no such thing."""

SENTENCES: Final = {
    "solution.drafted": "{solution} was drafted.",
    "solution.requested": "{solution} was proposed and waits for the partner's answer.",
    "solution.activated": "{solution} is active now.",
    "solution.rejected": "{solution} was rejected.",
    "solution.deactivation_requested": "{solution} is to be deactivated and waits for the other partner's answer.",
    "solution.deactivation_declined": "{solution} stays active: its deactivation was declined.",
    "solution.deactivated": "{solution} was deactivated.",
    "solution.renamed": "{solution} has a new name: {renamed}.",
    "solution.anomaly": "Something is odd about {solution}: {odd}.",
    "solution.overdue": "{solution} has waited for an answer {waiting}for more than {overdue}.",
}
CHANGES: Final = frozenset(SENTENCES) - {"solution.anomaly", "solution.overdue"}

CALM: Final = CHANGES | {"test"}

# A mention needs its @ (and Slack's its <), a link with a text of its own needs ](; the look-alikes do nothing.
HARMLESS: Final = str.maketrans("@<>", "\uff20\u2039\u203a")


class Told(NamedTuple):
    """One notice in words."""

    fields: Mapping[str, str]
    key: str
    grave: bool
    """Somebody should look at it."""


def tell(message: Message) -> Told:
    """The fields of one notice, each of them plain text. Every shape of document has some."""
    data = _mapping(message.document.get("data"))
    after, before = _mapping(data.get("after")), _mapping(data.get("before"))
    kind = message.type.removeprefix("partnerhook.")
    subject = plain(data.get("solution_id") or message.document.get("subject"))
    name = plain(data.get("name"))
    solution = f"{name} ({subject})" if name and subject else name or f"solution {subject or 'without an id'}"
    fields = {
        "solution": solution,
        "name": name,
        "solution_id": plain(data.get("solution_id")),
        "app": plain(data.get("app")),
        "event": plain(kind.rpartition(".")[2]),
        "type": plain(message.type),
        "time": _clock(plain(message.document.get("time"))),
        "status": plain(after.get("status")),
        "status_before": plain(before.get("status")),
        "pending": plain(after.get("pending")),
        "notes": _notes(data),
        "next_step": plain(data.get("next_step") or data.get("remedy")),
        "id": plain(message.id),
    }
    fields["what"] = _sentence(kind, fields, data)
    return Told(fields, message.key, kind not in CALM)


def plain(value: object) -> str:
    """A value of a notice as harmless text; empty for None."""
    text = "" if value is None else cut(str(value)).translate(HARMLESS).replace("](", "] (")
    return text if len(text) <= VALUE_LETTERS_MAX else text[: VALUE_LETTERS_MAX - 1] + "…"


def _sentence(kind: str, fields: Mapping[str, str], data: Mapping[str, Any]) -> str:
    sentence = SENTENCES.get(kind)
    if sentence is None:
        said = plain(data.get("summary")) or plain(data.get("message"))
        where = "" if said else f" of {fields['solution']}" if fields["solution_id"] else ""
        return said or f"Notice{where}: {fields['type']}."
    deactivation = fields["pending"] == Pending.PENDING_DEACTIVATION
    words = {
        "solution": fields["solution"],
        "renamed": _renamed(_mapping(data.get("renamed"))),
        "odd": _odd(data),
        "waiting": "to its deactivation " if deactivation else "",
        "overdue": _duration(data.get("overdue_s")),
    }
    filled = sentence.format_map(words)
    return filled[0].upper() + filled[1:] if fields["name"] == "" else filled


def _renamed(renamed: Mapping[str, Any]) -> str:
    before, after = plain(renamed.get("before")), plain(renamed.get("after"))
    return f'"{after}", before that "{before}"' if before else f'"{after}"'


def _odd(data: Mapping[str, Any]) -> str:
    flags = data.get("new_anomalies")
    meanings: Mapping[str, str] = {flag.value: meaning for flag, meaning in MEANING_OF_FLAG.items()}
    words = [meanings.get(flag, flag) for flag in map(plain, flags[:5])] if isinstance(flags, list) else []
    return "; ".join(words) or "its state is a word of no document of Meta's"


def _notes(data: Mapping[str, Any]) -> str:
    notes = []
    if data.get("recovered") is True:
        notes.append("No webhook told this; the Graph API did.")
    if data.get("corrected") is True:
        notes.append("Nothing happened now: late news shows that what was told before was different.")
    return " ".join(notes)


def _duration(seconds: object) -> str:
    if not isinstance(seconds, int) or seconds < 0:
        return "was to be expected"
    for name, length in {"day": 86_400, "hour": 3_600, "minute": 60}.items():
        if seconds >= length:
            count = seconds // length
            return f"{count} {name}{'s' if count != 1 else ''}"
    return f"{seconds} s"


def _clock(text: str) -> str:
    """RFC 3339 as a person reads it; anything else as it is."""
    if len(text) < 20 or text[10] != "T" or not text.endswith("Z"):
        return text
    return f"{text[:10]} {text[11:19]} UTC"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
