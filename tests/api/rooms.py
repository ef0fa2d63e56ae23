"""A server with something of everything, Meta in a box beside it, an endpoint to deliver to, and keys of every role."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx2

from endpoints import Endpoint, Told, listening
from partnerhook.core.access import Role
from partnerhook.core.observations import MICROSECONDS
from partnerhook.services.access import Access
from partnerhook.store import reconciliations
from partnerhook.store.engine import open_engine
from partnerhook.testing import MetaInABox
from running import SECRET, VERIFY_TOKEN, Server, check_log, wait_until, webhook
from stores import writing

PREFIX = "/api/v1"
GIVES_UP = "gives-up"
FORWARD = "inbox"
UNREADABLE = b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"partner_solutions"}]}]}'


class Api:
    """What one key gets, over HTTP."""

    def __init__(self, client: httpx2.Client, url: str, key: str | None) -> None:
        self.client = client
        self.url = url + PREFIX
        self.headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    def ask(self, method: str, path: str, **how: Any) -> httpx2.Response:
        """One request. A request without a body of its own has an empty object: all of them may be left out."""
        if method == "POST":
            how.setdefault("json", {})
        headers = self.headers | how.pop("headers", {})
        return self.client.request(method, self.url + path, headers=headers, **how)

    def get(self, path: str, **params: Any) -> Any:
        """What is answered where all is well."""
        answer = self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, document: Mapping[str, Any] | None = None, status: int = 200, **params: Any) -> Any:
        """What comes of an action where all is well."""
        answer = self.ask("POST", path, json=document or {}, params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    def all(self, path: str, **params: Any) -> list[Any]:
        """Every item of a list, page by page."""
        page = self.get(path, **params)
        items = list(page["items"])
        while page["next_cursor"] is not None:
            page = self.get(path, **params, cursor=page["next_cursor"])
            assert page["items"]
            items += page["items"]
        return items

    def refused(self, method: str, path: str, status: int, **how: Any) -> dict[str, Any]:
        """The problem document of a request that is refused so."""
        answer = self.ask(method, path, **how)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = answer.json()
        assert problem["status"] == status
        return problem


class Room:
    """All of it. A context manager."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self._open = ExitStack()
        self._folder = folder
        self._settings = settings
        self.keys: dict[Role, str] = {}

    def __enter__(self) -> Self:
        try:
            self._enter()
        except BaseException:
            self._open.close()
            raise
        return self

    def _enter(self) -> None:
        self._client = self._open.enter_context(httpx2.Client(trust_env=False, timeout=60))
        self.box = self._open.enter_context(MetaInABox())
        self.box.use_secret("owner", SECRET)
        self.endpoint: Endpoint = self._open.enter_context(listening())
        self.refusing: Endpoint = self._open.enter_context(listening())
        self.refusing.answer = lambda _: Told(500, body=b"no")
        self._folder.mkdir(exist_ok=True)
        (self._folder / "partnerhook.toml").write_text("\n".join(self._tables()))
        self.server = Server(self._folder, self._asking() | {"RECONCILE_EVERY_S": 0} | self._settings)
        self._open.callback(check_log, self.server)
        self._open.callback(self.server.kill)
        self.server.start()
        self.box.subscribe("owner", f"{self.server.url}/webhook", verify_token=VERIFY_TOKEN)
        access = Access(open_engine(f"sqlite:///{self.server.database}"))
        self.keys = {role: access.create_key(f"the {role}", role).key for role in Role}
        self.access = access

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _asking(self) -> dict[str, object]:
        app = self.box.owner
        return {"GRAPH_URL": self.box.url, "APP_ID": app.app_id, "ACCESS_TOKEN": app.access_token}

    def _tables(self) -> Iterator[str]:
        for kind, name, keys in (
            ("destinations", "crm", {"url": self.endpoint.url}),
            ("destinations", GIVES_UP, {"url": self.refusing.url, "give_up_after_s": 1}),
            ("forward", FORWARD, {"url": self.endpoint.url}),
        ):
            lines = {"name": name, "internal": True, "retry_first_s": 0.05, **keys}
            yield "\n".join([f"[[{kind}]]", *(f"{key} = {json.dumps(value)}" for key, value in lines.items()), ""])

    def api(self, role: Role = Role.ADMIN) -> Api:
        """What a key of this role gets."""
        return self.with_key(self.keys[role])

    def with_key(self, key: str | None, url: str | None = None) -> Api:
        """What any key gets; None: none is shown. `url`: at another listener."""
        return Api(self._client, url or self.server.admin_url, key)

    def interrupted_run(self) -> int:
        """A reconciliation that was begun by a process which says nothing any more: its id."""
        now = time.time_ns() // 1_000
        with writing(open_engine(f"sqlite:///{self.server.database}")) as conn:
            return reconciliations.add(conn, "somebody", "", only_checks=False, at=now - 3_600 * MICROSECONDS)

    def fill(self) -> Filled:
        """Something of everything: solutions of all kinds, a customer, a lost webhook, bodies that cannot be read."""
        accepted, asked = self.box.create("Accepted"), self.box.create("Asked for")
        self.box.deliver()
        self.box.act(accepted, "accept")
        self.box.onboard(accepted)
        self.box.deliver()
        for number in range(3):
            self.server.post(webhook(str(1_000 + number), 1_739_321_024 + number))
        self.server.post(UNREADABLE)
        self.server.post(b"no JSON at all")
        admin = self.api()
        wait_until(lambda: not admin.get("/deliveries", fate="waiting")["items"], "all are settled", within_s=90)
        assert admin.get("/deliveries", fate="dead")["items"]
        return Filled(accepted, asked)


class Filled:
    """What there is to look at."""

    def __init__(self, accepted: str, asked: str) -> None:
        self.accepted = accepted
        self.asked = asked


@contextmanager
def filled(folder: Path, **settings: object) -> Iterator[tuple[Room, Filled]]:
    """A room, filled."""
    with Room(folder, **settings) as room:
        yield room, room.fill()


Fill = Callable[[], Filled]
