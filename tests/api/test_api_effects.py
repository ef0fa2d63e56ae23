"""What each action does: at Meta, to deliveries, to quarantine, to the registry; and that it is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rooms import FORWARD, GIVES_UP, UNREADABLE, Api, Room

from endpoints import Told
from partnerhook.core.access import Role
from running import wait_until, webhook


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A room of its own, with nothing in it."""
    with Room(tmp_path / "own") as own:
        yield own


@pytest.fixture
def api(room: Room) -> Api:
    """What an operator gets."""
    return room.api(Role.OPERATOR)


def audited(room: Room, **filters: str) -> list[tuple[str, str, str]]:
    """Action, subject and outcome of what the audit log has, the newest first."""
    return [(one["action"], one["subject"], one["outcome"]) for one in room.api().get("/audit", **filters)["items"]]


def test_a_request_is_accepted_and_ended_at_meta(room: Room, api: Api):
    """By the app that may; Meta's webhook tells the registry, and each step is in the audit log."""
    asked = room.box.create(by="partner")
    room.box.deliver()
    room.box.advance(60)

    done = api.post(f"/solutions/{asked}/actions/accept")
    room.box.deliver()

    assert (done["before"]["status"], done["after"]["status"]) == ("INITIATED", "ACTIVE")
    assert room.box.state(asked) == ("ACTIVE", "NONE")
    wait_until(lambda: api.get(f"/solutions/{asked}")["status"] == "ACTIVE", "the webhook")
    assert audited(room) == [("solution.accept", f"default/{asked}", "done")]
    (entry,) = room.api().get("/audit")["items"]
    assert (entry["who"], entry["role"], entry["address"]) == ("the operator", "operator", "127.0.0.1")
    assert entry["via"] in {f"key {one['id']}" for one in room.api().get("/keys")["items"]}


def test_what_meta_refuses_changes_nothing_and_is_written_down(room: Room, api: Api):
    """409 with Meta's words: the owner cannot accept what it proposed."""
    own = room.box.create()
    room.box.deliver()

    problem = api.refused("POST", f"/solutions/{own}/actions/accept", 409)

    assert "Meta says" in problem["detail"]
    assert room.box.state(own) == ("INITIATED", "PENDING_ACTIVATION")
    ((action, _, outcome),) = audited(room)
    assert action == "solution.accept"
    assert outcome.startswith("not done: ")


def test_a_solution_is_proposed(room: Room, api: Api):
    """It is there at Meta, with the name that was asked for."""
    done = api.post("/solutions", {"name": "Over the API", "partner_app_id": room.box.partner.app_id})

    assert room.box.state(done["solution_id"]) == ("INITIATED", "PENDING_ACTIVATION")
    assert done["after"]["name"] == "Over the API"
    assert done["before"] is None
    assert audited(room) == [("solution.propose", "default", "done")]


def test_actions_that_are_possible_are_told(room: Room, api: Api):
    """Once the Graph API has told our side; before that, why none is."""
    own = room.box.create()
    room.box.deliver()
    before = api.get(f"/solutions/{own}")["actions"]
    run_to_its_end(api)

    after = {one["action"]: one["allowed"] for one in api.get(f"/solutions/{own}")["actions"]}

    assert not any(one["allowed"] for one in before)
    assert all(one["reason"] for one in before)
    assert after["accept"] is False
    assert list(after) == ["accept", "reject", "request-deactivation", "accept-deactivation", "reject-deactivation"]


def run_to_its_end(api: Api, **asked: object) -> dict[str, object]:
    """Begin a reconciliation and follow it by its Location."""
    answer = api.ask("POST", "/reconciliations", json=asked)
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"].removeprefix("/api/v1")

    def ended() -> dict[str, object] | None:
        found: dict[str, object] = api.get(place)
        return found if found["ended_at"] else None

    return wait_until(ended, "the reconciliation", within_s=60)


def test_a_lost_webhook_is_found_and_repaired(room: Room, api: Api):
    """202 with a Location that tells how it goes, and in the end what was found; --check repairs nothing."""
    solution_id = room.box.create()
    room.box.deliver()
    room.box.act(solution_id, "accept")
    room.box.lose()
    room.box.advance(60)

    checked = run_to_its_end(api, check=True)
    between = api.get(f"/solutions/{solution_id}")["status"]
    repaired = run_to_its_end(api)

    for run in (checked, repaired):
        assert run["state"] == "done"
        assert [one["solution_id"] for one in run["report"]["drift"]] == [solution_id]
        assert run["report"]["counts"]["drift"] == 1
    assert between == "INITIATED"
    assert api.get(f"/solutions/{solution_id}")["status"] == "ACTIVE"
    assert len(api.get("/reconciliations")["items"]) == 2
    assert [one[0] for one in audited(room)] == ["reconcile.start"] * 2


def test_a_reconciliation_whose_process_died_is_told_as_lost(room: Room, api: Api):
    """By whichever process is asked, once nothing was heard of it for a minute; another one can begin."""
    run_id = room.interrupted_run()

    found = api.get(f"/reconciliations/{run_id}")

    assert found["state"] == "lost"
    assert "died" in found["failure"]
    assert run_to_its_end(api)["state"] == "done"


def test_nobody_can_reconcile_an_app_that_cannot_ask(api: Api):
    """409, and nothing begins."""
    api.refused("POST", "/reconciliations", 409, json={"app": "nobody"})

    assert api.get("/reconciliations")["items"] == []


def test_a_dead_letter_is_delivered_after_all(room: Room, api: Api):
    """Retried by number: 200 from the receiver, fate done; retried again: nothing to do."""
    room.server.post(webhook())
    dead = wait_until(lambda: api.get("/deliveries", fate="dead")["items"], "a dead letter", within_s=60)[0]["delivery"]
    room.refusing.answer = lambda _: Told(200)

    done = api.post("/deliveries/retry", {"ids": [dead, "999999"]})
    wait_until(lambda: api.get(f"/deliveries/{dead}")["fate"] == "done", "delivered", within_s=60)
    again = api.post("/deliveries/retry", {"ids": [dead]})

    assert done == {"changed": 1, "left": ["999999"], "more": False}
    assert again == {"changed": 0, "left": [dead], "more": False}
    shown = api.get(f"/deliveries/{dead}")
    assert [one["reply"] for one in shown["attempts_made"]][-1] == "taken"
    assert shown["document"]["type"] == "partnerhook.solution.requested"
    assert audited(room) == [("delivery.retry", "1 deliveries", "done")]


def test_dead_letters_are_chosen_by_what_they_are(room: Room, api: Api):
    """Of one solution; and given up, which an operator may not."""
    for number in (1, 2):
        room.server.post(webhook(str(number)))
    wait_until(lambda: len(api.get("/deliveries", fate="dead")["items"]) == 2, "two dead letters", within_s=60)
    api.refused("POST", "/deliveries/discard", 403, json={"solution_id": "1"})

    done = room.api().post("/deliveries/discard", {"solution_id": "1", "target": GIVES_UP})

    assert done["changed"] == 1
    assert [one["fate"] for one in api.get("/deliveries", target=GIVES_UP, solution_id="1")["items"]] == ["discarded"]
    assert [one["fate"] for one in api.get("/deliveries", target=GIVES_UP, solution_id="2")["items"]] == ["dead"]


def test_a_destination_is_paused_resumed_and_tested(room: Room, api: Api):
    """Nothing goes there until it is resumed; then what waited does."""
    paused = api.post("/destinations/crm/pause", {"reason": "it moves"})
    room.server.post(webhook())
    wait_until(lambda: api.get("/destinations/crm")["waiting"] == 1, "one waits")
    tested = api.post("/destinations/crm/test")
    resumed = api.post("/destinations/crm/resume")
    wait_until(lambda: api.get("/destinations/crm")["waiting"] == 0, "delivered", within_s=30)

    assert (paused["state"], paused["paused_reason"]) == ("paused", "it moves")
    assert tested["taken"] is True
    assert resumed["state"] == "works"
    assert "partnerhook.test" in [one.document["type"] for one in room.endpoint.got if "type" in one.document]
    assert [one[0] for one in audited(room)] == ["destination.resume", "destination.test", "destination.pause"]
    api.refused("POST", f"/destinations/{FORWARD}/test", 409)
    api.refused("POST", "/destinations/nobody/pause", 404)
    assert [one["name"] for one in api.get("/forward")["items"]] == [FORWARD]


def test_a_body_is_downloaded_as_it_came_and_erased(room: Room, api: Api):
    """Byte for byte, for an operator; erased by an admin it is gone, and the receipt stays."""
    room.server.post(UNREADABLE)
    room.api(Role.VIEWER).refused("GET", "/receipts/1/body", 403)

    told = api.ask("GET", "/receipts/1/body")
    erased = room.api().ask("DELETE", "/receipts/1/body").json()
    again = room.api().ask("DELETE", "/receipts/1/body").json()

    assert told.content == UNREADABLE
    assert told.headers["content-type"] == "application/octet-stream"
    assert (erased, again) == ({"erased": 1}, {"erased": 0})
    api.refused("GET", "/receipts/1/body", 410)
    api.refused("POST", "/quarantine/1/retry", 410)
    assert api.get("/receipts/1")["body_kept"] is False
    assert [one[0] for one in audited(room)][-1] == "receipt.erase"


def test_quarantine_is_given_up_for_good(room: Room, api: Api):
    """It leaves the list; the receipt says what it was."""
    room.server.post(UNREADABLE)
    api.refused("POST", "/quarantine/1/discard", 403)

    done = room.api().post("/quarantine/1/discard")
    again = room.api().post("/quarantine/1/discard")

    assert (done["changed"], again["changed"]) == (1, 0)
    assert api.get("/quarantine")["items"] == []
    (outcome,) = api.get("/receipts/1")["outcomes"]
    assert outcome["fate"] == "discarded"
    assert outcome["reason"]
    assert audited(room) == [("quarantine.discard", "receipt 1", "done")]


def test_what_is_not_understood_today_stays_in_quarantine(room: Room, api: Api):
    """Retried, it changes nothing; twice, neither."""
    room.server.post(UNREADABLE)

    for _ in range(2):
        assert api.post("/quarantine/1/retry")["changed"] == 0

    assert api.get("/quarantine")["items"][0]["quarantined"] == 1


def test_apps_are_told_without_their_secrets(room: Room, api: Api):
    """Whether they are set, and nothing of them."""
    (app,) = api.get("/apps")["items"]

    assert (app["app_id"], app["app_secrets"], app["asks_graph"]) == (room.box.owner.app_id, 1, True)
    assert room.box.owner.access_token not in str(app)


def test_the_past_is_told_once_more(room: Room, api: Api):
    """A preview sends nothing; then each destination that is named gets what it wants, with the ids that they had."""
    room.server.post(webhook("1"))
    room.server.post(webhook("2"))
    wait_until(lambda: len(api.get("/deliveries", target="crm", fate="done")["items"]) == 2, "delivered", within_s=30)
    asked = {"types": ["solution.requested"], "solution_id": "1", "destinations": ["crm"]}

    planned = api.post("/notices/replay", asked)
    between = len(api.get("/deliveries", target="crm")["items"])
    done = api.post("/notices/replay", asked | {"preview": False})
    wait_until(lambda: len(api.get("/deliveries", target="crm", fate="done")["items"]) == 3, "again", within_s=30)

    assert planned == {"notices": 1, "deliveries": 1, "enqueued": False, "by_destination": {"crm": 1}}
    assert between == 2
    assert done == planned | {"enqueued": True}
    told = [one["id"] for one in (got.document for got in room.endpoint.got) if one.get("subject") == "1"]
    assert len(told) == 2
    assert len(set(told)) == 1
    assert audited(room) == [("notice.replay", "1 notices", "done")]
    api.refused("POST", "/notices/replay", 409, json={"destinations": ["nobody"]})


def test_the_doctor_looks(room: Room, api: Api):
    """At once what was found last; everything anew for whoever may have a test event sent round."""
    room.api(Role.VIEWER).refused("POST", "/doctor", 403)

    whole = api.post("/doctor")
    last = room.api(Role.VIEWER).get("/doctor")

    assert {"database", "subscription"} <= {one["about"] for one in whole["findings"]}
    assert whole["looked_at"]
    assert {one["about"] for one in last["findings"]} == {one["about"] for one in whole["findings"]}
    assert room.box.owner.access_token not in str(whole)
