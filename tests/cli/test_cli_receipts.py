"""`partnerhook receipts`: the POSTs that came in, and their bytes."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing

import pytest
from commands import Command, body

from partnerhook.store import receipts
from running import BIN
from stores import new_store, writing


def test_list_as_json(command: Command):
    """Every POST in the order of arrival, with every documented key; ids are texts."""
    listed = command.json("receipts", "list")

    assert [one["receipt_id"] for one in listed] == [str(number) for number in range(1, 11)]
    fates = [one["outcomes"][0]["fate"] for one in listed]
    assert fates == [
        *["observed"] * 3,
        "duplicate",
        "test",
        "customer",
        "observed",
        "observed",
        *["quarantined"] * 2,
    ]
    assert listed[3] == {
        "receipt_id": "4",
        "app": "default",
        "received_at": "2025-06-15T15:06:50.000000Z",
        "body_bytes": len(body("ACTIVE", after=2)),
        "body_kept": True,
        "flags": [],
        "quarantined": 0,
        "outcomes": [
            {
                "path": "entry[0].changes[0]",
                "field": "partner_solutions",
                "fate": "duplicate",
                "key": listed[1]["outcomes"][0]["key"],
                "entry_id": "506914307656634",
                "reason": "",
            }
        ],
    }


def test_quarantined(command: Command):
    """Each with its reason."""
    listed = command.json("receipts", "list", "--quarantined")

    assert [(one["receipt_id"], one["app"], one["quarantined"]) for one in listed] == [
        ("9", "default", 1),
        ("10", "other", 1),
    ]
    assert all(one["outcomes"][0]["reason"] for one in listed)
    assert [one["receipt_id"] for one in command.json("receipts", "list", "--quarantined", "--app", "other")] == ["10"]


def test_list_as_lines(command: Command):
    """One line for each; reasons can be searched for."""
    lines = command.lines("receipts", "list")

    assert len(lines) == 10
    assert all(line.isprintable() for line in lines)
    assert "quarantined:1  The body is not JSON" in lines[8]


def test_show(command: Command):
    """As in the list, in JSON and as text."""
    shown = command.json("receipts", "show", "4")

    assert shown == command.json("receipts", "list")[3]
    text = "\n".join(command.lines("receipts", "show", "4"))
    assert "received          2025-06-15T15:06:50Z" in text
    assert shown["outcomes"][0]["key"] in text


def raw(command: Command, number: int) -> subprocess.CompletedProcess[bytes]:
    """`receipts show NUMBER --raw`, in bytes."""
    return subprocess.run(
        [BIN, "receipts", "show", str(number), "--raw"],
        cwd=command.folder,
        env=command.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("number", "came"), [(4, body("ACTIVE", after=2)), (9, b'{"entry": \x1b[31m'), (10, b"\xff\xfe")]
)
def test_raw(command: Command, number: int, came: bytes):
    """Exactly the bytes that came: not one more."""
    ended = raw(command, number)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, came, b"")


@pytest.mark.parametrize("number", ["9", "10"])
def test_raw_on_a_terminal(command: Command, number: str):
    """Bytes that a terminal would obey are not shown to it; where to write them is said."""
    status, seen = command.on_terminal("receipts", "show", number, "--raw")

    assert status == 1
    assert "\x1b[31m" not in seen
    assert "--raw > body" in seen


def test_harmless_raw_on_a_terminal(command: Command):
    """Plain JSON is shown."""
    status, seen = command.on_terminal("receipts", "show", "4", "--raw")

    assert (status, seen) == (0, body("ACTIVE", after=2).decode())


def test_a_body_that_was_dropped(own: Command):
    """The receipt stays and says so; the raw body names the setting that had it dropped."""
    with writing(new_store(own.folder)) as conn:
        receipts.drop_bodies(conn, range(1, 100))

    ended = raw(own, 4)

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"raw_bodies_keep_days" in ended.stderr
    assert own.json("receipts", "show", "4")["body_kept"] is False
    assert {one["body_kept"] for one in own.json("receipts", "list")} == {False}


@pytest.mark.parametrize("number", ["0", "11", "99999999999999999999", "-1"])
def test_no_such_receipt(command: Command, number: str):
    """Exit 1, one sentence."""
    ended = command.run("receipts", "show", number)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"There is no receipt {number}." in ended.stderr


def test_nothing_came_in(empty: Command):
    """`[]` for scripts, what to look at for people."""
    new_store(empty.folder)

    assert empty.json("receipts", "list") == []
    assert "Nothing came in yet" in empty.run("receipts", "list").stderr
    assert "No receipt fits" in empty.run("receipts", "list", "--quarantined").stderr


def test_quarantine_is_given_up_and_read_again(own: Command):
    """By number; what this program does not understand stays; who did it is in the audit log."""
    discarded = own.json("receipts", "discard", "9")
    retried = own.json("receipts", "retry", "10")

    assert discarded == {"discarded": 1}
    assert retried == {"understood": 0, "bodies_gone": []}
    assert [one["receipt_id"] for one in own.json("receipts", "list", "--quarantined")] == ["10"]
    assert own.json("receipts", "show", "9")["outcomes"][0]["fate"] == "discarded"
    with closing(sqlite3.connect(own.database)) as database:
        rows = database.execute("SELECT action, subject, via, outcome FROM audit_log ORDER BY id").fetchall()
    assert rows == [
        ("quarantine.discard", "receipt 9", "command", "done"),
        ("quarantine.retry", "receipt 10", "command", "done"),
    ]


def test_without_numbers_all_of_quarantine_is_asked_for(own: Command):
    """Nobody can be asked here, so --yes is needed."""
    refused = own.run("receipts", "discard")
    done = own.json("receipts", "discard", "--yes")

    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    assert done == {"discarded": 2}
    assert own.json("receipts", "list", "--quarantined") == []
    assert own.run("receipts", "retry", "99").returncode == 1
