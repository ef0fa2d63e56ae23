"""Whoever can propose a solution can name it: nothing of that runs, loads anything, or breaks a page."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect
from stage import Stage
from visit import PATIENCE_MS, Open

expect.set_options(timeout=PATIENCE_MS)

MARKED = "window.pwned=(window.pwned||0)+1"
NAMES = [
    f'<img src=x onerror="{MARKED}">',
    f'"><script>{MARKED}</script>',
    f"' onmouseover='{MARKED}' x='",
    f"</title><svg onload={MARKED}>",
    "{{ 7*7 }}${7*7}<%= 7*7 %>",
    "javascript:alert(1)//\\u003cscript",
    "\u202egnp.exe \u202d\u2066\u2069",
    "Ünïcödé 🎣🪝 👩\u200d👩\u200d👧",
    "W" * 75,
]
TURNING = re.compile("[\u200d\u202a-\u202e\u2066-\u2069]")
"""What would turn the text around it, or cannot be seen: a sign stands for it, wherever names are shown."""
WORDS = [f"<img src=x onerror={MARKED}>", '"><script>alert(1)</script>', "\u202eEVITCA", "🎣" * 20, "X" * 60]


@pytest.fixture(scope="module")
def hostile(stage: Stage) -> list[str]:
    """Pages of solutions with such names, and such words for a status."""
    known = [stage.propose(name) for name in NAMES]
    stage.act(known[0], "accept")
    stage.reconcile()
    now = int(time.time())
    for number, word in enumerate(WORDS):
        assert stage.tell(f"7744854615121{number:02}", word, now - 100).status == 200
    strange = [f"7744854615121{number:02}" for number in range(len(WORDS))]
    return [f"/solutions/default/{solution_id}" for solution_id in [*known, *strange]]


def test_names_and_words(visit: Open, stage: Stage, hostile: list[str]):
    """On every page that shows them: as text, whole, and nothing else; no page is wider for it."""
    someone = visit(device="phone")
    someone.sign_in(stage.link())
    acts = [f"{hostile[number]}/reject" for number in range(1, len(NAMES))]
    for path in [
        "/",
        "/solutions",
        *hostile,
        *acts,
        f"/?text={WORDS[0]}",
        f"/solutions?text={NAMES[1]}&app={NAMES[0]}",
    ]:
        page = someone.go(path)

        assert page.evaluate("window.pwned") is None, path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.locator("main img, main script, main [onerror], main [onmouseover], main [style]").count() == 0
        assert "49" not in page.locator("h1").inner_text()


def test_names_are_shown_as_they_are(visit: Open, stage: Stage, hostile: list[str]):
    """Every one of them, letter by letter."""
    page = visit().sign_in(stage.link())
    for path, name in zip(hostile, NAMES, strict=False):
        page.goto(path)

        assert page.locator("h1 bdi").text_content() == TURNING.sub("\ufffd", name)


def test_it_moves_and_is_read_out_as_text(visit: Open, stage: Stage, hostile: list[str]):
    """What comes in while one looks is put into the page by the script: as text, too."""
    page = visit().sign_in(stage.link())
    expect(page.locator("#live-state")).to_have_text("Live")
    solution_id = hostile[1].rpartition("/")[2]

    stage.act(solution_id, "reject")

    expect(page.locator("#column-REJECTED").locator(f"#solution-default-{solution_id}")).to_be_visible()
    expect(page.locator("#announcements")).to_contain_text("<script>")
    assert page.evaluate("window.pwned") is None


@pytest.mark.usefixtures("hostile")
def test_the_policy_would_stop_it(visit: Open, stage: Stage):
    """Should something ever get past the templates: a script, a style or a picture put into the page does nothing."""
    someone = visit()
    page = someone.sign_in(stage.link())
    answer = page.goto("/solutions")
    assert answer is not None
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert not re.search("unsafe|https?:|data:|\\*", answer.headers["content-security-policy"])

    page.evaluate(
        """() => document.body.insertAdjacentHTML("beforeend",
            `<img src="data:image/gif;base64,AAAA" onerror="window.pwned = 1">
             <p id="styled" style="color: rgb(1, 2, 3)">.</p>
             <iframe srcdoc="<script>parent.pwned = 2</script>"></iframe>`)"""
    )
    page.evaluate(
        """() => { const made = document.createElement("script"); made.textContent = "window.pwned = 3";
            document.body.append(made); }"""
    )

    assert page.evaluate("window.pwned") is None
    assert page.evaluate("getComputedStyle(document.getElementById('styled')).color") != "rgb(1, 2, 3)"
    assert someone.errors
    assert all("Content Security Policy" in one for one in someone.errors)
    someone.errors.clear()
