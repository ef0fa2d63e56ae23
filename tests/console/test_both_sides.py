"""The emulator's page and the console, side by side in a browser: what is done on one shows on the other."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from stage import Stage
from visit import PATIENCE_MS, Open

expect.set_options(timeout=PATIENCE_MS)


@pytest.mark.parametrize(("device", "scheme"), [("desk", "light"), ("desk", "dark"), ("phone", "light")])
def test_the_emulators_page_can_be_used_by_everybody(device: str, scheme: str, visit: Open, stage: Stage):
    """With a solution in it and deliveries; on a phone, in the dark; axe finds nothing grave."""
    solution_id = stage.propose("Seen from both sides")
    stage.act(solution_id, "accept")
    someone = visit(url=stage.meta.url, device=device, scheme=scheme)
    page = someone.go("/")

    expect(page.get_by_role("heading", name="Seen from both sides").first).to_be_visible()
    someone.check()
    someone.keep("emulator")


def test_accepting_on_the_emulators_page(visit: Open, stage: Stage):
    """One window has Meta's box, the other one the board: the card moves."""
    solution_id = stage.propose("Answered over there")
    board = visit().sign_in(stage.link())
    card = board.locator(f"#solution-default-{solution_id}")
    expect(board.locator("#column-INITIATED").locator(card)).to_be_visible()
    meta = visit(url=stage.meta.url).go("/")

    there = meta.locator(f"#solution-{solution_id}-{stage.meta.partner.app_id}")
    there.get_by_role("button", name="Accept").click()
    expect(there).to_contain_text("Active")
    meta.get_by_role("button", name="Deliver everything now").click()

    expect(board.locator("#column-ACTIVE").locator(card)).to_be_visible()
