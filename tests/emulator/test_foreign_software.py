"""Software that nobody here wrote works against the box: Meta's own SDK for Python, and pywa's webhook."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import uvicorn
from boxed import Boxed
from facebook_business.adobjects.application import Application
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from fastapi import FastAPI
from pywa_async import WhatsApp
from pywa_async.types import Message, RawUpdate

from partnerhook.core.compose import headers
from partnerhook.emulator.outbox import Change, body
from partnerhook.emulator.world import App
from running import SECRET, VERIFY_TOKEN, wait_until

MESSAGE: dict[str, Any] = {
    "messaging_product": "whatsapp",
    "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
    "contacts": [{"profile": {"name": "Sheena Nelson"}, "wa_id": "16505551234", "user_id": "US.1"}],
    "messages": [
        {
            "from": "16505551234",
            "id": "wamid.EXAMPLE",
            "timestamp": "1749416383",
            "type": "text",
            "text": {"body": "Does it come in another colour? 10 % off @ <home>/ü"},
        }
    ],
}
"""Meta's example of the field `messages`; its text has what is escaped on the wire, and pywa wants a `user_id`."""


@pytest.fixture
def sdk(boxed: Boxed) -> Iterator[Callable[[App], Application]]:
    """An app as Meta's SDK has it, with its proof of the app secret in each call; at the box instead of Meta."""
    with contextlib.ExitStack() as sessions:

        def application(app: App) -> Application:
            session = FacebookSession(app_id=app.id, app_secret=app.secret, access_token=app.access_token)
            sessions.callback(session.requests.close)
            session.requests.trust_env = False
            session.GRAPH = boxed.url
            return Application(fbid=app.id, api=FacebookAdsApi(session))

        yield application


def test_meta_s_sdk_creates_a_solution(boxed: Boxed, sdk: Callable[[App], Application]):
    """With its method for it, which sends a form; also where the app requires the proof."""
    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"proof_required": True})

    sdk(boxed.owner).create_whats_app_business_solution(
        params={
            "solution_name": "From the SDK",
            "partner_app_id": boxed.partner.id,
            "owner_permissions": [Application.OwnerPermissions.messaging],
            "partner_permissions": [Application.PartnerPermissions.manage_templates],
        }
    )

    (solution,) = boxed.box.world.solutions.values()
    assert (solution.name, solution.word) == ("From the SDK", "INITIATED")
    assert solution.owner_permissions == ["MESSAGING"]
    assert solution.partnership.permissions == ["MANAGE_TEMPLATES"]


@pytest.mark.filterwarnings("ignore:whatsapp_business_solutions does not allow field:UserWarning")
def test_meta_s_sdk_lists_solutions(boxed: Boxed, sdk: Callable[[App], Application]):
    """Page by page, of one role, with the fields that are asked for; it knows the edge, but not that it has fields."""
    made = [boxed.create(f"Number {number}") for number in range(5)]
    boxed.act(made[1], "accept")

    cursor = sdk(boxed.partner).get_whats_app_business_solutions(
        fields=["name", "status", "partners"], params={"role": "PARTNER", "limit": 2}
    )
    listed = [dict(one) for one in cursor]

    assert [one["id"] for one in listed] == made
    assert [one["status"] for one in listed] == ["INITIATED", "ACTIVE", "INITIATED", "INITIATED", "INITIATED"]
    assert listed[0]["partners"]["data"][0]["partner_app"]["id"] == boxed.partner.id
    assert list(sdk(boxed.partner).get_whats_app_business_solutions(params={"role": "OWNER"})) == []


def test_meta_s_sdk_acts_and_understands_refusals(boxed: Boxed, sdk: Callable[[App], Application]):
    """It has no method for an acceptance, but calls; what the box refuses is an error of the SDK's own."""
    solution_id = boxed.create()
    api = sdk(boxed.partner).get_api_assured()

    answer = api.call("POST", (solution_id, "accept"))
    with pytest.raises(FacebookRequestError) as refused:
        api.call("POST", (solution_id, "accept"))

    assert answer.json() == {"success": True}
    assert (refused.value.http_status(), refused.value.api_error_code()) == (400, 100)
    assert refused.value.api_error_type() == "GraphMethodException"
    assert refused.value.api_error_subcode() == 2207051


class Bot:
    """A bot with pywa's webhook, served by uvicorn; it keeps what comes."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.messages: list[str] = []
        self._app = FastAPI()
        whatsapp = WhatsApp(
            phone_id="106540352242922",
            token="a token of nobody",
            server=self._app,
            webhook_endpoint="/hook",
            verify_token=VERIFY_TOKEN,
            app_secret=SECRET,
            validate_updates=True,
            filter_updates=False,
        )
        whatsapp.on_raw_update(self._on_update)
        whatsapp.on_message(self._on_message)

    async def _on_update(self, _whatsapp: WhatsApp, update: RawUpdate) -> None:
        self.updates.append(dict(update))

    async def _on_message(self, _whatsapp: WhatsApp, message: Message) -> None:
        self.messages.append(message.text or "")

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """The callback URL."""
        config = uvicorn.Config(self._app, port=0, log_config=None, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
        thread.start()
        wait_until(lambda: server.started, "the bot listens")
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def bot() -> Bot:
    """A bot that knows an app's secret."""
    return Bot()


@pytest.fixture
def hook(bot: Bot) -> Iterator[str]:
    """Where it listens."""
    with bot.served() as url:
        yield url


@pytest.fixture
def listening(boxed: Boxed, hook: str) -> httpx2.Response:
    """What Meta answers when the owner's app is subscribed to it."""
    boxed.owner.secret = SECRET
    form = {
        "object": "whatsapp_business_account",
        "callback_url": hook,
        "verify_token": VERIFY_TOKEN,
        "fields": "partner_solutions,messages",
        "access_token": boxed.owner.app_token,
    }
    return boxed.client.post(f"/{boxed.owner.id}/subscriptions", data=form)


def test_pywa_passes_the_handshake(listening: httpx2.Response):
    """It is what the box believes a callback by."""
    assert listening.json() == {"success": True}


def test_pywa_fails_the_handshake_with_another_token(boxed: Boxed, hook: str):
    """Meta's words for its 403."""
    form = {
        "object": "whatsapp_business_account",
        "callback_url": hook,
        "verify_token": "another",
        "fields": "messages",
        "access_token": boxed.owner.app_token,
    }

    answer = boxed.client.post(f"/{boxed.owner.id}/subscriptions", data=form)

    assert answer.json()["error"]["message"].endswith("HTTP Status Code = 403; HTTP Message = Forbidden")


@pytest.mark.usefixtures("listening")
def test_pywa_takes_a_webhook_of_solutions(boxed: Boxed, bot: Bot):
    """Its check of the signature lets it through; it has no name for the field, and hands it on as it is."""
    solution_id = boxed.create()
    (attempt,) = boxed.settle()

    assert (attempt["status"], attempt["delivered"]) == (200, True)
    (update,) = wait_until(lambda: bot.updates, "the bot has it")
    assert update["entry"][0]["id"] == boxed.owner.portfolio_id
    assert update["entry"][0]["changes"][0]["value"]["solution_id"] == solution_id


@pytest.mark.usefixtures("listening")
def test_pywa_refuses_a_forgery(boxed: Boxed, bot: Bot):
    """A signature of another secret: 403 until it is given up."""
    boxed.owner.secret = "another secret"
    boxed.create()
    attempts = boxed.settle()

    assert {attempt["status"] for attempt in attempts} == {403}
    assert boxed.control("GET", "/")["given_up"] == 1
    assert bot.updates == []


@pytest.mark.parametrize("escape_more", [False, True])
def test_pywa_reads_what_is_escaped_as_php_does(bot: Bot, hook: str, *, escape_more: bool):
    """The raw bytes are signed, so escapes are no trouble; the message is read as it was written."""
    raw = body(
        [Change(entry_id="102290129340398", time=1_749_416_383, field="messages", value=MESSAGE)],
        escape_more=escape_more,
    )

    answer = httpx2.post(hook, content=raw, headers=headers(raw, SECRET), trust_env=False)

    assert answer.status_code == 200
    assert wait_until(lambda: bot.messages, "the bot has it") == [MESSAGE["messages"][0]["text"]["body"]]
