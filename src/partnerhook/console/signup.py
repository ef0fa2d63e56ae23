"""What a website has to call so that a customer is onboarded through a solution: Embedded Signup's `FB.login`.

Sources: the Multi-Partner Solutions guide for `extras.setup.solutionID`
(https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/multi-partner-solutions),
and the Embedded Signup implementation page for the call around it
(https://developers.facebook.com/documentation/business-messaging/whatsapp/embedded-signup/implementation), both read
2026-06. What its version of Embedded Signup needs besides, and how the SDK is loaded, that page says.
"""

from __future__ import annotations

import json
from typing import Final

SNIPPET: Final = """\
// After FB.init({ appId: %(app_id)s, ... })
FB.login(onSignup, {
  config_id: "YOUR_CONFIGURATION_ID",
  response_type: "code",
  override_default_response_type: true,
  extras: {
    setup: {
      solutionID: %(solution_id)s,
    },
  },
});
"""


def snippet(solution_id: str, app_id: str) -> str:
    """The call, ready to be pasted. Ids are texts: JavaScript's numbers are too short for them."""
    return SNIPPET % {"solution_id": json.dumps(solution_id), "app_id": json.dumps(app_id or "YOUR_APP_ID")}
