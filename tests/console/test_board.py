"""The board and the list, in a real browser."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect
from stage import Stage
from visit import PATIENCE_MS, Open

DEVICES = [("desk", "light"), ("desk", "dark"), ("phone", "light")]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def names(stage: Stage) -> dict[str, str]:
    """Solutions in every state but one, by name."""
    known = {
        "Lighthouse messaging": stage.propose("Lighthouse messaging"),
        "Harbour & Sons": stage.propose("Harbour & Sons", ours=True),
        "Orchard": stage.propose("Orchard"),
        "Blue Kite": stage.propose("Blue Kite"),
        "Copper Lane": stage.propose("Copper Lane"),
    }
    stage.meta.advance(86_400)
    stage.act(known["Orchard"], "reject")
    stage.act(known["Blue Kite"], "accept")
    stage.act(known["Copper Lane"], "accept")
    stage.meta.advance(86_400)
    stage.act(known["Copper Lane"], "request deactivation")
    stage.reconcile()
    stage.tell("774485461512160", "ACTIVE", int(time.time()) - 9_000)
    stage.tell("774485461512160", "INITIATED", int(time.time()) - 4_000)
    return known


def column(page: Page, word: str) -> object:
    """A state's column."""
    return page.locator(f"#column-{word}")


def test_somebody_signs_in_with_the_link_of_the_first_start(visit: Open, stage: Stage):
    """It is in the log; it leads to a page with a button, and that to the board. It is good for once."""
    (line,) = stage.server.log_lines(event="sign in to the console, once, within an hour")
    first, second = visit(), visit()

    page = first.sign_in(line["url"])
    expect(page.get_by_role("heading", name="Board", level=1)).to_be_visible()

    page = second.go("/")
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    second.check()
    second.keep("sign-in")
    page.get_by_role("main").get_by_text("partnerhook console link").wait_for()


@pytest.mark.parametrize(("device", "scheme"), DEVICES)
@pytest.mark.parametrize(("name", "path"), [("board", "/"), ("solutions", "/solutions")])
@pytest.mark.usefixtures("names")
def test_it_can_be_used_by_everybody(name: str, path: str, device: str, scheme: str, visit: Open, stage: Stage):
    """On a phone, in the dark; axe finds nothing grave."""
    someone = visit(device=device, scheme=scheme)
    someone.sign_in(stage.link())
    page = someone.go(path)

    expect(page.get_by_text("Lighthouse messaging")).to_be_visible()
    someone.check()
    someone.keep(name)


def test_a_card_says_what_waits_for_whom(visit: Open, stage: Stage, names: dict[str, str]):
    """Who is on the other side, whose turn it is, for how long; and what is odd."""
    page = visit().sign_in(stage.link())
    ours = page.locator(f"#solution-default-{names['Lighthouse messaging']}")
    theirs = page.locator(f"#solution-default-{names['Harbour & Sons']}")

    expect(ours).to_contain_text("from Owner app")
    expect(ours).to_contain_text("You have to accept or reject it")
    expect(ours).to_contain_text("days")
    expect(theirs).to_contain_text("with Owner app")
    expect(theirs).to_contain_text("Owner app has to accept or reject it")
    expect(page.locator("#solution-default-774485461512160")).to_contain_text("Odd")
    expect(page.locator("#column-PENDING_DEACTIVATION")).to_contain_text("Copper Lane")


@pytest.mark.usefixtures("names")
def test_a_card_moves_while_one_looks(visit: Open, stage: Stage):
    """A webhook comes in: the card goes to another column, without a reload; what somebody types stays as it is."""
    solution_id = stage.propose("Moving day")
    page = visit(calm=False).sign_in(stage.link())
    card = page.locator(f"#solution-default-{solution_id}")
    expect(page.locator("#column-INITIATED").locator(card)).to_be_visible()
    page.evaluate("window.notReloaded = true")
    typed = page.get_by_label("Id, name or portfolio", exact=True)
    typed.fill("half a word")
    expect(page.locator("#live-state")).to_have_text("Live")

    stage.act(solution_id, "accept")

    expect(page.locator("#column-ACTIVE").locator(card)).to_be_visible()
    expect(page.locator("#column-INITIATED").locator(card)).to_have_count(0)
    expect(page.locator("#announcements")).to_contain_text("Active")
    expect(typed).to_have_value("half a word")
    expect(typed).to_be_focused()
    assert page.evaluate("window.notReloaded") is True


@pytest.mark.usefixtures("names")
def test_what_has_the_focus_keeps_it(visit: Open, stage: Stage):
    """Somebody is on a card with the keyboard when that very card moves."""
    solution_id = stage.propose("Held by the keyboard")
    page = visit().sign_in(stage.link())
    link = page.locator(f"#solution-default-{solution_id} a")
    link.focus()

    stage.act(solution_id, "reject")

    expect(page.locator("#column-REJECTED").locator(link)).to_be_visible()
    expect(link).to_be_focused()


@pytest.mark.usefixtures("names")
def test_filters_stand_in_the_url(visit: Open, stage: Stage):
    """A name's part, and what is odd; the link that somebody sends shows the same."""
    page = visit().sign_in(stage.link())
    page.get_by_label("Id, name or portfolio", exact=True).fill("LIGHT")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page).to_have_url(re.compile(r"/\?text=LIGHT"))
    expect(page.locator(".board-card")).to_have_count(1)

    page.goto("/")
    page.get_by_label("Odd ones only").check()
    expect(page).to_have_url(re.compile("odd=yes"))
    expect(page.locator(".board-card")).to_have_count(1)
    page.get_by_role("link", name="Show all", exact=True).click()
    expect(page.get_by_text("Blue Kite")).to_be_visible()


def test_search_leads_from_every_page(visit: Open, stage: Stage, names: dict[str, str]):
    """A whole id leads to the solution; a part of a name to a list; nothing is said where nothing fits."""
    page = visit().sign_in(stage.link())
    search = page.get_by_label("Find a solution by id, name or portfolio")

    search.fill(names["Blue Kite"])
    search.press("Enter")
    expect(page.get_by_role("heading", name="Blue Kite", level=1)).to_be_visible()

    search.fill("harbour & s")
    search.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="Harbour & Sons")).to_be_visible()

    search.fill("nowhere to be found")
    search.press("Enter")
    expect(page.get_by_role("heading", name="No solution fits")).to_be_visible()


@pytest.mark.usefixtures("names")
def test_the_list_is_sorted_and_filtered(visit: Open, stage: Stage):
    """By state, and by what changed last; a choice is a wish, without a button."""
    page = visit().sign_in(stage.link())
    page.goto("/solutions")
    page.get_by_role("combobox", name="State").select_option(label="Deactivation requested")

    expect(page).to_have_url(re.compile("state=PENDING_DEACTIVATION"))
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="Copper Lane")).to_be_visible()


@pytest.mark.usefixtures("names")
def test_without_javascript(visit: Open, stage: Stage):
    """All of it reads well; filters have a button."""
    page = visit(script=False).sign_in(stage.link())

    page.get_by_label("Id, name or portfolio", exact=True).fill("kite")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".board-card")).to_have_count(1)
    page.get_by_role("link", name="Blue Kite").click()
    expect(page.get_by_role("heading", name="Blue Kite", level=1)).to_be_visible()
    expect(page.locator("#standing time").first).to_contain_text("UTC")
