"""Somebody who uses the console with a real browser, and what must be true of every visit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

CHROMIUM: Final = Path("/usr/bin/chromium")
"""Debian's."""

FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SCREENSHOTS: Final = Path(__file__).parents[2] / ".artifacts" / "screenshots"

PATIENCE_MS: Final = 20_000
"""For a condition, on a machine that has other things to do."""

WIDTHS: Final = {"desk": 1440, "phone": 390}
HEIGHT: Final = 900


class Visit:
    """One browser context with one page."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        device: Literal["desk", "phone"] = "desk",
        scheme: Literal["light", "dark"] = "light",
        script: bool = True,
        calm: bool = True,
        **context: Any,
    ) -> None:
        """`calm`: nothing moves; a picture of a page then is of the page, and not of something on its way."""
        self.url = url
        self._context = browser.new_context(
            base_url=url,
            viewport={"width": WIDTHS[device], "height": HEIGHT},
            color_scheme=scheme,
            reduced_motion="reduce" if calm else "no-preference",
            java_script_enabled=script,
            locale="en-GB",
            timezone_id="Europe/Lisbon",
            **context,
        )
        self.look = f"{device}-{scheme}"
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.set_default_navigation_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)

    def sign_in(self, link: str) -> Page:
        """With a link."""
        self.page.goto(link)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/")
        return self.page

    def go(self, path: str) -> Page:
        """To a page."""
        self.page.goto(path)
        return self.page

    def keep(self, name: str) -> None:
        """A picture of the whole page, for people to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}-{self.look}.png", full_page=True)

    def check(self) -> None:
        """What must be true of every page: it fits, and people who see, hear or type differently can use it."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        found = Axe().run(self.page).response["violations"]
        grave = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in {"serious", "critical"}]
        assert grave == []

    def end(self) -> None:
        """Leave; nothing went wrong, and nobody else was asked for anything."""
        self._context.close()
        assert self.errors == []
        assert self.hosts <= {urlsplit(self.url).netloc}

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _asked(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)


Open = Callable[..., Visit]
"""The fixture `visit`: somebody with a browser of their own; keywords as Visit takes them."""
