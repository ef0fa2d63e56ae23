"""`destinations`, `deliveries`, `replay`, `listen`, `reload`, `receipts erase` as commands, beside a real server."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Command

from endpoints import Endpoint, Told, listening
from partnerhook.core.standard_webhooks import key_of
from running import Serve, Server, wait_until, webhook

NOON = 1_750_000_000
DOCUMENTED = set(re.findall(r"`([^`]+)`", (Path(__file__).parents[2] / "docs" / "json.md").read_text()))


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A destination."""
    with listening() as one:
        yield one


class Place:
    """A server with destinations, and the command in its folder."""

    def __init__(self, server: Server, endpoint: Endpoint) -> None:
        self.server = server
        self.endpoint = endpoint
        settings = {name.removeprefix("PARTNERHOOK_"): value for name, value in server.environment.items()}
        self.command = Command(server.folder, **{n: v for n, v in settings.items() if n not in {"PATH", "HOME"}})

    def step(self, word: str, after: int, solution_id: str = "77") -> None:
        """One webhook."""
        assert self.server.post(webhook(solution_id, NOON + after, word)).status == 200


@pytest.fixture
def place(serve: Serve, endpoint: Endpoint, tmp_path: Path) -> Place:
    """With a destination, a python function that is not delivered to, and a forward target."""
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "partnerhook.toml").write_text(
        f'[[destinations]]\nname = "crm"\nurl = "{endpoint.url}"\ninternal = true\nretry_first_s = 0.05\n'
        f'give_up_after_s = 1\ntypes = ["solution.*"]\n'
        f'[[forward]]\nname = "inbox"\nurl = "{endpoint.url}/post"\ninternal = true\nfields = ["messages"]\n'
    )
    return Place(serve(folder=folder), endpoint)


def test_looking(place: Place):
    """Every key is documented; a secret is nowhere."""
    place.step("INITIATED", 0)
    wait_until(lambda: place.endpoint.got, "delivered")
    command = place.command
    wait_until(lambda: command.json("deliveries", "list")[0]["fate"] == "done", "settled")

    shown = [
        *command.json("destinations", "list"),
        command.json("destinations", "show", "inbox"),
        command.json("deliveries", "show", "1") | {"document": {}},
        command.json("destinations", "test", "crm"),
    ]

    assert [one["name"] for one in shown[:2]] == ["crm", "inbox"]
    assert shown[0]["where"] == place.endpoint.url.removesuffix("/hook")
    assert shown[0]["filters"] == {"types": ["solution.*"]}
    assert set().union(*shown) <= DOCUMENTED
    assert shown[-1]["taken"] is True
    assert place.endpoint.documents()[-1]["type"] == "partnerhook.test"


def test_for_people(place: Place):
    """A line each; what there is not is said."""
    assert place.command.lines("destinations", "list")[0].split()[:3] == ["crm", "http", "works"]
    assert "Nothing was to be delivered yet" in place.command.run("deliveries", "list").stderr
    for arguments in (("destinations", "show", "crn"), ("deliveries", "show", "7"), ("deliveries", "retry", "7")):
        ended = place.command.run(*arguments)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("partnerhook: ")


def test_a_test_that_fails(place: Place):
    """Exit 1, with what was said; of a forward target there is none."""
    place.endpoint.answer = lambda _: Told(500, body=b"out of order")

    ended = place.command.run("destinations", "test", "crm")

    assert ended.returncode == 1
    assert "crm did not take the test notice" in ended.stdout
    assert "It said: out of order" in ended.stdout
    assert "there is no test notice" in place.command.run("destinations", "test", "inbox").stderr


def test_pause_and_resume(place: Place):
    """What is for it waits meanwhile."""
    command = place.command
    command.lines("destinations", "pause", "crm", "--reason", "it moves")
    place.step("INITIATED", 0)
    (one,) = command.json("deliveries", "list")

    assert one["fate"] == "waiting"
    assert command.json("destinations", "show", "crm")["paused_reason"] == "it moves"
    command.lines("destinations", "resume", "crm")
    wait_until(lambda: place.endpoint.got, "delivered")


def test_dead_ones(place: Place):
    """Given up, tried again, discarded."""
    place.endpoint.answer = lambda _: Told(400)
    place.step("INITIATED", 0)
    command = place.command
    wait_until(lambda: command.json("deliveries", "list")[0]["fate"] == "dead", "given up", within_s=20)

    assert "there is no terminal" in command.run("deliveries", "discard").stderr
    assert command.json("deliveries", "discard", "1") == {"discarded": 1}
    place.endpoint.answer = lambda _: Told()
    assert command.json("deliveries", "retry", "1") == {"put_back": 1}
    wait_until(lambda: command.json("deliveries", "list")[0]["fate"] == "done", "delivered")
    assert len(command.json("deliveries", "show", "1")["attempts_made"]) > 1


def test_replay(place: Place):
    """With the ids that they had; a dry run sends nothing."""
    place.step("INITIATED", 0)
    place.step("ACTIVE", 1)
    wait_until(lambda: len(place.endpoint.got) == 2, "delivered")
    command = place.command

    dry = command.json("replay", "--since", "1h", "--dry-run")
    sent = command.json("replay", "--type", "solution.activated", "--yes")

    assert dry == {"notices": 2, "deliveries": 2, "enqueued": False, "by_destination": {"crm": 2}}
    assert (sent["notices"], sent["deliveries"], sent["enqueued"]) == (1, 1, True)
    wait_until(lambda: len(place.endpoint.got) == 3, "once more")
    ids = [one["id"] for one in place.endpoint.documents()]
    assert ids[2] == ids[1]
    assert "no destination nobody" in command.run("replay", "--destination", "nobody").stderr


def test_listen_goes_on_where_it_stopped(place: Place):
    """Nothing is missed while it was off; what is passed on is tried until it is taken, and told again if not."""
    place.step("INITIATED", 0)
    command = place.command
    with listening() as developer:
        developer.answer = lambda _: Told(200 if len(developer.got) == 1 else 503)
        first = command.start("listen", "--since", "1h", "--forward-to", developer.url, "--format", "json")
        assert first.stdout is not None
        assert json.loads(first.stdout.readline())["type"] == "partnerhook.solution.requested"
        wait_until(lambda: len(developer.got) == 2, "tried again", within_s=20)
        place.step("ACTIVE", 1)
        assert json.loads(first.stdout.readline())["type"] == "partnerhook.solution.activated"
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=30)
    place.step("PENDING_DEACTIVATION", 2)

    again = command.start("listen")

    assert again.stdout is not None
    lines = [again.stdout.readline() for _ in range(2)]
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=30)
    assert ["solution.activated" in lines[0], "solution.deactivation_requested" in lines[1]] == [True, True]


def test_reload(place: Place):
    """A running server takes the file over, or says why not; without one it fails."""
    file = place.server.folder / "partnerhook.toml"
    file.write_text(
        file.read_text() + f'[[destinations]]\nname = "second"\nurl = "{place.endpoint.url}"\ninternal = true\n'
    )

    (answer,) = place.command.json("reload")

    assert answer["outcome"] == "reloaded"
    place.step("INITIATED", 0)
    wait_until(lambda: len(place.endpoint.got) == 2, "both")
    file.write_text(file.read_text().replace("second", "Second"))
    wrong = place.command.run("reload")
    assert wrong.returncode == 1
    assert "destinations.Second" in wrong.stderr
    file.write_text("")
    place.server.stop()
    assert "No server answered" in place.command.run("reload").stderr


def test_rotate_secret(place: Place):
    """A new one that fits, and nothing is changed."""
    made = place.command.json("destinations", "rotate-secret", "crm")["secret"]

    assert len(key_of(made)) == 32
    assert made not in (place.server.folder / "partnerhook.toml").read_text()


def test_erase(place: Place):
    """By number, or by a text; nobody is asked without a terminal."""
    place.step("INITIATED", 0)
    command = place.command

    assert "there is no terminal" in command.run("receipts", "erase", "1").stderr
    assert command.json("receipts", "erase", "--containing", "solution_id", "--yes") == {"erased": 1}
    assert command.json("receipts", "show", "1")["body_kept"] is False
    assert command.run("receipts", "erase").returncode == 1


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('[[destinations]]\nname = "x"\n', "destinations.x is of kind http and needs url."),
        ('[[destinations]]\nurl = "https://a.example"\n', "number 1 of [[destinations]] has no name"),
        ('[[destinations]]\nname = "x"\nurl = "http://a.example"\n', "it needs https, or internal = true"),
        (
            '[[destinations]]\nname = "x"\nkind = "file"\npath = "f"\nsecret = "whsec_x"\n',
            "this is not whsec_ and base64",
        ),
        ('[[destinations]]\nname = "x"\nkind = "fax"\n', "destinations.x.kind"),
        ('[[destinations]]\nname = "x"\nkind = "python"\nfunction = "nowhere:f"\n', "nowhere"),
        ('[[destinations]]\nname = "x"\nkind = "file"\npath = "f"\ntopic = "t"\n', "topic is for kafka"),
        ('[[destinations]]\nname = "x"\nkind = "file"\npath = "f"\napps = ["y"]\n', "there is no app 'y'"),
        ('[[destinations]]\nname = "x"\nkind = "file"\npath = "f"\nstatuses = ["Y"]\n', "there is no status 'Y'"),
        ('[[forward]]\nname = "x"\n', "forward.x needs url."),
        ('[[forward]]\nname = "x"\nurl = "ftp://a.example"\n', "forward.x"),
    ],
)
def test_a_wrong_table(empty: Command, table: str, sentence: str):
    """`serve` does not start, and says which and why."""
    (empty.folder / "partnerhook.toml").write_text(f'app_secret = "s"\nverify_token = "v"\n{table}')
    empty.settings |= {"PARTNERHOOK_LISTEN": "127.0.0.1:0", "PARTNERHOOK_ADMIN_LISTEN": "127.0.0.1:0"}

    ended = empty.run("serve")

    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
