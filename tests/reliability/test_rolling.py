"""A new release beside the last one: the schema first, then the processes, and back again.

Real programs, each with its own code: the last release from the history, today's, and one that is made up with a
migration more than today's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from endpoints import Endpoint, listening
from partnerhook.store.schema import HEAD, metadata, schema_versions
from programs import Program, last_released, made_up, todays
from running import Server, check_log, wait_until, webhook
from stores import POSTGRESQL, SQLITE, new_url

NOON: Final = 1_750_000_000
LIFE: Final = ("DRAFT", "INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED")
TOLD: Final = [f"solution.{one}" for one in ("drafted", "requested", "activated", "deactivation_requested")]
NEXT: Final = "9000"

EXPANDS: Final = "\n".join(
    [
        *[
            f'    op.add_column("{table}", sa.Column("made_up_{n}", sa.Text, {how}))'
            for table in sorted(metadata.tables.keys() - {schema_versions.name})
            for n, how in enumerate(("nullable=True", 'nullable=False, server_default="x"'))
        ],
        '    op.create_table("made_up", sa.Column("name", sa.Text, primary_key=True))',
        '    op.create_index("made_up_time", "observations", ["time"])',
    ]
)
"""All that an expanding migration may do, to every table that may change."""

Made = Callable[[Path], Program]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where source trees are unpacked, once for all tests of this file."""
    return tmp_path_factory.mktemp("programs")


def expanded(folder: Path) -> Program:
    """The next release as it should be."""
    return made_up(folder, head=NEXT, works_with=HEAD, migration=EXPANDS)


class Site:
    """A database and a destination, and whichever program serves them."""

    def __init__(self, folder: Path, database: str, endpoint: Endpoint) -> None:
        self._folder = folder / "site"
        self._folder.mkdir()
        (self._folder / "partnerhook.toml").write_text(
            f'[[destinations]]\nname = "crm"\nurl = "{endpoint.url}"\ninternal = true\nretry_first_s = 0.05\n'
        )
        self._settings = {"DATABASE_URL": new_url(self._folder, database)}
        self._solutions = count(7000)
        self.servers: list[Server] = []

    def prepare(self, program: Program) -> Server:
        """A server of that program, not started; its settings are good for its commands."""
        return program.server(self._folder, self._settings)

    def serve(self, program: Program) -> Server:
        """Start it."""
        server = self.prepare(program)
        self.servers.append(server)
        return server.start()

    def live(self, server: Server, steps: range, solution_id: str | None = None) -> str:
        """Some steps of a solution's life, the first of them twice, and something unreadable. All is answered 200."""
        solution_id = solution_id or str(next(self._solutions))
        bodies = [webhook(solution_id, NOON + number, LIFE[number]) for number in steps]
        for body in (*bodies, bodies[0], b"no JSON"):
            assert server.post(body).status == 200
        assert server.get("/readyz", server.admin_url).status == 200
        return solution_id


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def site(request: pytest.FixtureRequest, tmp_path: Path, endpoint: Endpoint) -> Iterator[Site]:
    """An empty one."""
    site = Site(tmp_path, request.param, endpoint)
    yield site
    for server in site.servers:
        server.kill()
    for server in site.servers:
        check_log(server)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Where notices go."""
    with listening() as endpoint:
        yield endpoint


def told_of(endpoint: Endpoint, solution_id: str) -> list[str]:
    """The steps it was told of, in the order of their first coming: each may come again."""
    ids = {one["id"]: one["type"] for one in endpoint.documents() if one["subject"] == solution_id}
    names = (name.removeprefix("partnerhook.") for name in ids.values())
    return [name for name in names if name in TOLD]


def check_state(site: Site, program: Program, solution_ids: list[str]) -> None:
    """What a program's own commands say: every state is right, and the log agrees with the projection."""
    server = site.prepare(program)
    listed = program.json(server, "solutions", "list")
    found = {one["solution_id"]: (one["status"], one["pending"], one["observations"]) for one in listed}
    assert found == dict.fromkeys(solution_ids, ("ACTIVE", "PENDING_DEACTIVATION", 4))
    assert program.json(server, "rebuild", "--check")["differences"] == []
    assert program.json(server, "deliveries", "list", "--fate", "waiting") == []
    assert len(program.json(server, "receipts", "list", "--quarantined")) > 0


PAIRS = pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(last_released, lambda _: todays(), id="last release to today's"),
        pytest.param(lambda _: todays(), expanded, id="today's to the next"),
    ],
)


@PAIRS
def test_the_older_program_works_on_the_newer_schema(
    site: Site, endpoint: Endpoint, programs: Path, old: Made, new: Made
):
    """It goes on while the schema is changed, it can be started anew, and the newer one takes over and hands back."""
    before, after = old(programs), new(programs)
    before.json(site.prepare(before), "migrate")
    server = site.serve(before)
    begun = site.live(server, range(2))

    assert after.json(site.prepare(after), "migrate") == {"before": before.head, "after": after.head, "changed": True}

    lives = [site.live(server, range(2, 4), begun), site.live(server, range(4))]
    if before.knows_newer_schemas:
        assert server.stop() == 0
        server = site.serve(before)
        lives.append(site.live(server, range(4)))
        wait_for_notices(endpoint, lives)
        check_state(site, before, lives)
    assert server.stop() == 0

    server = site.serve(after)
    lives.append(site.live(server, range(4)))
    wait_for_notices(endpoint, lives)
    check_state(site, after, lives)
    if before.knows_newer_schemas:
        assert server.stop() == 0
        wait_for_notices(endpoint, [site.live(site.serve(before), range(4))])
        unchanged = {"before": after.head, "after": after.head, "changed": False}
        assert before.json(site.prepare(before), "migrate") == unchanged


def wait_for_notices(endpoint: Endpoint, solution_ids: list[str]) -> None:
    """Until each solution's were delivered, in their order."""
    for solution_id in solution_ids:
        wait_until(lambda one=solution_id: told_of(endpoint, one) == TOLD, f"notices of {solution_id}", within_s=60)


def test_a_schema_that_needs_a_newer_program_says_so(site: Site, programs: Path):
    """Whatever takes something away names the oldest program that does without; older ones say what to install."""
    before = todays()
    after = made_up(programs, head="9001", works_with="9001", migration='    op.drop_table("alarms")')
    prepared = site.prepare(before)
    before.json(prepared, "migrate")
    after.json(prepared, "migrate")

    for arguments in (["serve"], ["migrate"], ["solutions", "list"]):
        ended = before.run(prepared, *arguments)

        assert ended.returncode == 1, arguments
        assert "version 9001" in ended.stderr + ended.stdout
        assert "Install a newer Partnerhook" in ended.stderr + ended.stdout
