"""Meta's callback in a FastAPI application. Run it with `uvicorn fastapi_app:app`."""

from __future__ import annotations

import os

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

import partnerhook

APP_SECRET = os.environ["APP_SECRET"]
VERIFY_TOKEN = os.environ["VERIFY_TOKEN"]

app = FastAPI()


@app.exception_handler(partnerhook.PartnerhookError)
async def refuse(_request: Request, problem: partnerhook.PartnerhookError) -> PlainTextResponse:
    """401 without a right signature, 403 without the verify token."""
    return PlainTextResponse(str(problem), problem.http_status_hint)


@app.get("/webhook")
async def handshake(request: Request) -> PlainTextResponse:
    """Meta's verification request."""
    return PlainTextResponse(partnerhook.answer_handshake(request.url.query, VERIFY_TOKEN))


@app.post("/webhook")
async def webhook(request: Request) -> PlainTextResponse:
    """What Meta has to say: the raw body, never parsed and written again."""
    envelope = partnerhook.receive(await request.body(), request.headers.get("x-hub-signature-256"), APP_SECRET)
    for update in envelope.solution_updates:
        print(update.solution_id, update.state.status, update.state.pending, update.state.usable)  # store it instead
    return PlainTextResponse("")
