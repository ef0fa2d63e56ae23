"""Bodies as Meta documents them, or as they were seen (2026-06-17)."""

from __future__ import annotations

from typing import Any

GUIDE_DETAILS: dict[str, Any] = {
    "name": "Social OVD with Lucky Shrub",
    "status": "ACTIVE",
    "partners": {
        "data": [
            {
                "partner_app": {
                    "link": "https://www.socialoverdrive.com/",
                    "name": "Social Overdrive",
                    "id": "637576208107267",
                },
                "status": "ACCEPTED",
                "id": "17602267745704",
            }
        ],
        "paging": {"cursors": {"before": "QVFI...", "after": "QVFI..."}},
    },
    "id": "17602267745700",
}

GUIDE_LIST: dict[str, Any] = {
    "data": [
        {
            "name": "Social OVD with Lucky Shrub",
            "status": "INITIATED",
            "status_for_pending_request": "PENDING_ACTIVATION",
            "id": "19702253086782",
        },
        {
            "name": "Social OVD with Social Brew",
            "status": "ACTIVE",
            "status_for_pending_request": "NONE",
            "id": "17602267745700",
        },
    ],
    "paging": {"cursors": {"before": "QVFI...", "after": "QVFI..."}},
}

EMPTY_LIST: dict[str, Any] = {"data": [], "paging": {"cursors": {}}}

OPENAPI_NODE: dict[str, Any] = {
    "id": "12345678901234567",
    "name": "Sample Business Solution Partnership",
    "status": "DEACTIVATED",
    "status_for_pending_request": "NONE",
    "owner_permissions": ["DEVELOP", "MANAGE"],
}

DONE: dict[str, Any] = {
    "guide": {"success": True},
    "subscriptions edge": {"success": "true"},
    "bare": True,
    "bare word": "true",
    "v23.0 accept": {
        "solution_id": "1234567890123456",
        "partner_status": "ACCEPTED",
        "success": True,
        "message": "Solution partnership accepted successfully",
        "update_time": "2024-01-15T10:30:00Z",
    },
    "v23.0 reject": {
        "success": True,
        "solution_id": "1234567890123456",
        "rejected_request_type": "PARTNERSHIP_REQUEST",
        "rejection_timestamp": "2024-01-15T10:30:00Z",
        "partner_app_id": "9876543210987654",
    },
    "v23.0 deactivation request": {
        "success": True,
        "message": "Deactivation request submitted successfully",
        "request_id": "deactivation_req_1234567890",
    },
    "the solution": OPENAPI_NODE,
}

TRACE = "AXsgnV2Cm3ZMGF3dF_cfYIn"


def error(
    message: str = "An error", kind: str = "OAuthException", code: int | None = 100, **more: Any
) -> dict[str, Any]:
    """An error envelope."""
    numbered = {} if code is None else {"code": code}
    return {"error": {"message": message, "type": kind, **numbered, "fbtrace_id": TRACE, **more}}


RATE_LIMIT = error("Application request limit reached", code=4, error_subcode=2446079, is_transient=True)
DENIED = error(
    "Your app doesn't have permission to access this Multi-Partner Solution",
    code=200,
    error_subcode=1349174,
    error_user_title="Permission Denied",
    error_user_msg="Your app doesn't have permission to access this resource",
)
UNEXPECTED = error(
    "An unexpected error occurred. Please retry your request", "GraphMethodException", 2, is_transient=True
)
NOT_VISIBLE = error(
    "Unsupported get request. Object with ID '1' does not exist, cannot be loaded due to missing permissions, or does"
    " not support this operation",
    "GraphMethodException",
    error_subcode=33,
)
WRONG_STATE = error(
    "Solution cannot be accepted: solution is not in INITIATED status", "GraphMethodException", error_subcode=2207051
)
CALLBACK_FAILED = error(
    "(#2200) Callback verification failed with the following errors: HTTP Status Code = 404; HTTP Message = Not Found",
    code=2200,
)
