"""Hosts of their own on one machine: Linux network namespaces on one switch, each of which can be cut off.

A host that is cut off is silent: nobody is told that it is gone, no connection is refused. So it is when a cable is
pulled beyond the nearest switch, or a firewall begins to drop. Needs root and iproute2.
"""

from __future__ import annotations

import ctypes
import functools
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

IP: Final = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin") or "ip"
NAMESPACES: Final = Path("/run/netns")
CLONE_NEWNET: Final = 0x40000000
NETWORK: Final = "10.83.0."
"""A private network that nobody outside of these namespaces can see."""
SWITCH: Final = "switch"
OURS: Final = "partnerhook"


class Network:
    """A switch, and hosts with one address each: the n-th, from 1 on, has 10.83.0.n."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._id = f"{OURS}{os.getpid()}x{secrets.token_hex(2)}"
        self.hosts = tuple(hosts)

    def namespace(self, host: str) -> str:
        """The name of a host's namespace."""
        return f"{self._id}-{host}"

    def address(self, host: str) -> str:
        """Of a host."""
        return f"{NETWORK}{self._number(host)}"

    def command(self, host: str) -> list[str]:
        """What starts a process on a host; what follows it has its process id."""
        return [IP, "netns", "exec", self.namespace(host)]

    def cut(self, host: str) -> None:
        """Nothing comes to a host, and nothing goes from it."""
        self._switch(f"link set port{self._number(host)} nomaster")

    def heal(self, host: str) -> None:
        """It is there again."""
        self._switch(f"link set port{self._number(host)} master {SWITCH}")

    def lay(self) -> None:
        """Make all of it."""
        for name in (SWITCH, *self.hosts):
            _ip("netns", "add", self.namespace(name))
        self._switch(f"link add {SWITCH} type bridge", f"link set {SWITCH} up")
        for host in self.hosts:
            number, netns = self._number(host), self.namespace(host)
            self._switch(
                f"link add port{number} type veth peer name eth0 address {_mac(number)} netns {netns}",
                f"link set port{number} up master {SWITCH}",
            )
            # Who is where is written down. Asking for it would tell that nobody answers; a router would not tell.
            others = [
                f"neigh add {self.address(other)} lladdr {_mac(self._number(other))} dev eth0 nud permanent"
                for other in self.hosts
                if other != host
            ]
            _batch(netns, ["link set lo up", f"addr add {self.address(host)}/24 dev eth0", "link set eth0 up", *others])

    def remove(self) -> None:
        """What was made, as far as that went. The links go with their namespaces."""
        for name in (SWITCH, *self.hosts):
            if (NAMESPACES / self.namespace(name)).exists():
                _ip("netns", "del", self.namespace(name))

    @contextmanager
    def on(self, host: str) -> Iterator[None]:
        """This thread, and what it starts, is on a host for a while."""
        with (
            Path("/proc/thread-self/ns/net").open("rb") as here,
            (NAMESPACES / self.namespace(host)).open("rb") as there,
        ):
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())

    def _number(self, host: str) -> int:
        return self.hosts.index(host) + 1

    def _switch(self, *commands: str) -> None:
        _batch(self.namespace(SWITCH), commands)


@contextmanager
def network(hosts: Sequence[str]) -> Iterator[Network]:
    """A network for a while."""
    tidy_up()
    made = Network(hosts)
    try:
        made.lay()
        yield made
    finally:
        made.remove()


def tidy_up() -> None:
    """Remove what test processes have left behind that were killed: their namespaces, and who runs in these."""
    for path in NAMESPACES.glob(f"{OURS}*"):
        maker = path.name.removeprefix(OURS).partition("x")[0]
        if not Path("/proc", maker).exists():
            for pid in _ip("netns", "pids", path.name).split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            _ip("netns", "del", path.name)


@functools.cache
def why_not() -> str:
    """Why there can be no such network here; empty where there can be."""
    if os.geteuid() != 0 or shutil.which(IP) is None:
        return "network namespaces need root and iproute2"
    try:
        with network(["here", "there"]) as made, made.on("here"):
            pass
    except (OSError, subprocess.CalledProcessError) as error:
        return f"network namespaces are not allowed here: {error}"
    return ""


def _mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*arguments: str) -> str:
    done = subprocess.run([IP, *arguments], check=True, capture_output=True, text=True, timeout=20)
    return done.stdout


def _batch(namespace: str, commands: Sequence[str]) -> None:
    subprocess.run(
        [IP, "-n", namespace, "-batch", "-"],
        input="\n".join(commands),
        text=True,
        check=True,
        capture_output=True,
        timeout=20,
    )
