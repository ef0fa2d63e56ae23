"""docs/json.md is complete: every key and every word of ours that a script can meet."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from commands import ODD, SOLUTION, Command

from partnerhook.core.names import MEANING_OF_FLAG, Pending, Status
from partnerhook.core.receipts import Fate
from partnerhook.core.signature import Diagnosis
from partnerhook.core.timeline import Effect
from partnerhook.core.triggers import TRIGGER_OF_NAME
from partnerhook.testing import MetaInABox
from running import SECRET, Server

DOCUMENT = (Path(__file__).parents[2] / "docs" / "json.md").read_text()
DOCUMENTED = set(re.findall(r"`([^`]+)`", DOCUMENT))


def keys(value: Any) -> Iterator[str]:
    """Every key in a document."""
    if isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from keys(part)
    elif isinstance(value, list):
        for part in value:
            yield from keys(part)


def test_every_key(command: Command):
    """Of every command that has JSON."""
    documents = [
        command.json("solutions", "list"),
        command.json("solutions", "show", SOLUTION),
        command.json("solutions", "explain", ODD),
        command.json("observations", "list"),
        command.json("receipts", "list"),
        command.json("receipts", "retry", "1"),
        command.json("receipts", "discard", "1"),
        command.json("rebuild"),
        command.json("migrate"),
        command.json("version"),
    ]

    assert set(keys(documents)) <= DOCUMENTED


def test_every_key_of_a_difference(own: Command):
    """What `rebuild` reports of rows that are gone."""
    with closing(sqlite3.connect(own.database)) as database, database:
        database.execute("DELETE FROM solutions")

    told = own.json("rebuild")

    assert len(told["differences"]) == 3
    assert set(keys(told)) <= DOCUMENTED


def test_every_key_of_tries_and_settings(server: Server, tmp_path: Path):
    """Of commands that need a receiver, a secret or a configuration."""
    (tmp_path / "body").write_bytes(b"{}")
    command = Command(tmp_path, APP_SECRET=SECRET, VERIFY_TOKEN="t")
    signed = command.json("signature", "sign", "--body", "body")
    checked = command.json("config", "check")

    documents = [
        command.json("trigger", "accepted", "--url", f"{server.url}/webhook"),
        command.json("blast", "--url", f"{server.url}/webhook", "--count", "1")
        | {"answers": {}},  # its keys are statuses
        signed,
        command.json("signature", "verify", "--body", "body", "--signature", signed["signature"]),
        command.json("signature", "diagnose", "--body", "body"),
        command.json("config", "show"),
        checked | {"callbacks": {}},  # its keys are names of apps
        command.json("config", "init"),
    ]

    assert list(checked["callbacks"]) == ["default"]
    assert set(keys(documents)) <= DOCUMENTED


def test_every_key_of_what_asks_meta(server: Server, tmp_path: Path):
    """Of commands that need the Graph API."""
    with MetaInABox() as box:
        app = box.owner
        command = Command(
            tmp_path,
            APP_SECRET=app.app_secret,
            VERIFY_TOKEN="t",
            APP_ID=app.app_id,
            ACCESS_TOKEN=app.access_token,
            GRAPH_URL=box.url,
            PUBLIC_URL=server.url,
        )
        command.run("migrate")
        solution_id = box.create()
        documents = [
            command.json("reconcile"),
            command.json("solutions", "show", solution_id),
            command.json("graph", "list"),
            command.json("solutions", "create", "Ours", "--partner-app-id", box.partner.app_id, "--yes"),
            command.json("solutions", "accept", solution_id, "--dry-run"),
            command.json("subscribe", "--dry-run"),
            json.loads(command.run("doctor", "--format", "json").stdout),
        ]

    assert documents[0]["drift"][0]["difference"] == "new"
    assert documents[1]["graph"]["role"] == "OWNER"
    assert set(keys(documents)) <= DOCUMENTED


def test_every_word():
    """Fates, effects, flags with their meaning, statuses, diagnoses, triggers."""
    assert {*Fate, *Effect, *Status, *Pending, *Diagnosis, *TRIGGER_OF_NAME} <= DOCUMENTED
    assert all(f"| `{flag}` | {meaning} |" in DOCUMENT for flag, meaning in MEANING_OF_FLAG.items())
