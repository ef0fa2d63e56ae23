"""People and scripts are answered by a second process: it comes when it is needed, goes with the first, and may die."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from running import BIN, Answer, Client, Serve, Server, wait_until, webhook


def second(server: Server) -> int:
    """The second process; 0: there is none."""
    for folder in Path("/proc").iterdir():
        with suppress(OSError, IndexError):
            if folder.name.isdigit() and f" {server.pid} " in after_name(folder):
                return int(folder.name)
    return 0


def after_name(folder: Path) -> str:
    """State and parent of a process."""
    return " ".join((folder / "stat").read_text().rpartition(")")[2].split()[:2]) + " "


def lives(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    with suppress(OSError):
        return not after_name(Path(f"/proc/{pid}")).startswith("Z")
    return False


def ask(client: Client, path: str, *headers: str) -> Answer:
    """One GET on this connection."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return client.send("\r\n".join(lines).encode()).answer()


def console(server: Server) -> int:
    """The status of a page, as soon as there is one."""

    def status() -> int:
        with suppress(OSError):
            return server.get("/sign-in", server.admin_url).status
        return 0

    return wait_until(status, "a page is answered", within_s=20)


def test_it_comes_when_it_is_needed_and_goes_in_order(serve: Serve):
    """Probes and webhooks need none. It gives way to the first, and leaves a terminal's signals to it."""
    server = serve()
    assert [server.get(path, server.admin_url).status for path in ("/healthz", "/readyz", "/metrics")] == [200] * 3
    assert server.post(webhook()).status == 200
    assert not second(server)

    assert server.get("/sign-in", server.admin_url).status == 200

    there = second(server)
    assert os.sched_getscheduler(there) == os.SCHED_IDLE != os.sched_getscheduler(server.pid)
    assert os.getsid(there) == os.getsid(server.pid)  # else Linux may share out the processor evenly all the same
    for of_terminal in (signal.SIGINT, signal.SIGHUP):
        os.kill(there, of_terminal)
    assert server.get("/sign-in", server.admin_url).status == 200
    assert second(server) == there
    assert not [line for line in Path(f"/proc/{there}/cmdline").read_text().split("\0") if "secret" in line]
    assert server.stop() == 0
    assert not lives(there)


def test_where_it_is_killed_there_is_a_new_one(serve: Serve):
    """And webhooks are answered all the while."""
    server = serve()
    assert console(server) == 200
    killed = second(server)

    os.kill(killed, signal.SIGKILL)
    assert server.post(webhook("7001")).status == 200
    assert console(server) == 200

    assert second(server) not in {0, killed}
    assert server.post(webhook("7002")).status == 200
    assert server.log_lines(logger="partnerhook.management", status=-signal.SIGKILL)


def test_it_goes_with_the_first_however_that_ends(serve: Serve):
    """`kill -9` tells nobody anything."""
    server = serve()
    assert console(server) == 200
    there = second(server)

    server.kill()

    wait_until(lambda: not lives(there), "the second has ended")


def test_a_stream_that_is_open_does_not_keep_it(serve: Serve):
    """Whoever watches is let go."""
    server = serve(CONSOLE_SIGN_IN="not_on_loopback")
    with server.connect(server.admin_url) as watching:
        watching.send(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert watching.answer().status == 200
        there = second(server)

        assert server.stop() == 0

        assert not lives(there)


def test_probes_are_answered_wherever_they_are_asked(serve: Serve):
    """By the first process, also on a connection that the second one has: proxies keep theirs for whatever comes."""
    server = serve()
    assert server.post(webhook()).status == 200

    with server.connect(server.admin_url) as client:
        page = ask(client, "/sign-in")
        ready = ask(client, "/readyz")
        metrics = ask(client, "/metrics")
        again = ask(client, "/sign-in")

    assert [one.status for one in (page, ready, metrics, again)] == [200] * 4
    assert ready.body == b"ready"
    assert b'partnerhook_webhooks_received_total{app="default"} 1.0' in metrics.body


def test_closed_metrics_are_closed_there_too(serve: Serve):
    """The key goes along."""
    server = serve(METRICS_OPEN="false")
    key = make_key(server)

    with server.connect(server.admin_url) as client:
        ask(client, "/sign-in")
        refused = ask(client, "/metrics")
        shown = ask(client, "/metrics", f"Authorization: Bearer {key}")

    assert (refused.status, shown.status) == (401, 200)
    assert "www-authenticate" in refused.headers
    assert b"partnerhook_webhooks_received_total" in shown.body


def make_key(server: Server) -> str:
    """An admin's."""
    return command(server, "keys", "create", "test", "--role", "admin").split()[0]


def command(server: Server, *words: str) -> str:
    """What a command prints."""
    done = subprocess.run([BIN, *words], env=server.environment, cwd=server.folder, capture_output=True, check=True)
    return done.stdout.decode()


def test_a_probe_ends_its_connection(serve: Serve):
    """Whoever goes on to ask for a page begins anew, and is led there."""
    server = serve()

    with server.connect(server.admin_url) as client:
        assert ask(client, "/healthz").headers["connection"] == "close"
        assert client.ended()


def test_settings_that_change_are_told(serve: Serve, tmp_path: Path):
    """With a reload, and without a restart."""
    written = tmp_path / "partnerhook.toml"
    written.write_text("")
    server = serve(CONFIG=written, CONSOLE_SIGN_IN="not_on_loopback")
    before = server.get("/deliveries", server.admin_url)
    assert b"ledger-of-the-house" not in before.body
    there = second(server)

    written.write_text('[[destinations]]\nname = "ledger-of-the-house"\nkind = "file"\npath = "ledger.jsonl"\n')
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)

    wait_until(lambda: b"ledger-of-the-house" in ask_page(server, "/deliveries"), "the page has the new destination")
    assert second(server) == there


def ask_page(server: Server, path: str) -> bytes:
    """A page's text, to somebody who comes from this machine."""
    with server.connect(server.admin_url) as client:
        return ask(client, path).body


@pytest.mark.parametrize("sent", [b"\r\nHELLO\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"HELLO\r\n\r\n"])
def test_garbage_starts_nothing(serve: Serve, sent: bytes):
    """It is told so by the first process."""
    server = serve()

    with server.connect(server.admin_url) as client:
        client.send(sent)
        with suppress(ConnectionError):
            assert client.answer().status == 400

    assert not second(server)
