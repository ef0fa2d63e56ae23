"""A browser of a few lines: finds the forms of a page and sends them, as somebody would who clicks their buttons."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2


class Form:
    """One form: where it goes, what is in its fields, its buttons, and the part of the page it stands in."""

    def __init__(self, action: str, part: str) -> None:
        self.action = action
        self.part = part
        self.fields: dict[str, str] = {}
        self.buttons: dict[str, dict[str, str]] = {}
        """What each adds to the fields, by its label."""


class _Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: dict[str, str] = {}
        """What stands in each part that has an id."""
        self.loads: list[str] = []
        """Everything the page would load."""
        self._parts = [""]
        self._form: Form | None = None
        self._button: tuple[str, dict[str, str]] | None = None
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert "style" not in given
        assert not [name for name in given if name.startswith("on")]
        if tag in {"section", "article"}:
            self._parts.append(given.get("id", self._parts[-1]))
        self.loads += [given[name] for name in ("src", "href") if name in given]
        if tag == "form":
            self._form = Form(given["action"], self._parts[-1])
            self.forms.append(self._form)
        if self._form is None:
            return
        checkbox_off = given.get("type") == "checkbox" and "checked" not in given
        if tag == "input" and not checkbox_off:
            self._form.fields[given["name"]] = given.get("value", "on" if given.get("type") == "checkbox" else "")
        if tag == "select":
            self._select = given["name"]
        if tag == "option":
            self._form.fields.setdefault(self._select, given["value"])
        if tag == "button":
            self._button = ("", {given["name"]: given["value"]} if "name" in given else {})

    def handle_data(self, data: str) -> None:
        for part in dict.fromkeys(self._parts):
            self.text[part] = self.text.get(part, "") + data
        if self._button:
            self._button = (self._button[0] + data, self._button[1])

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._form and self._button:
            self._form.buttons[self._button[0].strip()] = self._button[1]
            self._button = None
        if tag == "form":
            self._form = None
        if tag in {"section", "article"}:
            self._parts.pop()


class Browser:
    """The emulator's page, looked at and clicked. No JavaScript."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx2.Client(base_url=url, trust_env=False)
        self.html = ""
        self._page = _Reader("")
        self.open("/")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def open(self, path: str) -> Self:
        """Look at the page anew."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        self.html = answer.text
        self._page = _Reader(self.html)
        return self

    @property
    def loads(self) -> list[str]:
        """Everything that the page loads or leads to."""
        return self._page.loads

    def text(self, part: str = "") -> str:
        """What stands in a part of the page, its blanks drawn together."""
        return " ".join(self._page.text[part].split())

    def parts(self, beginning: str) -> list[str]:
        """The ids of the parts that begin so."""
        return [part for part in self._page.text if part.startswith(beginning)]

    def buttons(self, part: str) -> list[str]:
        """The labels of the buttons in a part."""
        return [label for form in self._page.forms if form.part == part for label in form.buttons]

    def fields(self, part: str, label: str) -> dict[str, str]:
        """What is in the fields beside a button."""
        return dict(self._form(part, label).fields)

    def click(self, part: str, label: str, **fields: str | None) -> Self:
        """Fill in fields, press a button and go where that leads. None: a checkbox that is not ticked."""
        form = self._form(part, label)
        sent = {name: value for name, value in (form.fields | fields).items() if value is not None}
        answer = self.send(form.action, sent | form.buttons[label], {"Origin": self.url})
        assert answer.status_code == 303, answer.text
        place = urlsplit(answer.headers["location"])
        assert (place.scheme, place.netloc, place.path) == ("", "", "/")
        return self.open(answer.headers["location"])

    def send(self, action: str, fields: dict[str, Any], headers: dict[str, str] | None = None) -> httpx2.Response:
        """Send a form; where it leads is not followed."""
        return self.client.post(action, data=fields, headers=headers)

    def _form(self, part: str, label: str) -> Form:
        (form,) = (form for form in self._page.forms if form.part == part and label in form.buttons)
        return form
