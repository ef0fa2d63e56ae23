"""Which webhooks the box sends to whom: each change, each choice, tests, customers, unpublished apps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from boxed import START, Boxed
from callbacks import Callback, signed


def test_each_party_hears_with_its_own_portfolio_and_secret(boxed: Boxed, callback: Callback):
    """One delivery for each subscribed app of both; the stranger hears nothing."""
    with Callback() as other, Callback() as foreign:
        for app, receiver in ((boxed.owner, callback), (boxed.partner, other), (boxed.stranger, foreign)):
            boxed.subscribe(app, receiver)
        solution_id = boxed.act(boxed.create(), "accept")
        boxed.settle()

        for app, receiver in ((boxed.owner, callback), (boxed.partner, other)):
            assert receiver.words == [("SOLUTION_CREATED", "INITIATED"), ("SOLUTION_UPDATED", "ACTIVE")]
            assert {value["solution_id"] for value in receiver.values} == {solution_id}
            for came in receiver.webhooks:
                assert signed(came, app.secret)
                assert [(entry["id"], entry["time"]) for entry in came.entries] == [(app.portfolio_id, START)]
        assert foreign.webhooks == []


def test_a_webhook_on_the_wire(boxed: Boxed, callback: Callback):
    """A POST with the body of the reference's example, its headers and its user agent."""
    boxed.subscribe(boxed.owner, callback)
    solution_id = boxed.create()
    boxed.settle()

    (came,) = callback.webhooks
    assert came.path == "/webhook"
    assert came.headers["content-type"] == "application/json"
    assert came.headers["user-agent"] == "facebookexternalua"
    assert came.headers["content-length"] == str(len(came.body))
    assert came.body.decode() == (
        '{"entry":[{"changes":[{"field":"partner_solutions","value":{"event":"SOLUTION_CREATED",'
        f'"solution_id":"{solution_id}","solution_status":"INITIATED"}}}}],'
        f'"id":"{boxed.owner.portfolio_id}","time":{START}}}],"object":"whatsapp_business_account"}}'
    )


def test_the_test_button(boxed: Boxed, callback: Callback):
    """Sample values with the portfolio "0" and no time, signed as others; once, whatever the answer is."""
    boxed.subscribe(boxed.owner, callback)
    callback.answer_posts(then=500)
    for field in ("partner_solutions", "account_update"):
        boxed.control("POST", f"/apps/{boxed.owner.id}/test", {"field": field})
    attempts = boxed.settle()

    assert [one["test"] for one in attempts] == [True, True]
    assert all(signed(came, boxed.owner.secret) for came in callback.webhooks)
    entries = [entry for came in callback.webhooks for entry in came.entries]
    assert [set(entry) for entry in entries] == [{"changes", "id"}] * 2
    assert [entry["id"] for entry in entries] == ["0", "0"]
    assert [entry["changes"][0]["field"] for entry in entries] == ["partner_solutions", "account_update"]


def test_a_test_may_carry_a_time(start: Callable[..., Boxed], callback: Callback):
    """Nobody knows what Meta's does for this field."""
    boxed = start(test_time=True)
    boxed.subscribe(boxed.owner, callback)
    boxed.control("POST", f"/apps/{boxed.owner.id}/test")
    boxed.settle()

    assert callback.webhooks[0].entries[0]["time"] == START


def test_the_test_button_needs_a_callback(boxed: Boxed):
    """Without one there is nobody to send to."""
    answer = boxed.client.post(f"/_control/apps/{boxed.owner.id}/test")

    assert (answer.status_code, "not subscribed" in answer.json()["error"]) == (400, True)


def test_an_unpublished_app_gets_tests_alone(boxed: Boxed, callback: Callback):
    """What happens meanwhile is not sent later either."""
    boxed.subscribe(boxed.owner, callback)
    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"published": False})
    solution_id = boxed.create()
    boxed.control("POST", f"/apps/{boxed.owner.id}/test")
    boxed.settle()
    assert [came.entries[0]["id"] for came in callback.webhooks] == ["0"]

    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"published": True})
    boxed.act(solution_id, "accept")
    boxed.settle()

    assert callback.words[1:] == [("SOLUTION_UPDATED", "ACTIVE")]


def test_an_unpublished_app_may_hear(start: Callable[..., Boxed], callback: Callback):
    """As some users say that it does (C19)."""
    boxed = start(unpublished_hears=True)
    boxed.subscribe(boxed.owner, callback)
    boxed.control("PATCH", f"/apps/{boxed.owner.id}", {"published": False})
    boxed.create()
    boxed.settle()

    assert callback.words == [("SOLUTION_CREATED", "INITIATED")]


def test_only_subscribed_fields_are_sent(boxed: Boxed, callback: Callback):
    """Customers come with account_update."""
    boxed.subscribe(boxed.owner, callback, "account_update")
    solution_id = boxed.act(boxed.create(), "accept")
    boxed.control("POST", "/customers", {"solution_id": solution_id})
    boxed.settle()

    assert [value["event"] for value in callback.values] == ["PARTNER_ADDED", "PARTNER_APP_INSTALLED"]


def test_a_whole_life_of_webhooks(boxed: Boxed, callback: Callback):
    """Each with event and status; the draft's word is its owner's alone."""
    with Callback() as other:
        boxed.subscribe(boxed.owner, callback)
        boxed.subscribe(boxed.partner, other)
        boxed.act(
            boxed.draft(),
            *("rename", "send request", "accept", "rename", "request deactivation"),
            *("reject deactivation", "request deactivation", "accept deactivation"),
        )
        boxed.settle()

        shared = [
            ("SOLUTION_UPDATED", word)
            for word in (
                *("INITIATED", "ACTIVE", "ACTIVE", "PENDING_DEACTIVATION"),
                *("ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED"),
            )
        ]
        assert callback.words == [("SOLUTION_CREATED", "DRAFT"), ("SOLUTION_UPDATED", "DRAFT"), *shared]
        assert other.words == shared


@pytest.mark.parametrize(
    ("rules", "actions", "words"),
    [
        ({"draft_sent_event": "SOLUTION_CREATED"}, ["send request"], [("SOLUTION_CREATED", "INITIATED")]),
        ({"initiated_word": "PENDING"}, ["send request"], [("SOLUTION_UPDATED", "PENDING")]),
        ({"rename_webhook": False}, ["rename"], []),
        ({"heard_by": "counterparty"}, ["send request", "accept"], [("SOLUTION_UPDATED", "ACTIVE")]),
        (
            {"decline_webhook": "none"},
            ["send request", "accept", "request deactivation", "reject deactivation"],
            [("SOLUTION_UPDATED", word) for word in ("INITIATED", "ACTIVE", "PENDING_DEACTIVATION")],
        ),
    ],
)
def test_choices_about_webhooks(
    start: Callable[..., Boxed],
    callback: Callback,
    rules: dict[str, Any],
    actions: list[str],
    words: list[tuple[str, str]],
):
    """What Meta's documents leave open, or contradict each other in."""
    boxed = start(**rules)
    boxed.subscribe(boxed.owner, callback)
    boxed.act(boxed.draft(), *actions)
    boxed.settle()

    assert [told for told in callback.words if told[1] != "DRAFT"] == words


def test_customers(boxed: Boxed, callback: Callback):
    """Who comes and goes is told with the accounts' ids; the uninstalled app hears of no solution."""
    boxed.subscribe(boxed.owner, callback)
    solution_id = boxed.act(boxed.create(), "accept")
    customer = boxed.control("POST", "/customers", {"solution_id": solution_id})
    boxed.control("DELETE", f"/customers/{customer['waba_id']}")
    boxed.settle()

    told = {value["event"]: value["waba_info"] for value in callback.values if "waba_info" in value}
    account = {"waba_id": customer["waba_id"], "owner_business_id": customer["business_id"]}
    partners = [boxed.owner.portfolio_id, boxed.partner.portfolio_id]
    through = {"solution_id": solution_id, "solution_partner_business_ids": partners}
    assert told == {
        "PARTNER_ADDED": account | through,
        "PARTNER_APP_INSTALLED": account | {"partner_app_id": boxed.owner.id} | through,
        "PARTNER_APP_UNINSTALLED": account | {"partner_app_id": boxed.owner.id},
        "PARTNER_REMOVED": account | through,
    }
    assert {entry["id"] for came in callback.webhooks for entry in came.entries} == {boxed.owner.portfolio_id}


def test_customers_by_their_account(start: Callable[..., Boxed], callback: Callback):
    """The reference's syntax has the WABA's id where its examples have the portfolio's (C21)."""
    boxed = start(account_update_entry="waba")
    boxed.subscribe(boxed.owner, callback, "account_update")
    customer = boxed.control("POST", "/customers", {"solution_id": boxed.act(boxed.create(), "accept")})
    boxed.settle()

    assert {entry["id"] for came in callback.webhooks for entry in came.entries} == {customer["waba_id"]}


def test_without_values(boxed: Boxed, callback: Callback):
    """Who subscribed so is told which field changed, and no more."""
    boxed.subscribe(boxed.owner, callback, include_values="false")
    boxed.create()
    boxed.settle()

    (came,) = callback.webhooks
    assert came.entries == [{"changed_fields": ["partner_solutions"], "id": boxed.owner.portfolio_id, "time": START}]


def test_two_apps_of_one_portfolio(boxed: Boxed, callback: Callback):
    """Both hear, with the same portfolio, each with its own signature."""
    second_id = boxed.control("POST", "/apps", {"name": "Second", "portfolio_id": boxed.owner.portfolio_id})["app_id"]
    second = boxed.box.world.apps[second_id]
    for app in (boxed.owner, second):
        boxed.subscribe(app, callback)
    boxed.create()
    boxed.settle()

    one, other = callback.webhooks
    assert one.body == other.body
    assert signed(one, boxed.owner.secret)
    assert signed(other, second.secret)


def test_meta_s_clock_may_be_ahead(start: Callable[..., Boxed], callback: Callback):
    """The times of bodies are; the Date of answers too."""
    boxed = start(chaos={"skew_s": 3_600})
    boxed.subscribe(boxed.owner, callback)
    boxed.create()
    boxed.settle()

    assert callback.webhooks[0].entries[0]["time"] == START + 3_600
