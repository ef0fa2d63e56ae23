"""What commands change is in the audit log, as what people and scripts change is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from commands import Command

from endpoints import Told, listening
from partnerhook.services.audit import Audit, AuditEntry, AuditFilter
from partnerhook.store.engine import open_engine
from running import Serve, wait_until, webhook
from stores import new_store


def entries(command: Command) -> list[AuditEntry]:
    """All there are, the newest first."""
    return Audit(open_engine(f"sqlite:///{command.database}")).page(AuditFilter())


def newest(command: Command) -> tuple[str, str, str | None]:
    """Action, subject and outcome."""
    one = entries(command)[0]
    return one.action, one.subject, one.outcome


def test_each_change_is_written_down(serve: Serve, tmp_path: Path):
    """By whom: the user of this host. What only looks is not in it."""
    with listening() as endpoint:
        endpoint.answer = lambda _: Told(400)
        (tmp_path / "partnerhook.toml").write_text(
            f'[[destinations]]\nname = "crm"\nurl = "{endpoint.url}"\ninternal = true\n'
            "retry_first_s = 0.05\ngive_up_after_s = 1\n"
        )
        server = serve(folder=tmp_path)
        assert server.post(webhook("77")).status == 200
        database = server.environment["PARTNERHOOK_DATABASE_URL"]
        command = Command(tmp_path, DATABASE_URL=database)

        def given_up() -> bool:
            return bool(command.json("deliveries", "list", "--fate", "dead"))

        wait_until(given_up, "given up", within_s=20)
        for arguments, action, subject in (
            (("deliveries", "retry", "1"), "delivery.retry", "1 deliveries"),
            (("deliveries", "discard", "1"), "delivery.discard", "1 deliveries"),
            (("destinations", "pause", "crm"), "destination.pause", "crm"),
            (("destinations", "resume", "crm"), "destination.resume", "crm"),
            (("replay", "--yes"), "notice.replay", "1 notices"),
            (("receipts", "erase", "1", "--yes"), "receipt.erase", "1 receipts"),
            (("console", "link", "--who", "ana", "--role", "viewer"), "link.create", "ana"),
            (("console", "sign-out"), "session.end", "everybody"),
        ):
            if arguments[:2] == ("deliveries", "discard"):
                wait_until(given_up, "given up again", within_s=20)
            command.lines(*arguments)
            assert newest(command) == (action, subject, "done")
        assert command.run("destinations", "test", "crm").returncode == 1
        assert newest(command) == ("destination.test", "crm", "done")

        kept = entries(command)

        assert {(one.actor.via, one.actor.address) for one in kept} == {("command", socket.gethostname())}
        assert len({one.actor.who for one in kept}) == 1
        assert kept[2].details == {"role": "viewer"}
        command.lines("destinations", "list")
        command.lines("deliveries", "list")
        assert len(entries(command)) == len(kept)


def test_keys(empty: Command):
    """Who made which, and who ended it; the key itself is nowhere."""
    new_store(empty.folder)
    made = empty.json("keys", "create", "reporting", "--role", "operator")
    assert newest(empty) == ("key.create", "reporting", "done")

    empty.lines("keys", "revoke", made["id"])
    assert newest(empty) == ("key.revoke", made["id"], "done")

    assert empty.run("keys", "revoke", made["id"]).returncode == 1
    assert len(entries(empty)) == 2
    assert made["key"].rpartition("_")[2] not in repr(entries(empty))


def test_what_is_not_agreed_to_is_not_in_it(own: Command):
    """Nothing was done."""
    assert own.run("receipts", "erase", "1").returncode == 1
    assert entries(own) == []


@pytest.mark.parametrize("arguments", [("receipts", "erase", "1", "--yes"), ("keys", "create", "reporting")])
def test_what_cannot_be_written_down_is_not_done(own: Command, arguments: tuple[str, ...]):
    """The table is gone: a database that nobody can write to, as far as the audit log is concerned."""
    engine = open_engine(f"sqlite:///{own.database}")
    with engine.connect() as conn:
        conn.exec_driver_sql("DROP TABLE audit_log")
        conn.commit()

    refused = own.run(*arguments)
    assert (refused.returncode, "audit_log" in refused.stderr) == (1, True)

    with engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM receipts WHERE body IS NULL").scalar_one() == 0
        assert conn.exec_driver_sql("SELECT count(*) FROM api_keys").scalar_one() == 0
