"""How a refusal looks on the wire: the error envelope and its HTTP status, per profile.

Sources: errors of the OpenAPI v23.0; the error handling guide; what is seen in the wild (HTTP 400 for
nearly all, and one answer for what is not there and what is not yours). Read 2026-06-17. Where no code is
documented (a wrong state, the MESSAGING rule), it is 100 with a subcode of our own.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from partnerhook.core.names import DRAFT
from partnerhook.emulator.refusals import Refusal, Refused
from partnerhook.emulator.rules import Profile, Rules

OAUTH: Final = "OAuthException"
METHOD: Final = "GraphMethodException"

WRONG_STATE_SUBCODE: Final = 2207051
"""Documented for an acceptance in a wrong state; ours for all others."""

MESSAGING_SUBCODE: Final = 2207052
"""Our own: no subcode is documented."""


class Problem(NamedTuple):
    """An error on the wire."""

    http_status: int
    type: str
    code: int
    message: str
    subcode: int | None = None
    transient: bool = False
    user_title: str = ""
    user_message: str = ""

    def envelope(self, trace_id: str) -> dict[str, Any]:
        """Its JSON."""
        error: dict[str, Any] = {"message": self.message, "type": self.type, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient:
            error["is_transient"] = True
        if self.user_title:
            error |= {"error_user_title": self.user_title, "error_user_msg": self.user_message}
        return {"error": error | {"fbtrace_id": trace_id}}


def problem(refused: Refused, rules: Rules, method: str = "GET") -> Problem:  # noqa: PLR0912 - a row for each kind
    """The error for a refusal."""
    openapi = rules.profile is Profile.OPENAPI
    about = refused.about
    match refused.kind:
        case Refusal.TOKEN_MISSING:
            return Problem(
                401 if openapi else 400,
                OAUTH,
                104 if not openapi else 190,
                "An access token is required to request this resource.",
            )
        case Refusal.TOKEN_INVALID:
            if openapi:
                return Problem(401, OAUTH, 190, "Invalid OAuth access token", 463)
            return Problem(401, OAUTH, 190, "Invalid OAuth access token - Cannot parse access token")
        case Refusal.TOKEN_EXPIRED:
            message = "Invalid OAuth access token" if openapi else "Error validating access token: Session has expired."
            return Problem(401, OAUTH, 190, message, 463)
        case Refusal.APP_TOKEN_WANTED:
            return Problem(400, OAUTH, 100, "(#100) This method must be called with an app access_token.")
        case Refusal.PROOF_MISSING:
            return Problem(400, METHOD, 100, "API calls from the server require an appsecret_proof argument")
        case Refusal.PROOF_INVALID:
            return Problem(400, METHOD, 100, "Invalid appsecret_proof provided in the API argument")
        case Refusal.PERMISSION_MISSING:
            message = f"(#10) Application does not have permission for this action: it needs {about}"
            return Problem(403, OAUTH, 200 if openapi else 10, message)
        case Refusal.BAD_ID:
            if openapi:
                return Problem(400, OAUTH, 100, f"Invalid parameter: {about} must be a valid numeric string")
            if about == "solution_id":
                return _not_there(about, method)
            return Problem(400, OAUTH, 100, f"(#100) Param {about} must be a valid numeric string")
        case Refusal.BAD_PARAMETER | Refusal.FIELD_UNKNOWN:
            if openapi and refused.kind is Refusal.FIELD_UNKNOWN:
                return Problem(422, METHOD, 100, "The requested fields are not available for this solution")
            return Problem(400, OAUTH, 100, f"(#100) {about}")
        case Refusal.NOT_FOUND:
            return (
                Problem(404, METHOD, 803, "Multi-Partner Solution not found") if openapi else _not_there(about, method)
            )
        case Refusal.NOT_YOURS:
            return _denied(1349174, about) if openapi else _not_there(about, method)
        case Refusal.NOT_INVITED:
            return _denied(1349175, about) if openapi else _not_there(about, method)
        case Refusal.WRONG_PARTY:
            if openapi:
                return _denied(1349175 if about == "accept" else 1349174, about)
            return Problem(403, OAUTH, 200, f"(#200) Your app may not {about} for this Multi-Partner Solution")
        case Refusal.WRONG_STATE:
            return _wrong_state(refused, openapi=openapi)
        case Refusal.MESSAGING:
            return Problem(422 if openapi else 400, METHOD, 100, f"(#100) {about}", MESSAGING_SUBCODE)
        case Refusal.CALLBACK_FAILED:
            message = f"(#2200) Callback verification failed with the following errors: {about}"
            return Problem(400, OAUTH, 2200, message)
        case Refusal.RATE_LIMITED:
            return _rate_limited(rules.rate_code, openapi=openapi)
        case Refusal.METHOD_UNKNOWN:
            return Problem(400, METHOD, 100, f"Unsupported {method.lower()} request.", 33)
        case Refusal.UNKNOWN_PATH:
            return Problem(400, OAUTH, 2500, f"Unknown path components: /{about}")
        case Refusal.UNEXPECTED:
            return Problem(500, METHOD, 2, "An unexpected error occurred. Please retry your request", transient=True)


def _not_there(node_id: str, method: str) -> Problem:
    """What is not there and what is not yours cannot be told apart."""
    return Problem(
        400,
        METHOD,
        100,
        f"Unsupported {method.lower()} request. Object with ID '{node_id}' does not exist, cannot be loaded due to"
        " missing permissions, or does not support this operation",
        33,
    )


def _denied(subcode: int, _about: str) -> Problem:
    if subcode == 1349175:
        return Problem(
            403,
            OAUTH,
            200,
            "Your app is not invited to participate in this Multi-Partner Solution",
            subcode,
            user_title="Permission Denied",
            user_message="Your app doesn't have permission to accept this solution invitation",
        )
    return Problem(
        403,
        OAUTH,
        200,
        "Your app doesn't have permission to access this Multi-Partner Solution",
        subcode,
        user_title="Permission Denied",
        user_message="Your app doesn't have permission to access this resource",
    )


def _wrong_state(refused: Refused, *, openapi: bool) -> Problem:
    if refused.about == "accept":
        message = "Solution cannot be accepted: solution is not in INITIATED status"
    else:
        word = refused.solution.word if refused.solution is not None else DRAFT.status
        message = f"Cannot {refused.about}: the solution is {word}"
    return Problem(
        422 if openapi else 400, METHOD, 100, message if openapi else f"(#100) {message}", WRONG_STATE_SUBCODE
    )


def _rate_limited(code: int, *, openapi: bool) -> Problem:
    if openapi:
        return Problem(429, OAUTH, 4, "Application request limit reached", 2446079, transient=True)
    if code == 4:
        return Problem(400, OAUTH, 4, "(#4) Application request limit reached", transient=True)
    message = f"(#{code}) There have been too many calls to this WhatsApp Business account. Wait a bit and try again."
    return Problem(400, OAUTH, code, message, transient=True)
