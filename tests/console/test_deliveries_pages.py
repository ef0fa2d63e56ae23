"""Deliveries, their targets and the replay of the past, as people see and change them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from backstage import HOSTILE, Backstage, backstage
from people import Person

from endpoints import Told
from partnerhook.core.access import Role
from partnerhook.core.delivery import Fate
from partnerhook.services.audit import Audit, AuditFilter
from partnerhook.services.outbox import DeliveryFilter
from running import wait_until


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """One for all tests of this file; something was given up on it."""
    with backstage(tmp_path_factory.mktemp("stage")) as one:
        one.hear("7001")
        one.dead()
        yield one


@pytest.fixture
def ana(stage: Backstage) -> Iterator[Person]:
    """An admin."""
    with Person(stage.server) as person:
        yield person.sign_in()


def actions(stage: Backstage) -> list[tuple[str, str, str]]:
    """The newest entry of the audit log, and those before it."""
    found = Audit(stage.engine).page(AuditFilter())
    return [(one.action, one.subject, one.outcome) for one in found]


def test_all_targets_and_the_newest_deliveries(stage: Backstage, ana: Person):
    """Each with how it stands; filters are in the URL."""
    text = ana.get("/deliveries").text

    assert all(f'href="/deliveries/targets/{name}"' in text for name in ("crm", "billing", "bot"))
    assert ana.get("/deliveries?fate=dead&target=crm").text.count("No delivery fits.") == 1
    assert f'href="/deliveries/{stage.dead().id}"' in ana.get("/deliveries?fate=dead&target=billing").text
    assert ana.get("/deliveries?fate=nonsense&before=x&target=%00").status_code == 200


def test_a_dead_delivery_tells_what_was_answered(stage: Backstage, ana: Person):
    """Each attempt with its status and the text that came back, as text."""
    text = ana.get(f"/deliveries/{stage.dead().id}").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert ">500<" in text
    assert "partnerhook.solution.requested" in text


@pytest.mark.parametrize("number", ["0", "999999", "99999999999999999999", "x", "1x", "-1", "٣"])
def test_there_is_no_such_delivery(ana: Person, number: str):
    """404, whatever the number."""
    assert ana.get(f"/deliveries/{number}").status_code == 404


def test_try_again_and_it_arrives(stage: Backstage, ana: Person):
    """Once the target is mended; and it is written down who did so."""
    one = stage.dead()
    stage.billing.answer = lambda _: Told()
    try:
        led = ana.send(f"/deliveries/{one.id}/retry")

        assert led.status_code == 303
        assert "It is tried again now." in ana.get(led.headers["location"]).text
        wait_until(lambda: stage.fate(one.id) is Fate.DONE, "it is delivered")
    finally:
        stage.billing.answer = lambda _: Told(500)
    assert actions(stage)[0] == ("delivery.retry", f"delivery {one.id}", "done")
    assert "nothing was changed" in ana.get(ana.send(f"/deliveries/{one.id}/retry").headers["location"]).text


def test_try_all_again(stage: Backstage, ana: Person):
    """Asked first, with how many they are."""
    stage.hear("7002")
    dead = stage.dead()
    asked = ana.get("/deliveries/retry?target=billing").text
    stage.billing.answer = lambda _: Told()
    try:
        assert re.search(r"Try \d+ deliver(y|ies) for billing again\?", asked)
        assert ana.send("/deliveries/retry", {"target": "billing"}).status_code == 303
        wait_until(lambda: stage.fate(dead.id) is Fate.DONE, "it is delivered")
    finally:
        stage.billing.answer = lambda _: Told(500)


def test_give_up(stage: Backstage, ana: Person):
    """An admin may; it is asked first."""
    stage.hear("7003")
    one = stage.dead()

    assert f"Give up delivery {one.id}?" in ana.get(f"/deliveries/{one.id}/discard").text
    assert ana.send(f"/deliveries/{one.id}/discard").status_code == 303

    assert stage.fate(one.id) is Fate.DISCARDED
    assert actions(stage)[0] == ("delivery.discard", f"delivery {one.id}", "done")


def test_pause_test_and_resume(stage: Backstage, ana: Person):
    """With a reason that whoever looks sees; a test notice goes past the queue."""
    place = "/deliveries/targets/crm"
    ana.send(f"{place}/pause", {"reason": HOSTILE})
    paused = ana.get(place).text
    before = len(stage.crm.got)

    told = ana.get(ana.send(f"{place}/test").headers["location"]).text
    ana.send(f"{place}/resume")

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in paused
    assert "<script>alert" not in paused
    assert "crm took the test notice" in told
    assert [one["type"] for one in stage.crm.documents()[before:]] == ["partnerhook.test"]
    assert ">works<" in ana.get(place).text
    assert [one[:2] for one in actions(stage)[:3]] == [
        ("destination.resume", "crm"),
        ("destination.test", "crm"),
        ("destination.pause", "crm"),
    ]


def test_a_test_notice_that_is_not_taken(ana: Person):
    """What was answered is said; a forward target gets none."""
    failed = ana.get(ana.send("/deliveries/targets/billing/test").headers["location"]).text
    forward = ana.get(ana.send("/deliveries/targets/bot/test").headers["location"]).text

    assert "billing did not take the test notice (500)" in failed
    assert "there is no test notice for it" in forward
    assert ana.get("/deliveries/targets/nobody").status_code == 404


def test_replay_shows_what_it_would_be_and_then_does_it(stage: Backstage, ana: Person):
    """How many notices, to whom, and nothing before somebody has agreed; then the same notices arrive again."""
    wait_until(lambda: stage.crm.types("7001"), "it was told once")
    once = len(stage.crm.types("7001"))

    shown = ana.get("/deliveries/replay?look=1&destination=crm&solution=7001").text

    assert "1 notice fits; 1 delivery would be made" in shown
    assert len(stage.crm.types("7001")) == once
    (up_to,) = set(re.findall(r'name="up_to" value="(\d+)"', shown))
    fields = {"destination": "crm", "solution": "7001", "up_to": up_to}
    assert ana.send("/deliveries/replay", fields).status_code == 303
    wait_until(lambda: len(stage.crm.types("7001")) == once + 1, "it is told again")
    assert actions(stage)[0] == ("notice.replay", "crm", "done")


@pytest.mark.parametrize("query", ["destination=nobody", "since=tomorrow", "until=%3Cscript%3E"])
def test_a_replay_that_makes_no_sense(ana: Person, query: str):
    """Is refused with words."""
    answer = ana.get(f"/deliveries/replay?look=1&{query}")

    assert answer.status_code == 422
    assert "<script>" not in answer.text.replace("<script src", "")


def test_only_who_may(stage: Backstage):
    """A viewer sees no button and can press none; an operator gives nothing up."""
    one = stage.dead()
    with Person(stage.server) as viewer, Person(stage.server) as operator:
        viewer.sign_in(Role.VIEWER, "vic")
        operator.sign_in(Role.OPERATOR, "otto")

        assert f"/deliveries/{one.id}/retry" not in viewer.get(f"/deliveries/{one.id}").text
        for path in (
            f"/deliveries/{one.id}/retry",
            "/deliveries/retry",
            "/deliveries/replay",
            "/deliveries/targets/crm/pause",
            "/deliveries/targets/crm/resume",
            "/deliveries/targets/crm/test",
        ):
            assert viewer.send(path).status_code == 403, path
        assert operator.send(f"/deliveries/{one.id}/discard").status_code == 403
        assert operator.get(f"/deliveries/{one.id}/discard").status_code == 403
    assert stage.fate(one.id) is Fate.DEAD


def test_pages_go_on_where_the_last_one_ended(stage: Backstage, ana: Person):
    """Every delivery is on exactly one of them."""
    for number in range(60):
        stage.hear(str(71_000 + number), "ACTIVE")
    expected = {one.id for one in stage.outbox.find(DeliveryFilter())}
    seen = [*map(int, ana.leaf_through("/deliveries", r'<th scope="row"><a href="/deliveries/(\d+)">'))]

    assert len(seen) == len(set(seen))
    assert set(seen) >= expected
