"""Names that lead to where they must not: private, mixed and changing addresses, with real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import httpcore2
import pytest
from outbound_peer import Peer, Resolver, answer

from partnerhook.sinks.outbound import AddressRefused, NotSent, Outbound
from partnerhook.sinks.outbound_network import CheckedNetwork, SystemResolver

PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:4700:4700::1111"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listens on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def port_of(listener: socket.socket) -> int:
    """Where it listens."""
    return listener.getsockname()[1]


def nobody_came(listener: socket.socket) -> bool:
    """The kernel itself has no connection for it."""
    try:
        listener.accept()
    except BlockingIOError:
        return True
    return False


class Dialled:
    """Notes each address and connects to a listener on loopback instead: tests reach no public address."""

    def __init__(self, port: int, *dead: str) -> None:
        self.addresses: list[str] = []
        self._port = port
        self._dead = dead

    async def __call__(self, address: str, port: int, timeout: float | None, *_: Any) -> httpcore2.AsyncNetworkStream:  # noqa: ARG002, ASYNC109 - the library's signature
        self.addresses.append(address)
        if address in self._dead:
            raise httpcore2.ConnectError
        return await httpcore2.AnyIOBackend().connect_tcp("127.0.0.1", self._port)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::127.0.0.1"],
        ["0.0.0.0"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [PUBLIC, PUBLIC_V6, "::ffff:127.0.0.1"],
        [PUBLIC_V6, "::1"],
        [*[PUBLIC] * 20, "127.0.0.1"],
        ["10.0.0.1", "127.0.0.1"],
    ],
    ids=lambda addresses: " ".join(dict.fromkeys(addresses)),
)
async def test_a_name_that_leads_to_a_private_address_is_never_connected_to(
    addresses: Sequence[str], listener: socket.socket
):
    """One private address among public ones is enough. There is somebody at home, and nobody comes."""
    outbound = Outbound(internal=False, timeout_s=5, connections_max=1, resolve=Resolver(addresses))

    with pytest.raises(AddressRefused) as refused:
        await outbound.post(f"https://hooks.example.com:{port_of(listener)}/s3cret?s3cret", b"", {})

    assert str(refused.value).startswith("hooks.example.com leads to ")
    assert str(refused.value).endswith(", which is not of the public internet; internal = true allows that")
    assert "s3cret" not in str(refused.value)
    assert nobody_came(listener)
    await outbound.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0", "0"],
)
async def test_a_url_of_our_own_is_never_connected_to(host: str, listener: socket.socket):
    """With the system's resolver, which would take each of these for this machine."""
    outbound = Outbound(internal=False, timeout_s=5, connections_max=1)

    with pytest.raises(AddressRefused, match=r"^the URL (leads|has) "):
        await outbound.post(f"https://{host}:{port_of(listener)}/", b"", {})

    assert nobody_came(listener)
    await outbound.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0"]
)
async def test_the_network_refuses_even_where_the_url_was_not_read(host: str, listener: socket.socket):
    """The second wall: what the system's resolver makes of a host is checked, whatever the host looks like."""
    resolver = SystemResolver()
    network = CheckedNetwork(internal=False, resolve=resolver)

    with pytest.raises(AddressRefused, match="is not of the public internet"):
        await network.connect_tcp(host, port_of(listener))

    assert nobody_came(listener)
    resolver.close()


@pytest.mark.asyncio
async def test_internal_may_go_there():
    """The same name, address and listener; over plain http."""
    resolver = Resolver(["127.0.0.1"])
    async with Peer(answer(200)) as peer:
        outbound = Outbound(internal=True, timeout_s=5, connections_max=1, resolve=resolver)

        got = await outbound.post(f"http://hooks.example.com:{peer.port}/", b"", {})

        assert got.status == 200
        assert peer.connections == 1
        assert resolver.asked == [("hooks.example.com", peer.port)]
        await outbound.close()


@pytest.mark.asyncio
async def test_a_name_that_changes_between_check_and_connect_changes_nothing(listener: socket.socket):
    """Rebinding: it is asked for once, and the connection goes to the address of that answer."""
    resolver = Resolver([PUBLIC], ["127.0.0.1"])
    async with Peer(answer(200)) as peer:
        dialled = Dialled(peer.port)
        network = CheckedNetwork(internal=False, resolve=resolver, dial=dialled)

        stream = await network.connect_tcp("hooks.example.com", port_of(listener))

        assert dialled.addresses == [PUBLIC]
        assert len(resolver.asked) == 1
        await stream.aclose()
        with pytest.raises(AddressRefused, match=r"leads to 127\.0\.0\.1,"):
            await network.connect_tcp("hooks.example.com", port_of(listener))
        assert dialled.addresses == [PUBLIC]
    assert nobody_came(listener)


@pytest.mark.asyncio
async def test_each_new_connection_is_checked_anew():
    """A kept connection is to an address that was checked; the next one is checked again."""
    resolver = Resolver(["127.0.0.1"], ["127.0.0.1"], [])
    async with Peer(answer(200, b"", "Connection: close")) as peer:
        outbound = Outbound(internal=True, timeout_s=5, connections_max=1, resolve=resolver)
        url = f"http://hooks.example.com:{peer.port}/"

        await outbound.post(url, b"", {})
        await outbound.post(url, b"", {})

        with pytest.raises(NotSent, match=r"^hooks\.example\.com cannot be resolved: it has no address$"):
            await outbound.post(url, b"", {})
        assert peer.connections == 2
        await outbound.close()


@pytest.mark.asyncio
async def test_the_next_address_is_tried_where_one_cannot_be_reached():
    """In the resolver's order, and each once."""
    async with Peer(answer(200)) as peer:
        dialled = Dialled(peer.port, PUBLIC_V6, "1.1.1.1")
        network = CheckedNetwork(internal=False, resolve=Resolver([PUBLIC_V6, "1.1.1.1", PUBLIC]), dial=dialled)

        stream = await network.connect_tcp("hooks.example.com", 443)

        assert dialled.addresses == [PUBLIC_V6, "1.1.1.1", PUBLIC]
        await stream.aclose()


@pytest.mark.asyncio
async def test_not_all_of_very_many_addresses_are_tried():
    """Checked they are all; the first few have the time."""
    many = [f"93.184.215.{number}" for number in range(1, 200)]
    dialled = Dialled(0, *many)
    network = CheckedNetwork(internal=False, resolve=Resolver(many), dial=dialled)

    with pytest.raises(NotSent, match=r"cannot be connected to at 93\.184\.215\.4, port 443"):
        await network.connect_tcp("hooks.example.com", 443)

    assert dialled.addresses == many[:4]


@pytest.mark.asyncio
async def test_what_the_resolver_says_is_not_resolved_again(listener: socket.socket):
    """An answer that is no address would be a name: even an internal target is not looked up twice."""
    network = CheckedNetwork(internal=True, resolve=Resolver(["localhost"]))

    with pytest.raises(NotSent, match=r"^hooks\.example\.com cannot be resolved$"):
        await network.connect_tcp("hooks.example.com", port_of(listener))

    assert nobody_came(listener)


@pytest.mark.asyncio
async def test_unix_sockets_are_no_addresses():
    """Not even for internal targets."""
    network = CheckedNetwork(internal=True, resolve=Resolver([]))

    with pytest.raises(AddressRefused, match="Unix socket"):
        await network.connect_unix_socket("/var/run/docker.sock")


@pytest.mark.asyncio
async def test_a_refused_connection_is_called_so():
    """In the system's words, with the address and the port."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = port_of(closed)
    outbound = Outbound(internal=True, timeout_s=5, connections_max=1, resolve=Resolver(["127.0.0.1"]))

    with pytest.raises(NotSent) as failed:
        await outbound.post(f"http://hooks.example.com:{port}/s3cret?s3cret", b"", {})

    expected = f"hooks.example.com cannot be connected to at 127.0.0.1, port {port}: Connection refused"
    assert str(failed.value) == expected
    await outbound.close()


@pytest.mark.asyncio
async def test_a_name_that_is_not_known_is_called_so():
    """`.invalid` never is (RFC 6761); the system's resolver says so by itself or by its absence."""
    outbound = Outbound(internal=False, timeout_s=30, connections_max=1)

    with pytest.raises(NotSent, match=r"^hooks\.invalid(:\d+)? cannot be resolved: \w"):
        await outbound.post("https://hooks.invalid/s3cret", b"", {})

    await outbound.close()


@pytest.mark.asyncio
async def test_the_systems_resolver_answers_with_addresses():
    """Each once, in a thread that ends with it."""
    resolver = SystemResolver()

    addresses = await resolver("localhost", 80)

    assert "127.0.0.1" in addresses or "::1" in addresses
    assert len(addresses) == len(set(addresses))
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("lookups")]
    resolver.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
