"""Where Meta's documents contradict each other, by number. The keys in brackets are those of docs/sources.md."""

from __future__ import annotations

from typing import Final, NamedTuple


class Contradiction(NamedTuple):
    """What it is about, what each side says, and what is done where no choice of the emulator decides it."""

    about: str
    one: str
    other: str
    handled: str = ""


CONTRADICTIONS: Final = {
    "C1": Contradiction("`entry.time`", "when it was triggered [PS]", "when it was sent [GS]"),
    "C2": Contradiction("a status PENDING", "there is one [MPS]", "there is none [PS, O23]"),
    "C3": Contradiction("who requests a deactivation", "the partner [PS]", "the owner [PS, MPS]"),
    "C4": Contradiction("HTTP statuses of errors", "401, 403, 404, 422, 429 [O23]", "400 for nearly all, as is seen"),
    "C5": Contradiction("who rejects, and with what", "the partner, no body [MPS]", "the owner, `request_type` [O23]"),
    "C6": Contradiction("who may send a deactivation request", "the owner [MPS]", "any partner [O23]"),
    "C7": Contradiction(
        "who answers it", "the owner, in one sentence [MPS]", "the other partner [MPS, O23]", "whoever did not ask"
    ),
    "C8": Contradiction(
        "the edge with a token's apps",
        "`/me/assigned_applications` [EMB]",
        "`/me/application_details` [EMB]",
        "both are served",
    ),
    "C9": Contradiction("permissions", "MESSAGING alone [O23]", "ten [SDK]", "all ten are taken"),
    "C10": Contradiction("MESSAGING", "exactly one side has it [O23]", "both, in a sample [EMB]"),
    "C11": Contradiction(
        "pending request of a draft", "PENDING_ACTIVATION, in a sample [O23]", "NONE, in others [O25]"
    ),
    "C12": Contradiction("bodies of accept and of the rejections", "required [O23]", "there are none [O25, MPS]"),
    "C13": Contradiction("deactivation of a request that waits", "no [MPS]", "yes [O23]"),
    "C14": Contradiction(
        "where PENDING_DEACTIVATION stands",
        "in `status` [O23]; in `solution_status` [PS]",
        "in `status_for_pending_request` [O23, O25]",
        "Graph: the pending field; webhook: `solution_status`",
    ),
    "C15": Contradiction("answer to accept and to the deactivations", '`{"success": true}` [MPS]', "an object [O23]"),
    "C16": Contradiction("answer with a customer's token", "a list `data` [MPS]", "`access_token`, `expires_at` [O23]"),
    "C17": Contradiction("escapes in bodies", "`@`, `%`, `<` too, in old texts", "no word of it [GS]"),
    "C18": Contradiction("how long Meta retries", "7 days [WH-OV, TP]", "36 hours [WH-EP, GS]"),
    "C19": Contradiction("unpublished apps", "get tests alone, says the dashboard", "get more, say users"),
    "C20": Contradiction("answer to a subscription", 'the text `"true"` [SUB]', "true, as is seen"),
    "C21": Contradiction("`entry.id` of `account_update`", "a WABA's, by its syntax [AU]", "a portfolio's [AU]"),
    "C22": Contradiction("rate limit of WhatsApp management", "80008 [RL]", "80007, in older texts"),
}
