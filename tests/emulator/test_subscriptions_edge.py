"""Subscribing an app at the box: Meta asks the callback first, and says what was wrong with its answer."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from boxed import Boxed, bearer, error_of
from callbacks import VERIFY_TOKEN, Callback, Came, echo

FAILED = "(#2200) Callback verification failed with the following errors: "


def subscribed(boxed: Boxed) -> list[dict[str, Any]]:
    """What the owner's app is subscribed to."""
    answer = boxed.client.get(f"/{boxed.owner.id}/subscriptions", headers=bearer(boxed.owner.app_token))
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def test_the_handshake(boxed: Boxed, callback: Callback):
    """One GET with the mode, the token as it was given, and a challenge of digits; other parameters are kept."""
    answer = boxed.subscribe(boxed.owner, callback, callback_url=f"{callback.url}?tenant=7")

    assert answer.json() == {"success": True}
    (came,) = callback.came
    assert came.method == "GET"
    assert came.query.pop("hub.challenge").isdigit()
    assert came.query | {"hub.challenge": ""} == {
        "tenant": "7",
        "hub.mode": "subscribe",
        "hub.verify_token": VERIFY_TOKEN,
        "hub.challenge": "",
    }
    assert not [name for name in came.headers if name.startswith("x-hub")]


def test_what_is_subscribed(boxed: Boxed, callback: Callback):
    """As the edge tells it: one object, active, each field with a version; nothing before and after."""
    assert subscribed(boxed) == []
    boxed.subscribe(boxed.owner, callback, "partner_solutions", "messages")

    (told,) = subscribed(boxed)
    assert (told["object"], told["callback_url"], told["active"]) == ("whatsapp_business_account", callback.url, True)
    assert [field["name"] for field in told["fields"]] == ["partner_solutions", "messages"]


def test_fields_may_be_json(boxed: Boxed, callback: Callback):
    """Or separated by commas; a new list takes the place of the old one."""
    boxed.subscribe(boxed.owner, callback, "messages")
    boxed.subscribe(boxed.owner, callback, fields='["partner_solutions", "account_update"]')

    assert [field["name"] for field in subscribed(boxed)[0]["fields"]] == ["partner_solutions", "account_update"]


def test_a_subscription_is_taken_back_in_part_or_as_a_whole(boxed: Boxed, callback: Callback):
    """A field, then all; the last field takes the subscription with it."""
    path, header = f"/{boxed.owner.id}/subscriptions", bearer(boxed.owner.app_token)
    boxed.subscribe(boxed.owner, callback, "partner_solutions", "account_update")

    some = boxed.client.delete(path, headers=header, params={"fields": "account_update"})
    assert some.json() == {"success": True}
    assert [field["name"] for field in subscribed(boxed)[0]["fields"]] == ["partner_solutions"]
    boxed.client.delete(path, headers=header, params={"fields": "partner_solutions"})
    assert subscribed(boxed) == []

    boxed.subscribe(boxed.owner, callback)
    assert boxed.client.delete(path, headers=header).json() == {"success": True}
    assert subscribed(boxed) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, b"OK"), 'Response does not match challenge, expected value="'),
        ((200, b"<html>\nWelcome</html>"), 'received="<html> Welcome</html>"'),
        ((200, b""), 'received=""'),
        ((403, b"Forbidden"), "HTTP Status Code = 403; HTTP Message = Forbidden"),
        ((404, b""), "HTTP Status Code = 404; HTTP Message = Not Found"),
        ((301, b""), "HTTP Status Code = 301; HTTP Message = Moved Permanently"),
        ((204, b""), "HTTP Status Code = 204; HTTP Message = No Content"),
        ((599, b""), "HTTP Status Code = 599; HTTP Message = Unknown"),
        ((0, b""), "curl_errno = 56; curl_error = Failure when receiving data; HTTP Status Code = 0"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_answer_that_is_not_the_challenge(boxed: Boxed, callback: Callback, answer: tuple[int, bytes], said: str):
    """Error 2200 with Meta's words for it, and nothing is subscribed."""
    callback.answer = lambda _came: answer

    refused = boxed.subscribe(boxed.owner, callback)

    error = error_of(refused)
    assert (refused.status_code, error["code"], error["type"]) == (400, 2200, "OAuthException")
    assert error["message"].startswith(FAILED)
    assert said in error["message"]
    assert subscribed(boxed) == []


@pytest.mark.parametrize("around", [b" %s", b"%s\n", b'"%s"'])
def test_the_challenge_stands_alone(boxed: Boxed, callback: Callback, around: bytes):
    """A space, a line's end or quotes around it spoil it."""
    callback.answer = lambda came: (200, around.replace(b"%s", came.query["hub.challenge"].encode()))

    assert error_of(boxed.subscribe(boxed.owner, callback))["code"] == 2200


def test_the_wrong_verify_token(boxed: Boxed, callback: Callback):
    """The callback says so, and Meta says what it said."""
    refused = boxed.subscribe(boxed.owner, callback, verify_token="another")

    assert error_of(refused)["message"] == f"{FAILED}HTTP Status Code = 403; HTTP Message = Forbidden"


def test_a_callback_that_is_too_slow(start: Callable[..., Boxed], callback: Callback):
    """Meta does not wait for ever."""
    boxed = start(read_timeout_s=0.1)

    def wait(_came: Came) -> tuple[int, bytes]:
        callback.ended.wait(10)
        return 0, b""

    callback.answer = wait

    assert (
        error_of(boxed.subscribe(boxed.owner, callback))["message"]
        == f"{FAILED}curl_errno = 28; curl_error = Operation timed out; HTTP Status Code = 0"
    )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:%d/", "not a URL", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "http://[/"]
)
def test_a_callback_that_cannot_be_reached(boxed: Boxed, callback: Callback, url: str):
    """Nobody listens, or it is no URL at all."""
    refused = boxed.subscribe(boxed.owner, callback, callback_url=url.replace("%d", str(closed_port())))

    assert (
        error_of(refused)["message"] == f"{FAILED}curl_errno = 7; curl_error = Failed to connect; HTTP Status Code = 0"
    )


def test_a_failure_leaves_what_was_subscribed(boxed: Boxed, callback: Callback):
    """The old callback stays."""
    boxed.subscribe(boxed.owner, callback)
    before = subscribed(boxed)
    callback.answer = lambda _came: (500, b"")

    boxed.subscribe(boxed.owner, callback, callback_url=f"{callback.url}/new")

    assert subscribed(boxed) == before


def test_only_the_app_token_will_do(boxed: Boxed, callback: Callback):
    """A user's token is refused for reading and for setting, before anything is asked of the callback."""
    document = {"object": "whatsapp_business_account", "callback_url": callback.url, "fields": "messages"}

    for answer in (
        boxed.get(boxed.owner, f"/{boxed.owner.id}/subscriptions"),
        boxed.post(boxed.owner, f"/{boxed.owner.id}/subscriptions", **document, verify_token=VERIFY_TOKEN),
    ):
        assert (answer.status_code, error_of(answer)["code"]) == (400, 100)
        assert "app access_token" in error_of(answer)["message"]
    assert callback.came == []


@pytest.mark.parametrize("missing", ["object", "callback_url", "verify_token", "fields"])
def test_what_a_first_subscription_needs(boxed: Boxed, callback: Callback, missing: str):
    """All of it; the error names what is missing."""
    document = {
        "object": "whatsapp_business_account",
        "callback_url": callback.url,
        "verify_token": VERIFY_TOKEN,
        "fields": "partner_solutions",
    }
    del document[missing]

    answer = boxed.client.post(f"/{boxed.owner.id}/subscriptions", data=document, headers=bearer(boxed.owner.app_token))

    assert error_of(answer)["message"] == f"(#100) The parameter {missing} is required"


def test_other_objects_are_not_emulated(boxed: Boxed, callback: Callback):
    """The error says so."""
    assert "whatsapp_business_account" in error_of(boxed.subscribe(boxed.owner, callback, object="page"))["message"]


def test_the_callback_sees_its_own_handshake_while_others_call(boxed: Boxed, callback: Callback):
    """The box goes on answering while it waits for a callback: one that asks back gets its answer."""
    seen: list[int] = []

    def ask_back(came: Came) -> tuple[int, bytes]:
        seen.append(boxed.get(boxed.owner, "/me").status_code)
        return echo(came)

    callback.answer = ask_back

    assert boxed.subscribe(boxed.owner, callback).json() == {"success": True}
    assert seen == [200]
