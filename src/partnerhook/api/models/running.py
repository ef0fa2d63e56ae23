"""How it runs: apps, the doctor, reconciliations; and who uses it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from partnerhook.api.models.answer import Answer, Asked
from partnerhook.api.parameters import PLAIN
from partnerhook.core.access import Role
from partnerhook.services.doctor.findings import Verdict
from partnerhook.services.reconcile_runs import RunState


class App(Answer):
    """A configured Meta app, without its secrets."""

    app: str
    app_id: str
    path: str
    callback_url: str = Field(description="As Meta sees it; empty where `public_url` is not set.")
    app_secrets: int = Field(description="How many app secrets are believed now.")
    receives: bool = Field(description="Its secret and its verify token are set.")
    asks_graph: bool = Field(description="Its app id and its access token are set.")


class Finding(Answer):
    """One thing that was looked at."""

    about: str
    verdict: Verdict
    said: str
    remedy: str
    app: str


class Looked(Answer):
    """What the doctor found."""

    looked_at: str | None
    under_way: bool = Field(description="It still looks; ask again.")
    findings: list[Finding]


class Begin(Asked):
    """What to compare with the Graph API."""

    app: Annotated[str | None, Field(pattern=PLAIN, max_length=200, description="Only this one.")] = None
    check: Annotated[bool, Field(description="Report differences, and repair nothing.")] = False


class Reconciliation(Answer):
    """A reconciliation that somebody began, and how far it has come."""

    reconciliation: str
    state: RunState
    app: str = Field(description="Only this one; empty: all.")
    check: bool
    asked_at: str
    asked_by: str
    done: int = Field(description="Solutions read so far.")
    total: int = Field(description="As many were known when it began.")
    ended_at: str | None
    failure: str


class ShownReconciliation(Reconciliation):
    """One with its report."""

    report: dict[str, Any] | None = Field(
        description="As `partnerhook reconcile --format json` has it, each list cut after 1,000; `counts` has all."
    )


class Key(Answer):
    """A key, as far as it is known."""

    id: str
    name: str
    role: Role
    state: str
    created_at: str
    last_used_at: str | None
    revoked_at: str | None


class Session(Answer):
    """Somebody who is signed in to the console."""

    who: str
    role: Role
    via: str
    created_at: str
    last_seen_at: str
    expires_at: str


class AuditEntry(Answer):
    """Something that somebody did."""

    entry: str
    at: str
    who: str
    role: Role
    via: str
    address: str
    action: str
    subject: str
    details: dict[str, Any]
    outcome: str = Field(description="`begun`, `done`, or why it was not done.")
    ended_at: str | None
