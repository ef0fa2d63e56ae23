"""The overview: figures of the past from all processes, health, and first steps that are ticked off as they happen."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from backstage import Backstage, backstage
from people import Person

from partnerhook.core.access import Role
from partnerhook.core.compose import Update, compose
from partnerhook.core.figures import ANSWERS, ATTEMPTS, RECEIVED, REFUSED
from partnerhook.core.health import HealthKind
from partnerhook.core.names import DASHBOARD_TEST_ID
from partnerhook.services.figures import Past
from partnerhook.store import alarms, figures
from partnerhook.store.alarms import Alarm
from running import VERIFY_TOKEN, wait_until
from stores import writing


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """One for all tests of this file."""
    with backstage(tmp_path_factory.mktemp("stage"), PUBLIC_URL="https://hooks.example.com") as one:
        yield one


@pytest.fixture
def ana(stage: Backstage) -> Iterator[Person]:
    """An operator."""
    with Person(stage.server) as person:
        yield person.sign_in(Role.OPERATOR)


def step(text: str, name: str) -> bool:
    """Whether a step is ticked off."""
    (found,) = re.findall(rf'<li id="step-{name}"( class="done")?', text)
    return bool(found)


def test_first_steps_are_ticked_off_as_they_happen(stage: Backstage, ana: Person):
    """A handshake at once; what comes in when its minute is over, or the server ends; also after a restart."""
    begun = ana.get("/first-steps").text
    assert [step(begun, name) for name in ("configured", "public", "handshake", "event", "test", "graph")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]

    query = f"hub.mode=subscribe&hub.challenge=1&hub.verify_token={VERIFY_TOKEN}"
    assert stage.server.get(f"/webhook?{query}").status == 200
    wait_until(lambda: step(ana.get("/first-steps").text, "handshake"), "the handshake is seen")
    stage.server.post(compose(DASHBOARD_TEST_ID, None, [Update("SOLUTION_CREATED", "123456123", "INITIATED")]))
    stage.server.stop()
    stage.server.start()

    with Person(stage.server) as person:
        told = person.sign_in().get("/first-steps").text
    assert [step(told, name) for name in ("handshake", "event", "test")] == [True, True, True]


def test_figures_of_all_processes(stage: Backstage, ana: Person):
    """In the hour, the day and the week; as pictures, and as numbers for whoever sees none."""
    now = int(time.time()) // 60
    with writing(stage.engine) as conn:
        for process in ("one", "other"):
            figures.add(
                conn,
                now - 10,
                process,
                {
                    RECEIVED: {"default": 111_000},
                    REFUSED: {"signature_wrong": 5, "path": 1, "a_new_reason": 1, "x": 1, "y": 1, "z": 1},
                    ANSWERS: {"0.005": 90, "0.25": 10},
                    ATTEMPTS: {"done": 7, "dead": 1, "waiting": 2},
                },
            )

    for span in ("hour", "day", "week", "nonsense"):
        text = ana.get(f"/overview?span={span}").text
        assert "222,0" in text, span  # and the few that came in by themselves
        assert "≤ 5 ms / ≤ 250 ms" in text
        assert "wrong signature 10" in text
        assert "delivered 14" in text
        assert text.count('role="img"') == 4
        assert "style=" not in text


def test_alarms_are_on_every_page(stage: Backstage, ana: Person):
    """As words, with what to do; until it is right again."""
    alarm = Alarm(HealthKind.TOKEN, "default", 1, 2, "it is <b>not</b> valid", "make a new `system user` token")
    with writing(stage.engine) as conn:
        alarms.save(conn, alarm)

    text = ana.get("/overview").text

    assert "it is &lt;b&gt;not&lt;/b&gt; valid" in text
    assert "<code>system user</code>" in text
    wait_until(lambda: "it is &lt;b&gt;not" in ana.get("/inbox").text, "it is on other pages", within_s=30)


def test_the_doctor_looks_when_asked(ana: Person):
    """At the callback URL too; nobody answers there."""
    led = ana.send("/overview/doctor")

    text = wait_until(
        lambda: found if "hooks.example.com" in (found := ana.get("/overview").text) else "",
        "it has looked",
        within_s=60,
    )
    assert led.status_code == 303
    assert ">wrong<" in text
    assert "it can be written" in text


def test_a_viewer_does_not_send_the_doctor(stage: Backstage):
    """It sends test events."""
    with Person(stage.server) as viewer:
        viewer.sign_in(Role.VIEWER, "vic")

        assert viewer.send("/overview/doctor").status_code == 403
        assert "/overview/doctor" not in viewer.get("/overview").text


def test_an_idle_server_writes_nothing(stage: Backstage):
    """There are no figures where nothing was counted."""
    assert all(counted for _, counted in _all(stage))


def _all(stage: Backstage) -> list[tuple[int, object]]:
    with stage.engine.connect() as conn:
        return [*figures.between(conn, 0, 2**60)]


def test_the_newest(stage: Backstage, ana: Person):
    """When the newest webhook came, and the newest event of a solution."""
    stage.hear("7001")

    assert Past(stage.engine).newest().webhook is not None
    assert "none yet" not in ana.get("/overview").text
