"""`partnerhook trigger` against the real receiver."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from commands import Command

from partnerhook.core.signature import verify
from partnerhook.core.triggers import TRIGGER_OF_NAME
from running import SECRET, Serve, Server

STATES = {
    "draft-saved": ("DRAFT", "NONE"),
    "request-sent": ("INITIATED", "PENDING_ACTIVATION"),
    "accepted": ("ACTIVE", "NONE"),
    "rejected": ("REJECTED", "NONE"),
    "deactivation-requested": ("ACTIVE", "PENDING_DEACTIVATION"),
    "deactivated": ("DEACTIVATED", "NONE"),
}
"""Status and pending of a solution of which nothing else was heard."""

WRITTEN = {
    "draft-saved": "draft-saved",
    "request-sent": "request",
    "accepted": "ACTIVE",
    "rejected": "Reject",
    "deactivation-requested": "PENDING_DEACTIVATION",
    "deactivated": "accept_deactivation",
}
"""A name, an alias or the status word, in any spelling."""


def beside(server: Server, **settings: str) -> Command:
    """The command with the server's own settings: its secret, its database, the address it listens on."""
    address = server.url.removeprefix("http://")
    here = {"APP_SECRET": SECRET, "DATABASE_URL": f"sqlite:///{server.database}", "LISTEN": address}
    return Command(server.folder, **here | settings)


def solution(command: Command, solution_id: str) -> dict[str, Any]:
    """What `solutions show` tells."""
    told: dict[str, Any] = command.json("solutions", "show", solution_id)
    return told


@pytest.mark.parametrize("name", STATES)
def test_each_of_the_six(name: str, server: Server):
    """However it is written: taken, and the solution is in the state that Meta's word stands for."""
    command = beside(server)

    sent = command.json("trigger", WRITTEN[name])

    told = solution(command, sent["solution_id"])
    assert (sent["trigger"], [answer["status"] for answer in sent["answers"]]) == (name, [200])
    assert (sent["event"], sent["solution_status"]) == tuple(TRIGGER_OF_NAME[name].update("1"))[::2]
    assert (told["status"], told["pending"]) == STATES[name]
    assert (told["reported_status"], told["since"]) == (sent["solution_status"], sent["time"])
    assert (told["portfolio_id"], told["observations"], told["anomalies"]) == (sent["portfolio_id"], 1, [])


def test_the_json_has_the_body_as_sent(server: Server):
    """So that it can be signed again, or sent by other means."""
    sent = beside(server).json("trigger", "accepted", "--solution-id", "5001", "--portfolio-id", "77", "--time", "9")

    assert sent["url"] == f"{server.url}/webhook"
    assert json.loads(sent["body"])["entry"][0] == {
        "changes": [
            {
                "field": "partner_solutions",
                "value": {"event": "SOLUTION_UPDATED", "solution_id": "5001", "solution_status": "ACTIVE"},
            }
        ],
        "id": "77",
        "time": 9,
    }
    assert (sent["portfolio_id"], sent["time"]) == ("77", "1970-01-01T00:00:09Z")


def test_the_same_again_is_a_duplicate(server: Server):
    """Sent three times, heard once and repeated twice."""
    command = beside(server)

    lines = command.lines("trigger", "accepted", "--solution-id", "5002", "--times", "3")

    told = solution(command, "5002")
    assert lines[:2] == [f"POST {server.url}/webhook", "SOLUTION_UPDATED / ACTIVE"]
    assert lines[2].startswith("solution 5002  portfolio 506914307656634  time 20")
    assert [line.partition(" in ")[0] for line in lines[3:]] == ["answered 200"] * 3
    assert (told["observations"], told["timeline"][0]["repeats"]) == (1, 2)


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("1700000000", "2023-11-14T22:13:20Z"),
    ],
)
def test_times_in_the_past(given: str, at: str, server: Server):
    """In RFC 3339, without an offset in UTC, or in Unix seconds."""
    command = beside(server)

    sent = command.json("trigger", "accepted", "--time", given)

    assert sent["time"] == at
    assert solution(command, sent["solution_id"])["since"] == at


def test_what_is_late_takes_its_place_in_the_past(server: Server):
    """The request is sent after its acceptance: the solution stays accepted."""
    command = beside(server)

    command.lines("trigger", "accepted", "--solution-id", "5003", "--time", "2024-02-29T12:00:01Z")
    command.lines("trigger", "request-sent", "--solution-id", "5003", "--time", "2024-02-29T12:00:00Z")

    told = solution(command, "5003")
    assert (told["status"], [entry["effect"] for entry in told["timeline"]]) == ("ACTIVE", ["late", "changed"])


def test_a_time_that_nobody_can_read(server: Server):
    """Milliseconds by mistake, as Meta might: taken, and flagged."""
    command = beside(server)

    sent = command.json("trigger", "accepted", "--time", "1700000000000")

    (entry,) = solution(command, sent["solution_id"])["timeline"]
    assert (sent["time"], entry["flags"]) == ("1700000000000", ["time_unreadable"])


def test_the_dashboards_test_changes_nothing(server: Server):
    """Portfolio 0 is nobody's: 200, and no solution."""
    command = beside(server)

    command.lines("trigger", "accepted", "--solution-id", "5004", "--portfolio-id", "0")

    assert command.run("solutions", "show", "5004").returncode == 1


def test_a_wrong_secret_is_refused(server: Server, tmp_path: Path):
    """401 with its sentence, exit 1; the JSON is whole all the same, and no secret in it."""
    (tmp_path / "wrong").write_text("hush-the-wrong-one")

    ended = beside(server).run("trigger", "accepted", "--secret-file", str(tmp_path / "wrong"), "--format", "json")

    (answer,) = json.loads(ended.stdout)["answers"]
    assert (ended.returncode, ended.stderr) == (1, "")
    assert (answer["status"], answer["text"]) == (401, "The signature does not match the body.")
    assert "hush" not in ended.stdout


def test_another_path_is_not_found(server: Server):
    """The answer is told, and exit 1."""
    ended = beside(server).run("trigger", "accepted", "--url", f"{server.url}/elsewhere")

    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.splitlines()[-1].startswith("answered 404 in ")


def test_several_apps(serve: Serve):
    """Which one must be said; its secret and its path are used, the latter with its escapes."""
    apps = {
        "APPS__ACME__APP_SECRET": "acmes-own",
        "APPS__ACME__VERIFY_TOKEN": "t",
        "APPS__ACME__PATH": "/légacy%20hook",
    }
    server = serve(**apps)
    command = beside(server, **apps)

    unsaid = command.run("trigger", "accepted", "--solution-id", "1")
    sent = command.json("trigger", "accepted", "--solution-id", "1", "--app", "acme")

    assert unsaid.returncode == 1
    assert "Several apps are configured (default, acme); name one with --app." in unsaid.stderr
    assert sent["url"] == f"{server.url}/l%C3%A9gacy%20hook"
    assert [(one["app"], one["status"]) for one in command.json("solutions", "list")] == [("acme", "ACTIVE")]


def test_where_nobody_listens(tmp_path: Path):
    """One sentence with the URL, exit 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/webhook"

    ended = Command(tmp_path, APP_SECRET="hush-hush").run("trigger", "accepted", "--url", url)

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"partnerhook: No answer from {url}: ")
    assert ended.stderr.endswith("Connection refused. Is the receiver running there?\n")
    assert "hush" not in ended.stdout + ended.stderr


def test_what_is_sent_on_the_wire(tmp_path: Path):
    """Meta's headers and a signature over the very bytes; a redirection is no delivery, and is not followed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = Command(tmp_path, APP_SECRET=SECRET).start(
            "trigger", "accepted", "--url", f"http://127.0.0.1:{port}/x"
        )
        connection, _ = listener.accept()
        with connection:
            head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
            fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
            while len(body) < int(fields["content-length"]):
                body += connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n")
        output, errors = process.communicate(timeout=30)

    assert head.startswith(b"POST /x HTTP/1.1\r\n")
    assert (fields["content-type"], fields["user-agent"]) == ("application/json", "facebookexternalua")
    assert verify(body, fields["x-hub-signature-256"], [SECRET]).raw == body
    assert (process.returncode, errors) == (1, "")
    assert output.splitlines()[-1].startswith("answered 302 in ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["approved"], ["There is no trigger 'approved'", *STATES]),
        (["accepted", "--times", "0"], ["--times", "Must be >= 1"]),
        (["accepted", "--time", "yesterday"], ["'yesterday' is neither Unix seconds, nor a time such as"]),
        (["accepted", "--time", "1969-12-31"], ["lies before 1970"]),
        (["accepted", "--solution-id", "abc"], ["An id is a string of digits."]),
        (["accepted", "--url", "127.0.0.1:8080"], ["it is no URL such as http://127.0.0.1:8080/webhook"]),
        (["accepted", "--url", "http://me:hush@127.0.0.1/"], ["a password in it would show"]),
        ([], ["NAME requires an argument"]),
    ],
    ids=" ".join,
)
def test_a_wrong_call(arguments: list[str], told: list[str], empty: Command):
    """Exit 2, and what would be right; nothing is sent."""
    ended = empty.run("trigger", *arguments)

    words = " ".join(ended.stderr.replace("│", " ").split())
    assert (ended.returncode, ended.stdout) == (2, "")
    assert [text for text in told if text not in words] == []
    assert "hush" not in words


def test_a_free_port_is_not_known(empty: Command):
    """Where the configuration lets the receiver choose its port, the URL must be named."""
    empty.settings = {"PARTNERHOOK_APP_SECRET": SECRET, "PARTNERHOOK_LISTEN": "127.0.0.1:0"}

    ended = empty.run("trigger", "accepted")

    assert ended.returncode == 1
    assert "name the receiver with --url" in ended.stderr


@pytest.mark.parametrize(
    ("listen", "url"), [("0.0.0.0:1", "http://127.0.0.1:1/webhook"), ("[::]:1", "http://[::1]:1/webhook")]
)
def test_a_receiver_on_every_address_is_on_this_machine(listen: str, url: str, empty: Command):
    """Without --url the event goes to the loopback address. Nobody listens on port 1."""
    empty.settings = {"PARTNERHOOK_APP_SECRET": SECRET, "PARTNERHOOK_LISTEN": listen}

    ended = empty.run("trigger", "accepted")

    assert ended.returncode == 1
    assert ended.stdout.startswith(f"POST {url}\n")
