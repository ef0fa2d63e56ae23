"""How the box carries webhooks: with which signatures, how often, until when, and what chaos does on the way."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from boxed import START, Boxed
from callbacks import Callback, Came, echo, signed

from running import wait_until

DAY_S = 86_400


def test_the_deliveries_are_shown_byte_by_byte(boxed: Boxed, callback: Callback):
    """Each attempt with its bytes, headers, answer and time; newest first, of one app where asked."""
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(500)
    boxed.act(boxed.create(), "accept")
    boxed.settle()

    shown = boxed.control("GET", "/deliveries", app_id=boxed.owner.id)

    sent = {base64.b64decode(one["body_base64"]) for one in shown}
    assert sent == {came.body for came in callback.webhooks}
    assert [one["headers"]["X-Hub-Signature-256"] for one in reversed(shown)] == [
        came.headers["x-hub-signature-256"] for came in callback.webhooks
    ]
    assert sorted((one["number"], one["status"], one["delivered"]) for one in shown) == [
        (1, 200, True),
        (1, 500, False),
        (2, 200, True),
    ]
    assert boxed.control("GET", "/deliveries", limit=1) == shown[:1]
    assert boxed.control("GET", "/deliveries", app_id=boxed.partner.id) == []


@pytest.mark.parametrize("status", [201, 204, 301, 400, 401, 404, 500, 503, 0])
def test_only_200_is_delivered(boxed: Boxed, callback: Callback, status: int):
    """Everything else comes again, with the same bytes."""
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(status)
    boxed.create()
    boxed.settle()

    first, second = callback.webhooks
    assert first.body == second.body
    assert first.headers["x-hub-signature-256"] == second.headers["x-hub-signature-256"]


def test_other_answers_may_count(start: Callable[..., Boxed], callback: Callback):
    """All of 2xx, where that is chosen; no redirect and no error."""
    boxed = start(delivered="2xx")
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(302, 404, 204)
    boxed.create()
    boxed.settle()

    assert len(callback.webhooks) == 3


@pytest.mark.parametrize("days", [7, 1.5])
def test_it_is_sent_again_until_the_window_is_over(start: Callable[..., Boxed], callback: Callback, days: float):
    """Then it is given up. The clock has moved on by no more than that."""
    boxed = start(retry_window_s=days * DAY_S)
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(then=503)
    boxed.create()

    attempts = boxed.settle()

    assert [one["number"] for one in attempts] == list(range(1, len(attempts) + 1))
    assert len({came.body for came in callback.webhooks}) == 1
    assert boxed.control("GET", "/")["given_up"] == 1
    assert boxed.control("GET", "/")["waiting"] == 0
    assert START + (days - 0.25) * DAY_S < boxed.box.now() <= START + days * DAY_S


def test_a_callback_that_comes_back_gets_what_it_missed(boxed: Boxed, callback: Callback):
    """After days, as soon as the next attempt is due; with the time of the change."""
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(*[502] * 15)
    boxed.create()

    boxed.settle()

    assert len(callback.webhooks) == 16
    assert boxed.box.now() > START + DAY_S
    assert callback.webhooks[-1].entries[0]["time"] == START


def test_a_callback_that_does_not_answer_in_time(start: Callable[..., Boxed], callback: Callback):
    """It gets the webhook again; what it says too late counts for nothing."""
    boxed = start(read_timeout_s=0.1)
    boxed.subscribe(boxed.owner, callback)
    waited: list[bool] = []

    def wait_once(came: Came) -> tuple[int, bytes]:
        if not waited:
            waited.append(True)
            callback.ended.wait(0.5)
        return echo(came)

    callback.answer = wait_once
    boxed.create()
    first, second = boxed.settle()

    assert (first["status"], first["delivered"], first["answer"]) == (
        0,
        False,
        "curl_errno = 28; curl_error = Operation timed out",
    )
    assert second["delivered"]


def test_lost_answers_make_duplicates(start: Callable[..., Boxed], callback: Callback):
    """The callback took it, and gets it again all the same."""
    boxed = start(chaos={"seed": 1, "lost_answer": 0.5})
    boxed.subscribe(boxed.owner, callback)
    for number in range(5):
        boxed.create(f"Number {number}")
    boxed.settle()

    bodies = [came.body for came in callback.webhooks]
    assert len(set(bodies)) == 5
    assert len(bodies) > 5


def test_what_does_not_reach_the_callback(start: Callable[..., Boxed], callback: Callback):
    """It is told as an attempt, of which the callback knows nothing."""
    boxed = start(chaos={"seed": 1, "unreachable": 0.5})
    boxed.subscribe(boxed.owner, callback)
    for number in range(5):
        boxed.create(f"Number {number}")
    attempts = boxed.settle()

    assert len(callback.webhooks) == 5
    assert len([one for one in attempts if one["chaos"] and one["status"] == 0]) == len(attempts) - 5 > 0


def test_a_batch(start: Callable[..., Boxed], callback: Callback):
    """Up to a thousand changes in one POST, both signatures over all of it."""
    boxed = start(chaos={"batch_max": 1_000, "batch_wait_s": 10})
    boxed.subscribe(boxed.owner, callback)
    for number in range(30):
        boxed.create(f"Number {number}")
    boxed.settle()

    (came,) = callback.webhooks
    assert len(came.entries) == 30
    assert signed(came, boxed.owner.secret)


def test_the_same_seed_sends_the_same(start: Callable[..., Boxed]):
    """Every byte, in the same order, with the same chaos; ids and secrets too."""
    chaos = {"seed": 9, "duplicate": 0.4, "reorder": 0.5, "drop": 0.2, "lost_answer": 0.3, "recut": 0.5, "batch_max": 3}

    def story() -> list[tuple[bytes, str]]:
        boxed = start(chaos=chaos)
        with Callback() as callback:
            boxed.subscribe(boxed.owner, callback)
            for number in range(8):
                boxed.act(boxed.create(f"Number {number}"), "accept")
            boxed.settle()
            return [(came.body, came.headers["x-hub-signature-256"]) for came in callback.webhooks]

    assert story() == story()


def test_an_app_that_was_unsubscribed_gets_no_more(boxed: Boxed, callback: Callback):
    """What waits for it is given up."""
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(then=500)
    boxed.create()
    headers = {"Authorization": f"Bearer {boxed.owner.app_token}"}
    boxed.client.delete(f"/{boxed.owner.id}/subscriptions", headers=headers)

    assert boxed.settle() == []
    assert boxed.control("GET", "/")["given_up"] == 1


def test_webhooks_come_by_themselves(start: Callable[..., Boxed], callback: Callback):
    """At once; nobody has to settle. What failed comes when the clock is moved on."""
    boxed = start(hold=False)
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(500)
    boxed.create()
    wait_until(lambda: len(boxed.attempts()) == 1, "the first attempt")
    boxed.control("POST", "/clock", {"advance_s": 19})
    assert len(callback.webhooks) == 1

    boxed.control("POST", "/clock", {"advance_s": 1})

    wait_until(lambda: len(callback.webhooks) == 2, "the second attempt")


def test_a_fast_clock(start: Callable[..., Boxed], callback: Callback):
    """A minute of retries takes a moment at a thousand to one."""
    boxed = start(hold=False)
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(500, 500)
    boxed.control("POST", "/clock", {"speed": 1_000})
    boxed.create()

    wait_until(lambda: len(callback.webhooks) == 3, "the third attempt, after sixty emulated seconds")

    assert boxed.box.now() >= START + 60


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("POST", "/clock", {"advance_s": -1}),
        ("POST", "/clock", {"speed": -1}),
        ("PUT", "/chaos", {"drop": 2}),
        ("PUT", "/chaos", {"dorp": 1}),
        ("PUT", "/chaos", {"skew_s": "inf"}),
        ("PATCH", "/rules", {"delivered": "3xx"}),
        ("PATCH", "/rules", {"unheard_of": True}),
        ("POST", "/apps", {"name": "x" * 101}),
        ("POST", "/customers", {}),
    ],
)
def test_the_control_api_refuses_what_makes_no_sense(boxed: Boxed, method: str, path: str, document: dict[str, Any]):
    """400 and a sentence; nothing is changed."""
    before = boxed.control("GET", "/")

    answer = boxed.client.request(method, f"/_control{path}", json=document)

    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert boxed.control("GET", "/") == before
