"""What browser tests look at: Meta in a box, a receiver at the callback of its second app, and a way in."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from partnerhook.core.access import Role
from partnerhook.services.access import Access
from partnerhook.store.engine import open_engine
from partnerhook.testing import MetaInABox
from running import BIN, SECRET, VERIFY_TOKEN, Answer, Server, check_log, webhook


class Stage:
    """A context manager. Our app is the box's partner: proposals of the other one come in, ours go out."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.meta = MetaInABox()
        self._folder = folder
        self._settings = settings
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self.meta)
        self.meta.use_secret("partner", SECRET)
        ours = self.meta.partner
        settings = {
            "GRAPH_URL": self.meta.url,
            "APP_ID": ours.app_id,
            "ACCESS_TOKEN": ours.access_token,
            "RECONCILE_EVERY_S": "0",
            **self._settings,
        }
        self.server = Server(self._folder, settings)
        self._open.callback(self._end)
        self.server.start()
        self.meta.subscribe("partner", f"{self.server.url}/webhook", verify_token=VERIFY_TOKEN)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def url(self) -> str:
        """Of the console."""
        return self.server.admin_url

    def link(self, who: str = "ana", role: Role = Role.OPERATOR) -> str:
        """A link that lets somebody in, once."""
        access = Access(open_engine(self.server.environment["PARTNERHOOK_DATABASE_URL"]))
        return f"{self.url}/sign-in/{access.new_link(who, role)}"

    def propose(self, name: str, *, ours: bool = False) -> str:
        """One side proposes a solution; its webhook comes in. Its id."""
        solution_id = self.meta.create(name, by="partner" if ours else "owner")
        self.meta.deliver()
        return solution_id

    def act(self, solution_id: str, *actions: str) -> None:
        """Whoever may does one after the other; the webhooks come in."""
        for action in actions:
            self.meta.act(solution_id, action)
            self.meta.deliver()

    def reconcile(self) -> None:
        """Ask the Graph API, which tells names and sides."""
        subprocess.run(
            [BIN, "reconcile"],
            env=self.server.environment,
            cwd=self._folder,
            check=True,
            capture_output=True,
            timeout=60,
        )

    def tell(self, solution_id: str, status: str, at: int, **how: Any) -> Answer:
        """A webhook of a solution that the box knows nothing of."""
        return self.server.post(webhook(solution_id, at, status), **how)

    def _end(self) -> None:
        self.server.kill()
        check_log(self.server)
