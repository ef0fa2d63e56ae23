"""The pass-through: receivers that nobody here wrote believe what we pass on."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from gidgethub import ValidationFailure
from gidgethub.sansio import validate_event
from pywa_async import WhatsApp
from tables import forward, step

from endpoints import Endpoint, Told, listening
from partnerhook.core.compose import headers as signed_headers
from partnerhook.core.compose import php_json
from partnerhook.core.delivery import Fate
from partnerhook.core.signature import sign, verify
from partnerhook.services.outbox import DeliveryFilter, Outbox
from partnerhook.store.engine import open_engine
from running import SECRET, Client, Server, post_bytes, wait_until

Configure = Callable[..., Server]
ESCAPED = 'Grüße an "Zoë" @ café </script> %41 \U0001f600 中'


def message(text: str = ESCAPED, number: int = 1) -> bytes:
    """A person's message, escaped as Meta escapes it."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"profile": {"name": "Zoë"}, "wa_id": "16505551234", "user_id": "US.1"}],
        "messages": [
            {
                "from": "16505551234",
                "from_user_id": "US.1",
                "id": f"wamid.{number}",
                "timestamp": "1749416383",
                "type": "text",
                "text": {"body": text},
            }
        ],
    }
    entry = [{"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}]
    return php_json({"object": "whatsapp_business_account", "entry": entry})


HEADERS = ("Content-Type: application/json", "X-Hub-Signature: sha1=0123", "User-Agent: facebookexternalua")


@contextmanager
def web(app: Any) -> Iterator[str]:
    """Somebody's application, behind a real server."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
        thread.start()
        wait_until(lambda: server.started, "listening")
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def outbox(server: Server) -> Outbox:
    """What people look at."""
    return Outbox(open_engine(f"sqlite:///{server.database}"))


def fates(server: Server) -> list[Fate]:
    """Of all deliveries."""
    return [one.fate for one in outbox(server).find(DeliveryFilter())]


def test_byte_for_byte(configured: Configure, endpoint: Endpoint):
    """Body and the headers that prove it are as they came."""
    server = configured(forward(url=endpoint.url))
    body = message()

    assert server.post(body, headers=HEADERS).status == 200

    (got,) = wait_until(lambda: endpoint.got, "passed on")
    assert got.body == body
    verify(got.body, got.headers["x-hub-signature-256"], [SECRET])
    assert got.headers["x-hub-signature"] == "sha1=0123"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == "facebookexternalua"


@pytest.mark.filterwarnings("ignore")  # pywa's own
def test_pywa_believes_it(configured: Configure):
    """Pywa verifies the signature with the same app secret, and reads the message."""
    heard: list[str] = []
    app = FastAPI()
    client = WhatsApp(
        phone_id="106540352242922", token="t", server=app, verify_token="v", app_secret=SECRET, webhook_endpoint="/pywa"
    )

    @client.on_message
    async def on_message(_: WhatsApp, received: Any) -> None:
        heard.append(received.text)

    with web(app) as url:
        server = configured(forward(url=f"{url}/pywa"))

        server.post(message(), headers=HEADERS)
        wait_until(lambda: heard, "pywa heard it")

    assert heard == [ESCAPED]
    wait_until(lambda: fates(server) == [Fate.DONE], "settled")


@pytest.mark.parametrize("header", ["x-hub-signature-256", "x-hub-signature"])
def test_gidgethub_believes_it(configured: Configure, endpoint: Endpoint, header: str):
    """A receiver of another platform's webhooks, whose signatures have the same form: both headers are right."""
    server = configured(forward(url=endpoint.url))
    body = message()
    headers = [f"{name}: {value}" for name, value in signed_headers(body, SECRET).items()]

    server.post(body, headers=headers, secret=None)

    (got,) = wait_until(lambda: endpoint.got, "passed on")
    validate_event(got.body, signature=got.headers[header], secret=SECRET)
    with pytest.raises(ValidationFailure):
        validate_event(got.body + b" ", signature=got.headers[header], secret=SECRET)


def test_fields(configured: Configure, endpoints: Callable[[], Endpoint]):
    """Each target gets what has one of its fields, and a POST that mixes them goes whole."""
    all_, messages, ours = (endpoints() for _ in range(3))
    server = configured(
        forward("all", url=all_.url),
        forward("messages", url=messages.url, fields=["messages"]),
        forward("ours", url=ours.url, fields=["partner_solutions"]),
    )
    mixed = json.loads(message())
    mixed["entry"] += json.loads(step("77", 0))["entry"]
    bodies = [message(), step("88", 0), php_json(mixed)]

    for body in bodies:
        server.post(body)

    wait_until(lambda: len(all_.got) == 3 and len(messages.got) == 2 and len(ours.got) == 2, "all")
    assert {got.body for got in messages.got} == {bodies[0], bodies[2]}
    assert {got.body for got in ours.got} == {bodies[1], bodies[2]}


def test_its_answer_is_not_ours(configured: Configure, endpoint: Endpoint):
    """Meta is answered 200 whatever the target says; the handshake is not passed on."""
    endpoint.answer = lambda _: Told(500)
    server = configured(forward(url=endpoint.url, retry_first_s=60))

    assert server.post(message()).status == 200
    challenge = f"/webhook?hub.mode=subscribe&hub.verify_token={server.environment['PARTNERHOOK_VERIFY_TOKEN']}"
    assert server.get(f"{challenge}&hub.challenge=7").body == b"7"

    wait_until(lambda: endpoint.got, "an attempt")
    assert len(endpoint.got) == 1


def test_in_the_order_of_their_coming(configured: Configure):
    """With a concurrency of 1, also after the target was away."""
    with listening() as first:
        port = first.port
    server = configured(forward(url=first.url, concurrency=1))
    bodies = [message(number=number) for number in range(30)]
    for body in bodies:
        server.post(body)

    with listening(port) as back:
        wait_until(lambda: len(back.got) == len(bodies), "everything", within_s=30)

    assert [got.body for got in back.got] == bodies


def test_a_full_backlog_is_refused(configured: Configure, endpoint: Endpoint):
    """What only a full target wants stays with Meta; what tells of a solution is taken."""
    endpoint.answer = lambda _: Told(500)
    server = configured(forward(url=endpoint.url, retry_first_s=60, backlog_bytes_max=1024**2))
    big = message("x" * 600_000)

    statuses = [server.post(big).status, server.post(big).status, server.post(message()).status]

    assert statuses == [200, 503, 200]
    assert server.post(message("x" * 500_000)).status == 503
    assert server.post(step("77", 0)).status == 200
    assert outbox(server).overview()["inbox"].backlog is not None


def test_a_full_backlog_drops_the_oldest(configured: Configure, endpoint: Endpoint):
    """Where that is asked for."""
    endpoint.answer = lambda _: Told(500)
    server = configured(
        forward(
            url=endpoint.url,
            retry_first_s=0.01,
            retry_longest_s=0.01,
            backlog_bytes_max=1024**2,
            when_full="drop_oldest",
        )
    )
    server.post(message("x" * 600_000, 1))
    wait_until(lambda: endpoint.got, "an attempt")

    statuses = [server.post(message("x" * 600_000, number)).status for number in range(2, 5)]

    assert statuses == [200] * 3
    wait_until(lambda: fates(server).count(Fate.DEAD) >= 2, "dropped")
    endpoint.answer = lambda _: Told()
    wait_until(lambda: Fate.WAITING not in fates(server), "the rest is passed on")


def test_several_apps_are_told_apart(configured: Configure, endpoint: Endpoint):
    """A target gets the POSTs of the apps that it names, each signed with that app's secret."""
    other = "secret-of-another-app"
    server = configured(
        f'[apps.other]\napp_secret = "{other}"\nverify_token = "v"\n', forward(url=endpoint.url, apps=["other"])
    )

    server.post(message(number=1))
    with Client(server.url) as client:
        body = message(number=2)
        assert client.send(post_bytes(body, path="/webhook/other", secret=other)).answer().status == 200

    (got,) = wait_until(lambda: endpoint.got, "passed on")
    assert got.body == body
    assert got.headers["x-hub-signature-256"] == sign(body, other)


def test_several_apps_need_names(configured: Configure, endpoint: Endpoint):
    """A target that names no app is an error, for it could not verify what it gets."""
    with pytest.raises(AssertionError, match="each app signs with its own secret"):
        configured('[apps.other]\napp_secret = "x"\nverify_token = "v"\n', forward(url=endpoint.url))
