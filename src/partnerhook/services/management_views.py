"""JSON objects of what the API alone shows. Their keys are documented in docs/json.md and stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partnerhook.core.names import MEANING_OF_FLAG
from partnerhook.core.notice_documents import AnyNotice, document
from partnerhook.core.timeline import clock, say, sentence
from partnerhook.services.views import Json, instant, reading, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partnerhook.core.lifecycle import Solution
    from partnerhook.core.possible import Possible
    from partnerhook.services.act import Done
    from partnerhook.services.audit import AuditEntry
    from partnerhook.services.query import GraphFacts, Story
    from partnerhook.services.reconcile_runs import Run
    from partnerhook.services.targets import ConfiguredApp, Tried

SENTENCES_MAX: Final = 500
"""Of one explanation; nobody reads more."""


def shown(one: Solution, facts: GraphFacts | None, actions: Sequence[Possible]) -> Json:
    """A solution with what can be done with it."""
    return told(one, facts) | {
        "actions": [{"action": each.action, "allowed": each.allowed, "reason": each.reason} for each in actions]
    }


def explanation(one: Story) -> Json:
    """How a solution came to its state; of very many sentences, the newest."""
    entries = one.timeline[-SENTENCES_MAX:]
    return {
        "app": one.solution.app,
        "solution_id": one.solution.solution_id,
        "summary": summary(one.solution),
        "sentences": [sentence(entry) for entry in entries],
        "left_out": len(one.timeline) - len(entries),
    }


def summary(one: Solution) -> str:
    """Where it stands, in a sentence."""
    states = " or ".join(say(state) for state in one.could_be)
    onboarding = "customers can be onboarded" if one.usable else "no customers can be onboarded"
    oddities = "".join(f" ({MEANING_OF_FLAG[flag]})" for flag in one.anomalies)
    return f"So solution {one.solution_id} is {states} since {clock(one.since)}: {onboarding}.{oddities}"


def acted(action: str, done: Done) -> Json:
    """What the Graph API told before and after."""
    return {
        "done": True,
        "action": action,
        "solution_id": done.after.solution_id,
        "before": None if done.before is None else reading(done.before),
        "after": reading(done.after),
    }


def notice(number: int, one: AnyNotice) -> Json:
    """A notice with its number."""
    return {"notice": str(number), "document": dict(document(one))}


def tried(name: str, one: Tried) -> Json:
    """How a destination took a test notice."""
    return {
        "destination": name,
        "id": one.message_id,
        "taken": one.taken,
        "status": one.answer.status,
        "answer": one.answer.text,
        "duration_ms": round(one.seconds * 1000, 1),
    }


def app(one: ConfiguredApp) -> Json:
    """A configured app, without its secrets."""
    return {
        "app": one.name,
        "app_id": one.app_id,
        "path": one.path,
        "callback_url": one.callback_url,
        "app_secrets": one.secrets,
        "receives": one.receives,
        "asks_graph": one.asks_graph,
    }


def reconciliation(one: Run) -> Json:
    """A reconciliation, without its report."""
    return {
        "reconciliation": str(one.id),
        "state": one.state,
        "app": one.app,
        "check": one.only_checks,
        "asked_at": instant(one.asked_at),
        "asked_by": one.asked_by,
        "done": one.done,
        "total": one.total,
        "ended_at": None if one.ended_at is None else instant(one.ended_at),
        "failure": one.failure,
    }


def audit_entry(one: AuditEntry) -> Json:
    """Something that somebody did."""
    return {
        "entry": str(one.id),
        "at": instant(one.at),
        **one.actor._asdict(),
        "action": one.action,
        "subject": one.subject,
        "details": one.details,
        "outcome": one.outcome,
        "ended_at": None if one.ended_at is None else instant(one.ended_at),
    }
