"""TLS on the way out: believed by name, against certificates that openssl made for this test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from outbound_peer import Certificates, Peer, Resolver, answer, certificates_for

from partnerhook.sinks.outbound import NotSent, Outbound

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates with openssl")

NAME = "hooks.example.com"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For the name, and for an address."""
    return certificates_for(tmp_path_factory.mktemp("certificates"), f"DNS:{NAME},IP:127.0.0.1")


def outbound_to(ca_file: Path | None, addresses: Sequence[str] = ("127.0.0.1",)) -> Outbound:
    """To a server on loopback, by name."""
    return Outbound(internal=True, timeout_s=5, connections_max=1, ca_file=ca_file, resolve=Resolver(addresses))


@pytest.mark.asyncio
async def test_the_certificate_is_for_the_name_and_not_for_the_address(certificates: Certificates):
    """The connection goes to a checked address; SNI and certificate are the name's."""
    names: list[str | None] = []
    async with Peer(answer(200, b"thank you"), trust=certificates.server_side(names)) as peer:
        outbound = outbound_to(certificates.ca_file)

        got = await outbound.post(f"https://{NAME.upper()}:{peer.port}/hook", b"{}", {})

        assert got == (200, "thank you", None)
        assert names == [NAME]
        assert b"Host: hooks.example.com:%d" % peer.port in peer.lines
        await outbound.close()


@pytest.mark.asyncio
async def test_a_certificate_of_another_name_is_not_believed(certificates: Certificates):
    """Nothing is sent."""
    async with Peer(answer(200), trust=certificates.server_side([])) as peer:
        outbound = outbound_to(certificates.ca_file)

        with pytest.raises(NotSent) as failed:
            await outbound.post(f"https://other.example.com:{peer.port}/s3cret?s3cret", b"body", {})

        assert str(failed.value).startswith("the certificate of other.example.com is not believed: Hostname mismatch")
        assert "s3cret" not in str(failed.value)
        assert peer.requests == []
        await outbound.close()


@pytest.mark.asyncio
async def test_an_authority_that_is_not_known_is_not_believed(certificates: Certificates):
    """The system's certificates do not know the test's, and internal = true does not change that."""
    async with Peer(answer(200), trust=certificates.server_side([])) as peer:
        outbound = outbound_to(None)

        with pytest.raises(NotSent, match=r"^the certificate of hooks\.example\.com is not believed: "):
            await outbound.post(f"https://{NAME}:{peer.port}/", b"", {})

        assert peer.requests == []
        await outbound.close()


@pytest.mark.asyncio
async def test_the_environment_adds_no_authority(certificates: Certificates, monkeypatch: pytest.MonkeyPatch):
    """Nor a proxy, nor a file for the session's keys."""
    key_log = certificates.ca_file.with_name("keys.log")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    monkeypatch.setenv("SSLKEYLOGFILE", str(key_log))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with Peer(answer(200), trust=certificates.server_side([])) as peer:
        unbelieving, believing = outbound_to(None), outbound_to(certificates.ca_file)

        with pytest.raises(NotSent, match="is not believed"):
            await unbelieving.post(f"https://{NAME}:{peer.port}/", b"", {})
        got = await believing.post(f"https://{NAME}:{peer.port}/", b"", {})

        assert got.status == 200
        assert not key_log.exists()
        await unbelieving.close()
        await believing.close()


@pytest.mark.asyncio
async def test_an_address_has_a_certificate_of_its_own(certificates: Certificates):
    """Nothing is looked up, and no name is asked for."""
    names: list[str | None] = []
    async with Peer(answer(200), trust=certificates.server_side(names)) as peer:
        outbound = outbound_to(certificates.ca_file, [])

        got = await outbound.post(f"https://127.0.0.1:{peer.port}/", b"", {})

        assert got.status == 200
        assert names == [None]
        await outbound.close()


@pytest.mark.asyncio
async def test_a_server_that_says_nothing_to_tls_has_timed_out():
    """It waits for a request; nothing is sent to it. The connection is let go of."""
    async with Peer(answer(200)) as peer:
        outbound = Outbound(internal=True, timeout_s=0.3, connections_max=1, resolve=Resolver(["127.0.0.1"]))

        with pytest.raises(NotSent, match=r"^hooks\.example\.com: no answer within 0\.3 s; it was asked for TLS$"):
            await outbound.post(f"https://{NAME}:{peer.port}/", b"", {})

        assert peer.requests == []
        await outbound.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("said", "problem"),
    [(b"220 mail.example.com ESMTP\r\n", "wrong version number"), (b"", "it hung up")],
    ids=["another protocol", "nothing"],
)
async def test_a_server_that_speaks_no_tls_is_called_so(said: bytes, problem: str):
    """What it says instead is not shown."""

    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outbound = outbound_to(None)

        with pytest.raises(NotSent) as failed:
            await outbound.post(f"https://{NAME}:{port}/", b"", {})

        assert str(failed.value) == f"TLS with hooks.example.com failed: {problem}"
        await outbound.close()
