"""The emulator's page: every form of it, sent as a browser would, to a real emulator and a real receiver."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from browser import Browser

from partnerhook.emulator.box import Box
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.page.shown import BODY_CHARS_SHOWN, SOLUTIONS_SHOWN
from partnerhook.emulator.page.words import BADGES, BUTTONS
from partnerhook.emulator.run import new_box
from partnerhook.emulator.server import running_in_thread
from partnerhook.emulator.world import App, Solution
from running import SECRET, VERIFY_TOKEN, Server, wait_until


@pytest.fixture
def box() -> Box:
    """Two partners; the clock stands until somebody moves it."""
    return new_box(seed=7, clock=Clock(0, start=1_760_000_000))


@pytest.fixture
def owner(box: Box) -> App:
    """The first app."""
    return next(iter(box.world.apps.values()))


@pytest.fixture
def partner(box: Box) -> App:
    """The second app."""
    return list(box.world.apps.values())[1]


@pytest.fixture
def browser(box: Box) -> Iterator[Browser]:
    """The page of a running emulator."""
    with running_in_thread(box) as url, Browser(url) as browser:
        yield browser


def card(app: App) -> str:
    """Where an app stands on the page."""
    return f"app-{app.id}"


def place(solution: Solution, app: App) -> str:
    """Where a solution stands on the page, in the column of an app."""
    return f"solution-{solution.id}-{app.id}"


def only(box: Box) -> Solution:
    """The one solution."""
    (solution,) = box.world.solutions.values()
    return solution


def set_callback(browser: Browser, app: App, server: Server, token: str = VERIFY_TOKEN) -> None:
    """Fill in the form of an app and send it."""
    app.secret = SECRET
    browser.click(card(app), "Verify and save", callback_url=f"{server.url}/webhook", verify_token=token)


def propose(browser: Browser, app: App, how: str = "Send the request", **fields: str) -> None:
    """Fill in the form of an app and send it."""
    browser.click(card(app), how, **fields)


def wait_for_deliveries(browser: Browser, count: int) -> None:
    """Look again until so many attempts are listed."""
    wait_until(lambda: browser.open("/").html.count('id="delivery-') == count, f"{count} deliveries on the page")


def test_both_parties_stand_side_by_side(browser: Browser, box: Box, owner: App, partner: App):
    """Each app with its portfolio, its ids, its secrets, and what can be done with it."""
    for app in (owner, partner):
        portfolio = box.world.portfolios[app.portfolio_id]
        shown = browser.text(card(app))

        assert f"{portfolio.name} portfolio {portfolio.id}" in browser.text("")
        assert all(word in shown for word in (app.name, app.id, app.secret, app.access_token, app.app_token))
        assert "No callback yet" in shown
        assert browser.buttons(card(app)) == [
            "Verify and save",
            "Send the request",
            "Save as a draft",
            "Press Test",
            "Unpublish",
        ]
    assert "No webhook was sent yet" in browser.text("deliveries")


def test_every_answer_is_locked_down(browser: Browser):
    """The page can load, run and send nothing but what is its own; nothing on it comes from elsewhere."""
    for path in ("/", "/_page/page.css", "/_page/page.js", "/_page/secrets.txt"):
        headers = browser.client.get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))

        assert policy == {
            "default-src": "'none'",
            "style-src": "'self'",
            "script-src": "'self'",
            "connect-src": "'self'",
            "form-action": "'self'",
            "img-src": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        assert headers["x-content-type-options"] == "nosniff"
    assert [link for link in browser.loads if not link.startswith("/_page/")] == []
    assert "<style" not in browser.html
    assert not re.search(r"<script(?! src=)", browser.html)


@pytest.mark.parametrize(
    ("file", "kind"), [("tokens.css", "text/css"), ("page.css", "text/css"), ("page.js", "text/javascript")]
)
def test_what_it_is_drawn_with(file: str, kind: str, browser: Browser):
    """Style and script are there, and name nothing elsewhere."""
    answer = browser.client.get(f"/_page/{file}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert not re.search(r"(https?:)?//\w|@import|url\(", re.sub(r"^\s*//.*", "", answer.text, flags=re.MULTILINE))


def test_it_looks_as_the_console_does():
    """The same colours, sizes and letters. Neither room imports the other, so each has the file."""
    ours, theirs = (files(f"partnerhook.{room}").joinpath("static/tokens.css") for room in ("emulator.page", "console"))

    assert ours.read_text() == theirs.read_text()


def test_other_files_are_not_given_out(browser: Browser):
    """Neither those beside them nor those above; what is no file of the page is a question to the Graph API."""
    for file in ("page.py", "..%2fpage.py", "%2e%2e/page.py"):
        assert browser.client.get(f"/_page/{file}").status_code in {400, 404}


def test_a_callback_is_set_with_the_real_handshake(browser: Browser, owner: App, server: Server):
    """The receiver is asked; then it is said who hears, and of what."""
    set_callback(browser, owner, server)

    assert owner.subscription is not None
    assert list(owner.subscription.fields) == ["partner_solutions", "account_update"]
    assert "The callback gave the challenge back." in browser.text(card(owner))
    assert f"Heard by {server.url}/webhook partner_solutions, account_update" in browser.text(card(owner))


def test_a_failed_handshake_says_what_meta_says(browser: Browser, owner: App, server: Server):
    """Error 2200 with its cause; what was typed is still there to be mended, and nothing is set."""
    set_callback(browser, owner, server, token="another")

    assert (
        "(#2200) Callback verification failed with the following errors: HTTP Status Code = 403; HTTP Message ="
        " Forbidden" in browser.text(card(owner))
    )
    assert browser.fields(card(owner), "Verify and save") == {
        "callback_url": f"{server.url}/webhook",
        "verify_token": "another",
        "partner_solutions": "on",
        "account_update": "on",
    }
    assert owner.subscription is None


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/", "http://127.0.0.1:1/webhook", "http://[", ""])
def test_a_callback_that_cannot_be(url: str, browser: Browser, owner: App):
    """Whatever is typed: a sentence."""
    browser.click(card(owner), "Verify and save", callback_url=url, verify_token="t")

    assert "(#2200) Callback verification failed" in browser.text(card(owner))
    assert owner.subscription is None


def test_the_fields_are_chosen(browser: Browser, owner: App, server: Server):
    """One of them suffices, none does not; the form shows what is chosen now."""
    asked = {"callback_url": f"{server.url}/webhook", "verify_token": VERIFY_TOKEN}

    browser.click(card(owner), "Verify and save", partner_solutions=None, account_update=None, **asked)
    refusal = browser.text(card(owner))
    browser.click(card(owner), "Verify and save", account_update=None, **asked)

    assert "Choose a field to subscribe to." in refusal
    assert owner.subscription is not None
    assert list(owner.subscription.fields) == ["partner_solutions"]
    assert "account_update" not in browser.fields(card(owner), "Verify and save")


def test_a_callback_is_removed(browser: Browser, owner: App, server: Server):
    """Nobody hears then."""
    set_callback(browser, owner, server)

    browser.click(card(owner), "Remove the callback")

    assert owner.subscription is None
    assert "No callback yet" in browser.text(card(owner))


def test_a_solution_is_proposed(browser: Browser, box: Box, owner: App, partner: App):
    """Sent at once: both see it, each from its own side."""
    propose(browser, partner, name="Ours", messaging="partner")

    solution = only(box)
    assert (solution.owner_app_id, solution.word) == (partner.id, "INITIATED")
    assert (solution.owner_permissions, solution.partnership.permissions) == ([], ["MESSAGING"])
    assert f"Proposed to {owner.name}" in browser.text(place(solution, partner))
    assert f"It is {owner.name}'s turn." in browser.text(place(solution, partner))
    assert f"Invited by {partner.name}" in browser.text(place(solution, owner))


def test_a_draft_is_its_owners_alone(browser: Browser, box: Box, owner: App, partner: App):
    """The other side does not see it before it is sent."""
    propose(browser, owner, "Save as a draft", name="Pilot")
    draft = browser.parts("solution-")
    browser.click(place(only(box), owner), "Send the request")

    assert draft == [place(only(box), owner)]
    assert browser.parts("solution-") == [place(only(box), owner), place(only(box), partner)]


@pytest.mark.parametrize("name", ["x", "x" * 76])
def test_a_name_that_meta_does_not_take(name: str, browser: Browser, box: Box, owner: App):
    """It is said why, and nothing has happened."""
    propose(browser, owner, name=name)

    assert "Solution_name must have 2 to 75 characters." in browser.text(card(owner))
    assert not box.world.solutions


LIFE = [
    ("DRAFT", "owner", "Send the request"),
    ("INITIATED", "partner", "Accept"),
    ("ACTIVE", "owner", "Request deactivation"),
    ("PENDING_DEACTIVATION", "partner", "Decline, keep it active"),
    ("ACTIVE", "owner", "Request deactivation"),
    ("PENDING_DEACTIVATION", "partner", "Accept the deactivation"),
    ("DEACTIVATED", "", ""),
]


def test_a_whole_life_by_its_buttons(browser: Browser, box: Box, owner: App, partner: App):
    """In each state its badge, and a button for each allowed action and no other."""
    propose(browser, owner, "Save as a draft", name="Life")
    solution = only(box)
    label = {action: button.label for action, button in BUTTONS.items()} | {"rename": "Rename"}
    other_buttons = {"Onboard a customer", "Offboard"}

    for word, party, button in LIFE:
        assert solution.word == word
        for app in (owner, partner):
            if place(solution, app) in browser.parts("solution-"):
                offered = set(browser.buttons(place(solution, app))) - other_buttons
                assert offered == {label[action] for action in box.allowed(solution, app)}
                assert BADGES[solution.state].text in browser.text(place(solution, app))
                assert word in browser.text(place(solution, app))
        if button:
            browser.click(place(solution, owner if party == "owner" else partner), button)

    assert "Nothing more can be done." in browser.text(place(solution, owner))


def test_a_request_is_rejected(browser: Browser, box: Box, owner: App, partner: App):
    """And stays so."""
    propose(browser, owner)

    browser.click(place(only(box), partner), "Reject")

    assert only(box).word == "REJECTED"
    assert "Rejected" in browser.text(place(only(box), owner))


def test_an_old_button_is_refused_in_words(browser: Browser, box: Box, owner: App, partner: App):
    """Two windows: what the second one still offers is no longer possible."""
    propose(browser, owner)
    solution = only(box)
    box.act(solution, "reject", partner)

    browser.click(place(solution, partner), "Accept")

    assert "Cannot accept: the solution is REJECTED." in browser.text(place(solution, partner))


def test_a_solution_is_renamed(browser: Browser, box: Box, owner: App):
    """By its owner; a name that is too short is refused beside it."""
    propose(browser, owner, "Save as a draft")
    solution = only(box)

    browser.click(place(solution, owner), "Rename", name="Another")
    renamed = solution.name
    browser.click(place(solution, owner), "Rename", name="x")

    assert (renamed, solution.name) == ("Another", "Another")
    assert "must have 2 to 75 characters" in browser.text(place(solution, owner))


def test_customers_come_and_go(browser: Browser, box: Box, owner: App, partner: App):
    """Through an active solution, on either side of the page."""
    propose(browser, owner)
    solution = only(box)
    browser.click(place(solution, partner), "Accept")

    browser.click(place(solution, owner), "Onboard a customer")
    browser.click(place(solution, partner), "Onboard a customer")
    first, second = box.world.customers.values()
    listed = browser.text(place(solution, partner))
    box.offboard(second.waba_id)
    browser.open("/").click(place(solution, owner), "Offboard")

    assert f"Customer 1 account {first.waba_id}" in listed
    assert f"Customer 2 account {second.waba_id}" in listed
    assert not box.world.customers


def test_a_webhook_is_seen(browser: Browser, box: Box, owner: App, server: Server):
    """What was sent, to whom, in which words, with which bytes, and what came back."""
    set_callback(browser, owner, server)
    propose(browser, owner, name="Seen")

    wait_for_deliveries(browser, 1)

    (attempt,) = box.courier.attempts
    shown = browser.text("deliveries")
    assert "2025-10-09 08:53:20 Owner app SOLUTION_CREATED INITIATED Seen 200 delivered" in shown
    assert attempt.body.decode() in shown
    assert attempt.headers["X-Hub-Signature-256"] in shown
    assert f"POST {server.url}/webhook" in shown
    assert "Nothing waits to be delivered." in browser.text("clock")


def test_the_clock_brings_retries(browser: Browser, box: Box, owner: App, server: Server):
    """A callback that refuses is asked again when the clock is moved on, and given up at the end."""
    set_callback(browser, owner, server)
    owner.secret = "another"
    propose(browser, owner)
    wait_for_deliveries(browser, 1)
    waits = browser.text("clock")

    browser.click("clock", "+1 min")
    wait_for_deliveries(browser, 2)
    again = browser.text("deliveries")
    browser.click("clock", "+1 h")
    browser.click("clock", "+1 day")
    now = box.clock.now()
    browser.click("clock", "Deliver everything now")

    assert "1 change waits to be delivered, next at 2025-10-09 08:53:40." in waits
    assert "attempt 2 401 not delivered" in again
    assert now == 1_760_000_000 + 60 + 3_600 + 86_400
    assert re.search(r"\d+ attempts made\. What still failed then was given up\.", browser.text("clock"))
    assert "1 given up." in browser.text("clock")


def test_nothing_is_left_to_deliver(browser: Browser):
    """Which is said."""
    assert "There was nothing left to deliver." in browser.click("clock", "Deliver everything now").text("clock")


def test_the_test_button(browser: Browser, box: Box, owner: App, server: Server):
    """Sends a sample also while the app is unpublished, and says so where there is no callback."""
    browser.click(card(owner), "Press Test")
    refusal = browser.text(card(owner))
    set_callback(browser, owner, server)
    browser.click(card(owner), "Unpublish")
    browser.click(card(owner), "Press Test")

    wait_for_deliveries(browser, 1)

    assert "The app is not subscribed." in refusal
    assert "from the Test button" in browser.text("deliveries")
    assert json.loads(box.courier.attempts[0].body)["entry"][0]["id"] == "0"


def test_an_app_is_published_and_unpublished(browser: Browser, owner: App):
    """Its badge says what that means."""
    browser.click(card(owner), "Unpublish")
    unpublished = (owner.published, browser.text(card(owner)))
    browser.click(card(owner), "Publish")

    assert unpublished[0] is False
    assert "Unpublished: tests only" in unpublished[1]
    assert owner.published


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "nonsense"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_forms_of_other_pages_are_refused(headers: dict[str, str], browser: Browser, owner: App):
    """Cross-site request forgery: 403, and nothing has happened."""
    answer = browser.send(f"/_page/unpublish/{owner.id}", {}, headers)

    assert (answer.status_code, answer.text) == (403, "This form was sent by another page.\n")
    assert owner.published


def test_programs_and_our_own_page_are_answered(browser: Browser, owner: App):
    """No header of a browser's: it is no browser. Its own origin: it is ours."""
    for headers in ({}, {"Origin": browser.url}, {"Sec-Fetch-Site": "same-origin"}):
        owner.published = True

        answer = browser.send(f"/_page/unpublish/{owner.id}", {}, headers)

        assert answer.status_code == 303
        assert not owner.published


@pytest.mark.parametrize(
    ("action", "status"),
    [("/_page/format-the-disk/1", 404), ("/_page/publish/999", 303), ("/_page/forward/week", 303)],
)
def test_what_is_not_there(action: str, status: int, browser: Browser):
    """No such form is 404; no such thing is said on the page."""
    assert browser.send(action, {}).status_code == status


def test_a_form_that_is_too_long(browser: Browser, box: Box, owner: App):
    """Refused before all of it is kept."""
    assert browser.send(f"/_page/propose/{owner.id}", {"name": "x" * 100_000}).status_code == 303
    assert not box.world.solutions


def test_a_notice_is_not_taken_from_the_url(browser: Browser):
    """A link cannot put words into our mouth: only what was said here is shown."""
    assert "robbed" not in browser.open("/?notice=You+were+robbed").html


def test_foreign_words_stay_words(browser: Browser, box: Box, owner: App, partner: App, server: Server):
    """Markup in names of apps, solutions and customers is shown, never followed."""
    evil = "<script>alert(1)</script>\"'>"
    owner.name = partner.name = evil
    set_callback(browser.open("/"), owner, server)
    propose(browser, owner, name=evil)
    browser.click(place(only(box), partner), "Accept")
    box.onboard(only(box), name=evil)

    wait_for_deliveries(browser, 4)

    assert "<script>alert" not in browser.html
    assert browser.text(place(only(box), owner)).count(evil) == 3


def test_more_than_two_apps(browser: Browser, box: Box, owner: App):
    """A column for each portfolio; two apps of one share it; a proposal says to whom."""
    second = box.add_app("Second app", owner.portfolio_id)
    third = box.add_app("Third app")

    browser.open("/")
    propose(browser, third, name="Ours", partner=second.id)

    assert browser.html.count('<section class="party"') == 3
    assert browser.parts("solution-") == [place(only(box), second), place(only(box), third)]


def test_a_busy_box_makes_no_endless_page(browser: Browser, box: Box, owner: App, partner: App, server: Server):
    """The newest ones are shown, and how many there are besides; a long body is cut."""
    set_callback(browser, owner, server)
    box.dice.chaos = box.dice.chaos.model_copy(update={"batch_max": 1_000})
    box.courier.hold = True
    for number in range(SOLUTIONS_SHOWN * 4):
        box.create(owner, name=f"Solution {number}", partner_app_id=partner.id, owner_permissions=["MESSAGING"])
    box.courier.hold = False

    wait_for_deliveries(browser, 1)

    assert len(browser.parts("solution-")) == 2 * SOLUTIONS_SHOWN
    assert f"and {SOLUTIONS_SHOWN * 3} older ones" in browser.text("")
    assert f"and {SOLUTIONS_SHOWN * 4 - 5} more changes" in browser.text("deliveries")
    assert f"... and {len(box.courier.attempts[0].body) - BODY_CHARS_SHOWN} more characters" in browser.html


def test_the_graph_api_beside_it(browser: Browser, owner: App):
    """The page takes no path from it, with a version and without."""
    asked = {"access_token": owner.access_token, "fields": "name"}

    for path in (f"/{owner.id}", f"/v25.0/{owner.id}"):
        assert browser.client.get(path, params=asked).json() == {"name": owner.name, "id": owner.id}
