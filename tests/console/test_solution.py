"""One solution: its story, and what can be done, in a real browser."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect
from stage import Stage
from visit import PATIENCE_MS, Open

from partnerhook.console.words import lasted
from partnerhook.core.access import Role

DEVICES = [("desk", "light"), ("desk", "dark"), ("phone", "light")]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def story(stage: Stage) -> str:
    """A solution that was active, had its end asked for, declined, and asked for again; with customers."""
    solution_id = stage.propose("A long story")
    for action in ("accept", "request deactivation", "reject deactivation", "request deactivation"):
        stage.meta.advance(7 * 86_400)  # it begins 30 days ago
        stage.act(solution_id, action)
    for _ in range(3):
        stage.meta.onboard(solution_id)
    stage.meta.deliver()
    stage.reconcile()
    return solution_id


def path(solution_id: str) -> str:
    """Where it is shown."""
    return f"/solutions/default/{solution_id}"


def proposed(stage: Stage, name: str) -> str:
    """A solution that waits for us, of which the Graph API has told our side."""
    solution_id = stage.propose(name)
    stage.reconcile()
    return solution_id


def confirm(page: Page, question: str, button: str) -> None:
    """In the dialog that asks."""
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name=question)).to_be_visible()
    dialog.get_by_role("button", name=button).click()


@pytest.mark.parametrize(("device", "scheme"), DEVICES)
def test_it_can_be_used_by_everybody(device: str, scheme: str, visit: Open, stage: Stage, story: str):
    """On a phone, in the dark; axe finds nothing grave, in the dialog neither."""
    someone = visit(device=device, scheme=scheme)
    someone.sign_in(stage.link())
    page = someone.go(path(story))

    someone.check()
    someone.keep("solution")
    page.get_by_role("link", name="Accept the deactivation").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    someone.check()
    someone.keep("solution-question")
    someone.go("/no/such/page/at/all")
    someone.errors.clear()  # the browser says so, too
    someone.check()
    someone.keep("problem")


def test_the_story(visit: Open, stage: Stage, story: str):
    """Where it stands, the way it took, each webhook, whom it serves; the raw body is a click away."""
    page = visit().sign_in(stage.link())
    page.goto(path(story))

    expect(page.locator("#standing")).to_contain_text("Deactivation requested")
    expect(page.locator("#standing")).to_contain_text("You have to accept or decline its end.")
    expect(page.locator("#lifecycle-said")).to_contain_text(
        "Requested, then Active, then Deactivation requested, then Active, then Deactivation requested."
    )
    expect(page.locator("#lifecycle .arrow.taken")).to_have_count(3)
    expect(page.locator("#lifecycle .current text")).to_have_count(2)
    expect(page.locator("#lifecycle .current")).to_contain_text("Deactivation")
    entries = page.locator("#timeline li")
    expect(entries).to_have_count(5)
    expect(entries.first).to_contain_text("SOLUTION_UPDATED PENDING_DEACTIVATION")
    expect(entries.last).to_contain_text("First heard of, as INITIATED.")
    expect(entries.last.get_by_role("link", name="Raw body")).to_have_attribute("href", "/receipts/1")
    expect(page.locator("#customers")).to_contain_text("3 of 200")
    expect(page.locator("#customers")).to_contain_text("This app is the partner here")
    expect(page.locator("#notices li > div")).to_contain_text(
        [
            "solution.deactivation_requested",
            "solution.deactivation_declined",
            "solution.deactivation_requested",
            "solution.activated",
            "solution.requested",
        ]
    )


@pytest.mark.usefixtures("story")
def test_times_are_the_viewers(visit: Open, stage: Stage):
    """In the zone of whoever looks, and UTC on hover; ages as the server says them."""
    page = visit().sign_in(stage.link())
    stage.tell("774485461512170", "INITIATED", 1_720_000_000)  # 2024-07-03 09:46:40 UTC, when Lisbon is an hour ahead
    page.goto(path("774485461512170"))
    told = page.locator("#timeline time").first

    expect(told).to_have_text("3 Jul 2024, 10:46:40")
    expect(told).to_have_attribute("title", "2024-07-03 09:46:40 UTC")
    for seconds in (0, 59, 60, 3_599, 3_600, 172_799, 172_800, 63_071_999, 63_072_000):
        assert page.evaluate(f"age({seconds})") == lasted(seconds)


def test_the_snippet_is_ready_to_be_copied(visit: Open, stage: Stage, story: str):
    """Of a solution that works, with its id; of no other."""
    page = visit(permissions=["clipboard-read", "clipboard-write"]).sign_in(stage.link())
    page.goto(path(story))
    page.locator("#signup").get_by_role("button", name="Copy").click()
    expect(page.locator("#announcements")).to_have_text("Copied")

    copied = page.evaluate("navigator.clipboard.readText()")

    assert f'solutionID: "{story}"' in copied
    assert f'appId: "{stage.meta.partner.app_id}"' in copied
    page.goto(path(stage.propose("Not active")))
    expect(page.locator("#signup")).to_have_count(0)


def test_accepting(visit: Open, stage: Stage):
    """The button asks first; then Meta is told, the page follows when its webhook comes, and who did it is written."""
    solution_id = proposed(stage, "To be accepted")
    page = visit().sign_in(stage.link(who="berta"))
    page.goto(path(solution_id))
    page.get_by_role("link", name="Accept", exact=True).click()
    confirm(page, "Accept To be accepted?", "Accept")

    expect(page.get_by_role("status").filter(has_text="Accept: done")).to_be_visible()
    assert stage.meta.state(solution_id) == ("ACTIVE", "NONE")
    stage.meta.advance(60)
    stage.meta.deliver()
    expect(page.locator("#standing")).to_contain_text("It works: customers can be onboarded through it.")
    expect(page.locator("#timeline")).to_contain_text("berta: accept")
    page.reload()
    expect(page.get_by_role("status").filter(has_text="Accept: done")).to_have_count(0)


def test_declining_without_javascript(visit: Open, stage: Stage):
    """A page of its own asks, and its form does it."""
    solution_id = proposed(stage, "To be rejected")
    page = visit(script=False).sign_in(stage.link())
    page.goto(path(solution_id))
    page.get_by_role("link", name="Reject", exact=True).click()
    expect(page.get_by_role("heading", name="Reject To be rejected?")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="To be rejected", exact=True)).to_be_visible()
    assert stage.meta.state(solution_id) == ("INITIATED", "PENDING_ACTIVATION")

    page.get_by_role("link", name="Reject", exact=True).click()
    page.get_by_role("button", name="Reject").click()

    expect(page.get_by_text("Reject: done")).to_be_visible()
    assert stage.meta.state(solution_id) == ("REJECTED", "NONE")


def test_meta_refuses(visit: Open, stage: Stage):
    """Somebody was faster: what Meta says is said, and that it was tried is written down."""
    solution_id = proposed(stage, "Already answered")
    stage.meta.act(solution_id, "reject")  # its webhook is still on the way
    page = visit().sign_in(stage.link())
    page.goto(path(solution_id))
    page.get_by_role("link", name="Accept", exact=True).click()
    confirm(page, "Accept Already answered?", "Accept")

    expect(page.get_by_role("status").filter(has_text="Not done:")).to_be_visible()
    expect(page.locator("#timeline")).to_contain_text("ana: accept")
    expect(page.locator("#timeline")).to_contain_text("Not done:")
    stage.meta.deliver()


def test_with_the_keyboard_alone(visit: Open, stage: Stage):
    """To the card, to the button, through the dialog."""
    solution_id = proposed(stage, "By keyboard")
    page = visit().sign_in(stage.link())
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    press_until(page, f"/solutions/default/{solution_id}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard", level=1)).to_be_visible()
    press_until(page, f"/solutions/default/{solution_id}/accept")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Accept")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="Accept", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Accept")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").filter(has_text="Accept: done")).to_be_visible()
    stage.meta.deliver()


def press_until(page: Page, href: str) -> None:
    """Tab until the focus is on a link, which may come a moment after the page."""
    expect(page.locator(f'a[href="{href}"]').first).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == href:
            return
    raise AssertionError(f"no Tab leads to {href}")


def test_whose_turn_it_is_is_not_known(visit: Open, stage: Stage):
    """Before the Graph API was asked, buttons are there and cannot be pressed, with the reason."""
    stage.tell("774485461512171", "INITIATED", int(time.time()) - 60)
    page = visit().sign_in(stage.link())
    page.goto(path("774485461512171"))

    for name in ("Accept", "Reject"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()
        expect(page.get_by_role("button", name=name, exact=True)).to_have_accessible_description(
            "Whether this app owns it or was invited is not known yet. Reconcile, in the inbox, and the Graph API"
            " tells."
        )


def test_a_viewer_only_looks(visit: Open, stage: Stage, story: str):
    """No raw body, no buttons; the question's page is not theirs either."""
    someone = visit()
    page = someone.sign_in(stage.link(role=Role.VIEWER))
    page.goto(path(story))
    expect(page.get_by_role("link", name="Raw body")).to_have_count(0)
    expect(page.get_by_role("link", name="Accept the deactivation")).to_have_count(0)

    answer = page.goto(f"{path(story)}/accept-deactivation")

    assert answer is not None
    assert answer.status == 403
    someone.errors.clear()  # the browser says so, too
