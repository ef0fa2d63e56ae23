"""What Meta's own documents contradict each other in, or leave open: each choice by name.

`guide` is what the hand-written guide and practice show, `openapi` what the published OpenAPI v23.0
says. docs/emulator.md is made of these texts; the numbers (C3 ...) are those of its table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

DAY_S: Final = 86_400
HOUR_S: Final = 3_600


class Profile(StrEnum):
    """Which of the sources is followed where they differ."""

    GUIDE = "guide"
    OPENAPI = "openapi"


Choice = Annotated[str, "a contradiction's number, or `open` where Meta's documents are silent"]


def _choice(default: Any, contradiction: Choice, text: str, **bounds: Any) -> Any:
    return Field(default, description=text, json_schema_extra={"contradiction": contradiction}, **bounds)


class Rules(BaseModel):
    """Every choice. Frozen: changed as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=False)

    profile: Profile = _choice(Profile.GUIDE, "C4", "HTTP statuses, error codes, and whether answers are rich.")
    deactivation_by: Literal["owner", "either"] = _choice(
        "owner", "C3, C6", "Who may request a deactivation. The other party answers it."
    )
    deactivation_from_initiated: bool = _choice(
        default=False,
        contradiction="C13",
        text="Whether a deactivation can be requested before the partner accepted; the solution then ends at once.",
    )
    reject_by: Literal["partner", "owner", "either"] = _choice("partner", "C5", "Who may reject a request.")
    bodies_required: bool = _choice(
        default=False, contradiction="C12", text="Whether accept and the two rejects want their parameters."
    )
    rich_answers: bool = _choice(
        default=False,
        contradiction="C15, C16",
        text='Whether actions answer with objects of their own, instead of {"success": true}.',
    )
    messaging: Literal["exactly_one", "any"] = _choice(
        "exactly_one", "C10", "Which sides may have the permission MESSAGING."
    )
    draft_pending: Literal["NONE", "PENDING_ACTIVATION"] = _choice(
        "NONE", "C11", "What status_for_pending_request of a draft says."
    )
    initiated_word: Literal["INITIATED", "PENDING"] = _choice(
        "INITIATED", "C2", "The webhook's word for a request that waits for its answer."
    )
    draft_sent_event: Literal["SOLUTION_CREATED", "SOLUTION_UPDATED"] = _choice(
        "SOLUTION_UPDATED", "open", "The webhook's event where a draft is sent."
    )
    decline_webhook: Literal["none", "active"] = _choice(
        "active", "open", "What a declined deactivation sends: nothing, or SOLUTION_UPDATED with ACTIVE."
    )
    rename_webhook: bool = _choice(
        default=True, contradiction="open", text="Whether a new name sends SOLUTION_UPDATED with the unchanged status."
    )
    heard_by: Literal["both", "counterparty"] = _choice(
        "both", "open", "Whose apps hear of a change: both parties', or only those of the party that did not act."
    )
    delivered: Literal["200", "2xx"] = _choice("200", "open", "Which answers count as delivered.")
    retry_time: Literal["same", "new"] = _choice("same", "C1", "Whether a retry carries a new `time`.")
    retry_window_s: float = _choice(
        7.0 * DAY_S, "C18", "How long a webhook is sent again, in seconds: 604800 (7 days) or 129600 (36 hours).", gt=0
    )
    unpublished_hears: bool = _choice(
        default=False, contradiction="C19", text="Whether an unpublished app gets more than the dashboard's tests."
    )
    subscribed_answer: Literal["boolean", "string"] = _choice(
        "boolean", "C20", 'Whether a subscription answers {"success": true} or {"success": "true"}.'
    )
    account_update_entry: Literal["portfolio", "waba"] = _choice(
        "portfolio", "C21", "Whose id is entry.id of account_update's PARTNER_* events."
    )
    rate_code: Literal[4, 80008, 80007] = _choice(4, "C22", "The error code of a call that came too often.")
    read_timeout_s: float = _choice(
        10.0, "open", "Seconds (of the real clock) that a callback has for its answer.", gt=0, le=60
    )
    test_time: bool = _choice(default=False, contradiction="open", text="Whether the dashboard's test carries a time.")
    escape_more: bool = _choice(
        default=False, contradiction="C17", text="Whether @, % and < are escaped in bodies, as an old page says."
    )

    def changed(self, changes: dict[str, Any]) -> Rules:
        """These rules with other choices; checked. Raises pydantic's ValidationError."""
        return Rules.model_validate(self.model_dump() | changes)


GUIDE: Final = Rules()
OPENAPI: Final = Rules(
    profile=Profile.OPENAPI,
    deactivation_by="either",
    deactivation_from_initiated=True,
    reject_by="owner",
    bodies_required=True,
    rich_answers=True,
)
PROFILES: Final = {Profile.GUIDE: GUIDE, Profile.OPENAPI: OPENAPI}


def contradiction_of(name: str) -> str:
    """The number of the contradiction that a choice decides."""
    extra = Rules.model_fields[name].json_schema_extra
    return str(extra["contradiction"]) if isinstance(extra, dict) else ""
