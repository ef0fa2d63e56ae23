"""(b) pywa's own webhook for FastAPI, signature check on. It stores nothing.

pywa answers 200 once the signature is right and looks at the update afterwards, in a background
task. It has no handler for `partner_solutions`: its loop parses the JSON, notes the update's hash in
memory and lets it go. `pywa_async` is the faster half of the package: the other one runs each
background task in a thread.
"""

from __future__ import annotations

import os

from fastapi import FastAPI
from pywa_async.client import WhatsApp

app = FastAPI()
# No `callback_url`, so that pywa has nothing to register with anybody over the network.
whatsapp = WhatsApp(
    phone_id="106540352242922",
    token="none",
    server=app,
    webhook_endpoint="/webhook",
    verify_token="bench",
    app_secret=os.environ["BENCH_APP_SECRET"],
    validate_updates=True,
    filter_updates=False,
)
