"""The JSON objects that scripts rely on. Their keys are documented in docs/json.md and stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from partnerhook.core.notice_documents import document
from partnerhook.core.observations import MICROSECONDS
from partnerhook.core.timeline import clock, say

if TYPE_CHECKING:
    from partnerhook.core.drift import Drift
    from partnerhook.core.graph_readings import AppReference, GraphReading, Partner
    from partnerhook.core.lifecycle import Solution
    from partnerhook.core.notice_documents import AnyNotice
    from partnerhook.core.observations import Observation
    from partnerhook.core.receipts import Outcome, Receipt
    from partnerhook.core.timeline import Entry
    from partnerhook.services.access import ApiKey, Session
    from partnerhook.services.outbox import Attempt, Listed
    from partnerhook.services.query import CustomerEvent, GraphFacts, Story
    from partnerhook.services.rebuild import Difference
    from partnerhook.services.reconcile import Reconciled
    from partnerhook.services.targets import Configured

Json = dict[str, Any]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant(microseconds: int) -> str:
    """Unix microseconds as RFC 3339 in UTC, always with six decimals: such texts sort as the times do."""
    return (EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(microseconds: int | None) -> str:
    """Unix microseconds as a time to the second; empty for never."""
    return "" if microseconds is None else clock(microseconds // MICROSECONDS)


def solution(one: Solution) -> Json:
    """A solution, without its history."""
    return {
        "app": one.app,
        "portfolio_id": one.portfolio_id,
        "solution_id": one.solution_id,
        "status": one.status,
        "pending": one.pending,
        "reported_status": one.reported_status,
        "usable": one.usable,
        "since": clock(one.since),
        "first_seen": instant(one.first_seen),
        "last_seen": instant(one.last_seen),
        "observations": one.observations,
        "anomalies": list(one.anomalies),
        "could_be": [say(state) for state in one.could_be],
    }


def listed(one: Solution, facts: Mapping[tuple[str, str], GraphFacts]) -> Json:
    """A solution with what only the Graph API tells of it."""
    return told(one, facts.get((one.app, one.solution_id)))


def told(one: Solution, facts: GraphFacts | None) -> Json:
    """A solution with what the Graph API tells of it; None: nothing."""
    return solution(one) | {"graph": None if facts is None else graph_facts(facts)}


def story(one: Story) -> Json:
    """A solution with its history and its customers."""
    return solution(one.solution) | {
        "timeline": [entry(each) for each in one.timeline],
        "customers": [customer(each) for each in one.customers],
        "graph": None if one.graph is None else graph_facts(one.graph),
    }


def graph_facts(one: GraphFacts) -> Json:
    """What only the Graph API tells of a solution."""
    return {
        "name": one.name,
        "role": one.role,
        "owner_app": app_reference(one.owner_app),
        "owner_permissions": list(one.owner_permissions),
        "partners": [partner(part) for part in one.partners],
        "read_at": clock(one.read_at),
    }


def entry(one: Entry) -> Json:
    """An observation in its place, with what it did."""
    heard = one.observation
    return {
        "at": clock(heard.at),
        "received_at": instant(heard.received_at),
        "source": heard.source,
        "event": heard.event,
        "reported_status": heard.reported_status,
        "effect": one.effect,
        "before": None if one.before is None else say(one.before),
        "after": None if one.after is None else say(one.after),
        "flags": list(one.flags),
        "repeats": heard.repeats,
        "key": heard.key,
        "receipt_id": _id(heard.receipt_id),
    }


def customer(one: CustomerEvent) -> Json:
    """A customer's account was shared or unshared."""
    return {
        "event": one.event,
        "waba_id": one.waba_id,
        "owner_business_id": one.owner_business_id,
        "partner_app_id": one.partner_app_id,
        "solution_partner_business_ids": list(one.solution_partner_business_ids),
        "entry_id": one.entry_id,
        "time": None if one.time is None else clock(one.time),
        "received_at": instant(one.received_at),
        "repeats": one.repeats,
        "receipt_id": str(one.receipt_id),
    }


def observation(one: Observation) -> Json:
    """One thing that was heard, as it stands in the log."""
    return {
        "key": one.key,
        "app": one.app,
        "solution_id": one.solution_id,
        "portfolio_id": one.portfolio_id,
        "event": one.event,
        "reported_status": one.reported_status,
        "time": None if one.time is None else clock(one.time),
        "at": clock(one.at),
        "received_at": instant(one.received_at),
        "last_received_at": instant(one.last_received_at),
        "repeats": one.repeats,
        "source": one.source,
        "flags": list(one.flags),
        "test": one.test,
        "receipt_id": _id(one.receipt_id),
    }


def reading(one: GraphReading) -> Json:
    """A solution as the Graph API told of it."""
    return {
        "solution_id": one.solution_id,
        "name": one.name,
        "status": one.status,
        "pending": one.pending,
        "reported_status": one.reported_status,
        "owner_app": app_reference(one.owner_app),
        "owner_permissions": list(one.owner_permissions),
        "partners": [partner(part) for part in one.partners],
        "read_at": clock(one.read_at),
    }


def reconciled(report: Reconciled) -> Json:
    """What a reconciliation found."""
    return {
        "check": report.check,
        "apps": [{"app": one.app, "read": one.read, "failure": one.failure} for one in report.apps],
        "drift": [drift(one) for one in report.drift],
        "confirmed": [drift(one) for app in report.apps for one in app.confirmed],
        "in_doubt": [{"app": app.app, "solution_id": one} for app in report.apps for one in app.in_doubt],
        "unlisted": [{"app": app.app, "solution_id": one} for app in report.apps for one in app.unlisted],
    }


def drift(one: Drift) -> Json:
    """A solution of which the registry and the Graph API told different things."""
    return {
        "app": one.app,
        "solution_id": one.reading.solution_id,
        "difference": one.difference,
        "thought": thought(one.thought) or None,
        "graph": one.reading.reported_status,
        "missed": list(one.missed),
        "read_at": clock(one.reading.read_at),
    }


def thought(one: Solution | None) -> str:
    """What the registry had, in the webhook's words; empty where it had nothing."""
    if one is None:
        return ""
    return one.reported_status if len(one.could_be) == 1 else " or ".join(say(state) for state in one.could_be)


def partner(one: Partner) -> Json:
    """The invited side of a solution."""
    return {
        "id": one.id,
        "status": one.status,
        "app": app_reference(one.app),
        "permissions": list(one.permissions),
    }


def app_reference(one: AppReference | None) -> Json | None:
    """An app, as the Graph API names it."""
    return None if one is None else {"id": one.id, "name": one.name, "link": one.link}


def receipt(one: Receipt, *, body_kept: bool) -> Json:
    """One POST and what became of each of its changes."""
    return {
        "receipt_id": str(one.id),
        "app": one.app,
        "received_at": instant(one.received_at),
        "body_bytes": one.body_bytes,
        "body_kept": body_kept,
        "flags": list(one.flags),
        "quarantined": one.quarantined,
        "outcomes": [outcome(change) for change in one.outcomes],
    }


def outcome(one: Outcome) -> Json:
    """What became of one change."""
    return {
        "path": one.path,
        "field": one.field,
        "fate": one.fate,
        "key": one.key,
        "entry_id": one.entry_id,
        "reason": one.reason,
    }


def difference(one: Difference) -> Json:
    """A solution whose stored row was not what its log tells."""
    return {
        "app": one.app,
        "solution_id": one.solution_id,
        "changed": list(one.changed),
        "before": None if one.before is None else stored(one.before),
        "after": None if one.after is None else stored(one.after),
    }


def stored(row: Mapping[str, Any]) -> Json:
    """A row of the projection. It may hold anything at all: it is shown because it may be damaged."""
    return {name: _stored_value(name, value) for name, value in row.items()}


def _stored_value(name: str, value: Any) -> Any:
    try:
        match name:
            case "since" | "newest_at":
                return clock(value)
            case "first_seen" | "last_seen":
                return instant(value)
            case "could_be" | "anomalies":
                return value.split()
    except (TypeError, AttributeError, ValueError, OverflowError, OSError):
        return str(value)
    return value if isinstance(value, int) else str(value)


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def target(one: Configured) -> Json:
    """A destination or a forward target, and how it stands."""
    standing, backlog = one.overview.standing, one.overview.backlog
    return {
        "name": one.name,
        "kind": one.kind,
        "where": one.where,
        "filters": one.filters,
        "state": one.state,
        "paused_at": None if standing.paused_at is None else instant(standing.paused_at),
        "paused_reason": standing.paused_reason,
        "failing_since": None if standing.failing_since is None else instant(standing.failing_since),
        "waiting": one.waiting,
        "waiting_bytes": 0 if backlog is None else backlog.bytes,
        "oldest_at": None if backlog is None else instant(backlog.oldest_at),
        "dead": one.overview.dead,
    }


def oldest(one: Configured) -> str:
    """Since when the oldest delivery waits."""
    backlog = one.overview.backlog
    return "" if backlog is None else clock(backlog.oldest_at // MICROSECONDS)


def cargo(one: Listed) -> str:
    """What is delivered."""
    return f"notice {one.notice_id}" if one.notice_id is not None else f"receipt {one.receipt_id}"


def delivery(one: Listed) -> Json:
    """A delivery, without its attempts."""
    return {
        "delivery": str(one.id),
        "target": one.target,
        "notice": None if one.notice_id is None else str(one.notice_id),
        "receipt_id": None if one.receipt_id is None else str(one.receipt_id),
        "fate": one.fate,
        "attempts": one.attempts,
        "created_at": instant(one.created_at),
        "due_at": None if one.due_at is None else instant(one.due_at),
        "settled_at": None if one.settled_at is None else instant(one.settled_at),
    }


def attempt(one: Attempt) -> Json:
    """One attempt to deliver."""
    return {
        "at": instant(one.at),
        "duration_ms": one.duration_us / 1000,
        "reply": one.answer.reply,
        "status": one.answer.status,
        "answer": one.answer.text,
    }


def delivery_story(one: Listed, attempts: Sequence[Attempt], notice: AnyNotice | None) -> Json:
    """A delivery with its attempts, and the notice that it is of."""
    return delivery(one) | {
        "attempts_made": [attempt(each) for each in attempts],
        "document": None if notice is None else dict(document(notice)),
    }


def api_key(one: ApiKey) -> Json:
    """A key, as far as it is known."""
    return {
        "id": one.id,
        "name": one.name,
        "role": one.role,
        "state": key_state(one),
        "created_at": instant(one.created_at),
        "last_used_at": None if one.last_used_at is None else instant(one.last_used_at),
        "revoked_at": None if one.revoked_at is None else instant(one.revoked_at),
    }


def key_state(one: ApiKey) -> str:
    """Whether a key is good for anything."""
    return "good" if one.revoked_at is None else "revoked"


def session(one: Session) -> Json:
    """Somebody who is signed in to the console."""
    return {
        "who": one.who,
        "role": one.role,
        "via": one.via,
        "created_at": instant(one.created_at),
        "last_seen_at": instant(one.last_seen_at),
        "expires_at": instant(one.expires_at),
    }
