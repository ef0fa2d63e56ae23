"""Somebody who uses the console without a browser: keeps the cookie, follows links, sends forms."""

from __future__ import annotations

import html
import re
from typing import Self

import httpx2

from partnerhook.services.access import Access, Role
from partnerhook.store.engine import open_engine
from running import Server

HTML = {"Accept": "text/html"}
NEXT = re.compile(r'href="([^"]+)" rel="next"')
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Person:
    """Talks to a server's management listener."""

    def __init__(self, server: Server, headers: dict[str, str] | None = None) -> None:
        self.server = server
        self.client = httpx2.Client(base_url=server.admin_url, headers=HTML | (headers or {}), trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def get(self, path: str) -> httpx2.Response:
        """Look at a page; where it leads is not followed."""
        return self.client.get(path)

    def leaf_through(self, path: str, shown: str) -> list[str]:
        """What the pattern `shown` finds on a list's pages, from one to the next until there is none."""
        found: list[str] = []
        while path:
            text = self.get(path).text
            found += re.findall(shown, text)
            following = NEXT.search(text)
            path = html.unescape(following[1]) if following else ""
        return found

    def sign_in(self, role: Role = Role.ADMIN, who: str = "ana") -> Self:
        """With a link, as `partnerhook console link` makes it."""
        link = access_of(self.server).new_link(who, role)
        answer = self.client.post(f"/sign-in/{link}", headers={"Origin": self.server.admin_url})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        return self

    def csrf(self, path: str = "/") -> str:
        """What the forms of a page carry."""
        found = CSRF.search(self.get(path).text)
        assert found is not None
        return found[1]

    def send(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> httpx2.Response:
        """Send a form of this console; where it leads is not followed."""
        sent = {"Origin": self.server.admin_url} | headers
        return self.client.post(path, data={"csrf": self.csrf()} | (fields or {}), headers=sent)


def access_of(server: Server) -> Access:
    """Who may do what there."""
    return Access(open_engine(server.environment["PARTNERHOOK_DATABASE_URL"]))
