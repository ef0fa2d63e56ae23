"""The pages of operations in a real browser: anybody can use them, a dead letter is delivered, steps are ticked off."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from backstage import HOSTILE, Backstage, backstage
from playwright.sync_api import Browser, expect
from visit import PATIENCE_MS, Visit

from endpoints import Told
from partnerhook.core.access import Actor, Role
from partnerhook.core.figures import ANSWERS, ATTEMPTS, RECEIVED, REFUSED
from partnerhook.core.health import HealthKind
from partnerhook.services.access import Access
from partnerhook.services.audit import Audit
from partnerhook.store import alarms, figures
from partnerhook.store.alarms import Alarm
from running import VERIFY_TOKEN
from stores import writing

expect.set_options(timeout=PATIENCE_MS)

DAY_S = 86_400

Come = Callable[..., Visit]
"""Somebody who has signed in comes with a browser."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """A server on which much has happened, not all of it good, and with words of others that are attacks."""
    with backstage(tmp_path_factory.mktemp("busy"), OVERDUE_AFTER_S=DAY_S) as stage:
        now = int(time.time())
        for number in range(6):
            stage.hear(f"77448546151215{number}", time=now - number * DAY_S)
        stage.hear("774485461512170", "LIMBO", time=now)
        stage.hear_field("partner_solutions", HOSTILE)
        stage.hear_field(HOSTILE, {})
        stage.dead()
        _past(stage, now // 60)
        Access(stage.engine).create_key(HOSTILE, Role.OPERATOR)
        Access(stage.engine).let_in(HOSTILE, Role.VIEWER, "session")
        with Audit(stage.engine).doing(Actor(HOSTILE, Role.ADMIN, "session", "10.0.0.1"), "delivery.retry", HOSTILE):
            pass
        yield stage


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """A server on which nothing has happened."""
    with backstage(tmp_path_factory.mktemp("fresh")) as stage:
        yield stage


def _past(stage: Backstage, minute: int) -> None:
    alarm = Alarm(HealthKind.TOKEN, HOSTILE, 1, 2, HOSTILE, f"see `{HOSTILE}`")
    counted = {
        RECEIVED: {"default": 40},
        REFUSED: {"signature_wrong": 2, HOSTILE: 1},
        ANSWERS: {"0.005": 38, "0.25": 2},
        ATTEMPTS: {"done": 38, "waiting": 3, "dead": 1},
    }
    with writing(stage.engine) as conn:
        alarms.save(conn, alarm)
        for ago in range(2, DAY_S // 60, 7):
            figures.add(conn, minute - ago, "past", counted)


@pytest.fixture
def come(chromium: Browser) -> Iterator[Come]:
    """Each visit must end without an error in the browser, and without having asked another host anything."""
    visits: list[Visit] = []

    def begin(stage: Backstage, role: Role = Role.ADMIN, **how: object) -> Visit:
        visit = Visit(chromium, stage.server.admin_url, **how)  # type: ignore[arg-type]
        visits.append(visit)
        visit.sign_in(f"{stage.server.admin_url}/sign-in/{Access(stage.engine).new_link('ana', role)}")
        return visit

    yield begin

    for one in visits:
        one.end()


PAGES = {
    "inbox": "/inbox",
    "inbox-odd": "/inbox?list=odd",
    "deliveries": "/deliveries",
    "delivery": "/deliveries/DEAD",
    "target": "/deliveries/targets/billing",
    "replay": "/deliveries/replay?look=1",
    "ask": "/deliveries/DEAD/discard",
    "observations": "/observations",
    "receipts": "/receipts",
    "receipt": "/receipts/8",
    "quarantine": "/quarantine",
    "overview": "/overview",
    "account": "/account",
    "audit": "/audit",
    "first-steps": "/first-steps",
    "reference": "/reference",
}
COLOURFUL = ("inbox", "delivery", "target", "receipt", "overview", "first-steps")
WIDE = ("inbox", "deliveries", "observations", "target", "receipt", "overview", "account", "audit", "reference")


@pytest.mark.parametrize(
    ("device", "scheme", "names"), [("desk", "light", [*PAGES]), ("desk", "dark", COLOURFUL), ("phone", "light", WIDE)]
)
def test_everybody_can_use_these_pages(busy: Backstage, come: Come, device: str, scheme: str, names: Sequence[str]):
    """No serious finding, nothing scrolls sideways, no hostile word does anything; pictures are kept."""
    visit = come(busy, device=device, scheme=scheme)
    dead = str(busy.dead().id)
    for name in names:
        page = visit.go(PAGES[name].replace("DEAD", dead))
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        visit.check()
        visit.keep(name)


def test_a_dead_letter_is_delivered(busy: Backstage, come: Come):
    """Found in the inbox, read, tried again; the page follows by itself when it arrives."""
    page = come(busy, Role.OPERATOR).go("/inbox")
    page.get_by_role("link", name=re.compile(r"^Delivery \d+$")).first.click()
    expect(page.get_by_text("given up", exact=True)).to_be_visible()
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    busy.billing.answer = lambda _: Told()

    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_text("It is tried again now.")).to_be_visible()
    expect(page.get_by_text("delivered", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    busy.billing.answer = lambda _: Told(500)


def test_giving_up_asks_first(busy: Backstage, come: Come):
    """In a dialog on the same page; leaving it changes nothing."""
    busy.hear("774485461512180", "ACTIVE", time=int(time.time()))
    one = busy.dead()
    page = come(busy).go(f"/deliveries/{one.id}")

    page.get_by_role("link", name="Give up").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("dialog").get_by_role("link", name="Leave it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="Give up").click()
    page.get_by_role("dialog").get_by_role("button", name="Give it up").click()

    expect(page.get_by_text("discarded", exact=True)).to_be_visible()


def test_first_steps_tick_off_while_somebody_looks(fresh: Backstage, come: Come):
    """On the board, as long as there is nothing else; then the first solution stands there."""
    visit = come(fresh)
    page = visit.page
    expect(page.locator("#step-handshake:not(.done)")).to_be_visible()
    visit.check()
    visit.keep("board-first-run")

    query = f"hub.mode=subscribe&hub.challenge=1&hub.verify_token={VERIFY_TOKEN}"
    assert fresh.server.get(f"/webhook?{query}").status == 200
    expect(page.locator("#step-handshake.done")).to_be_visible()
    fresh.hear("774485461512159", time=int(time.time()))

    expect(page.locator("#first-run")).to_have_count(0)
    expect(page.get_by_text("774485461512159").first).to_be_visible()
