"""nginx and Caddy, with the files of `deploy/`, in front of two real receivers: TLS, Meta's certificate, the size."""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from certificates import META, Authority, Pair, client

from partnerhook.core.signature import sign
from postgres import free_port
from running import SECRET, Serve, Server, wait_until, webhook

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024
CHUNK = 64 * 1024
MISSING = [program for program in ("nginx", "caddy", "openssl") if shutil.which(program) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


class Proxy(NamedTuple):
    """A proxy that runs, and whoever calls it."""

    port: int
    receivers: list[Server]
    trusted: Path
    meta: Pair
    """As Meta shows it."""
    relative: Pair
    """Of the same authority, and another name."""
    stranger: Pair
    """Of another authority."""

    def post(self, body: bytes, own: Pair | None, path: str = "/webhook", *, chunked: bool = False) -> int:
        """The status of a signed POST."""
        with self._connected(own) as connection:
            parts = (body[at : at + CHUNK] for at in range(0, len(body), CHUNK))
            headers = {"X-Hub-Signature-256": sign(body, SECRET)}
            connection.request("POST", path, parts if chunked else body, headers, encode_chunked=chunked)
            return connection.getresponse().status

    def announce(self, length: int) -> int:
        """The status of a POST of which nothing was sent yet but its head."""
        with self._connected(self.meta) as connection:
            connection.putrequest("POST", "/webhook")
            connection.putheader("Content-Length", str(length))
            connection.endheaders()
            return connection.getresponse().status

    def counts(self, name: str) -> list[float]:
        """Of each receiver, a counter of its default app, over all of its other labels."""
        labelled = f'{name}{{app="default"'
        return [
            sum(value for sample, value in one.metrics().items() if sample.startswith(labelled))
            for one in self.receivers
        ]

    def _connected(self, own: Pair | None) -> closing[http.client.HTTPSConnection]:
        context = client(self.trusted, own)
        return closing(http.client.HTTPSConnection("localhost", self.port, context=context, timeout=60))


RECEIVED = "partnerhook_webhooks_received_total"
REFUSED = "partnerhook_requests_refused_total"
Configured = Callable[[Path, dict[str, str]], list[str]]
"""Writes a configuration for a test; returns the command."""


def nginx(folder: Path, changed: dict[str, str]) -> list[str]:
    """The file of `deploy/` inside of what nginx needs around it."""
    text = changed_text((ROOT / "deploy/nginx/partnerhook.conf").read_text(), changed)
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        text += f"{name}_temp_path {folder}/{name};\n"
    user = "user root;\n" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"{user}daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}}}\n"
    )
    return ["nginx", "-c", str(configuration), "-p", str(folder)]


def caddy(folder: Path, changed: dict[str, str]) -> list[str]:
    """The file of `deploy/` with a certificate of ours: it cannot get one here."""
    text = changed_text((ROOT / "deploy/caddy/Caddyfile").read_text(), changed)
    text = text.replace("\ttls {\n", f"\ttls {changed['fullchain.pem']} {changed['privkey.pem']} {{\n")
    configuration = folder / "Caddyfile"
    configuration.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text)
    return ["caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]


def changed_text(text: str, changed: dict[str, str]) -> str:
    """With this machine's ports and files."""
    text = text.replace("/etc/partnerhook/tls/", "")
    for before, after in changed.items():
        text = text.replace(before, after)
    return text


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, serve: Serve, tmp_path: Path) -> Iterator[Proxy]:
    """Two receivers on one database behind it."""
    folder = tmp_path / "proxy"
    folder.mkdir()
    receivers = [serve(), serve(DATABASE_URL=f"sqlite:///{tmp_path}/server0/partnerhook.db")]
    ours, metas, others = (Authority(folder, name) for name in ("ours", "metas", "others"))
    server = ours.sign("server", "/CN=localhost", "DNS:localhost")
    port = free_port()
    changed = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "server_name hooks.example.com": "server_name localhost",
        "hooks.example.com {": f"https://localhost:{port} {{",
        "127.0.0.1:8080": receivers[0].url.removeprefix("http://"),
        "127.0.0.1:8090": receivers[1].url.removeprefix("http://"),
        "meta-outbound-api-ca-2025-12.pem;": f"{metas.pair.certificate};",
        "meta-outbound-api-ca-2025-12.pem\n": f"{metas.pair.certificate}\n",
        "fullchain.pem": str(server.certificate),
        "privkey.pem": str(server.key),
    }
    configured: Configured = request.param
    with (folder / "log").open("wb") as log:
        environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        process = subprocess.Popen(configured(folder, changed), stdout=log, stderr=log, env=environment)
    made = Proxy(
        port,
        receivers,
        ours.pair.certificate,
        metas.sign("meta", META),
        metas.sign("relative", "/CN=ads.fbclientcerts.com"),
        others.sign("stranger", META),
    )
    try:
        wait_until(lambda: listens(port) or process.poll() is not None, "it listens")
        assert process.poll() is None, (folder / "log").read_text()
        yield made
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    """Whether somebody does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def refused(proxy: Proxy, body: bytes, own: Pair | None) -> bool:
    """Told 403, 404, 413 or (nginx, of a certificate that is not believed) 400; or not even listened to."""
    try:
        return proxy.post(body, own) in {400, 403, 404, 413}
    except (ssl.SSLError, ConnectionError):
        return True


def test_meta_gets_through(proxy: Proxy):
    """Byte for byte, up to the longest body that Meta sends; both receivers get some."""
    assert {proxy.post(webhook(str(100 + number)), proxy.meta) for number in range(6)} == {200}
    assert proxy.post(b"{" + b" " * (3 * MIB - 2) + b"}", proxy.meta) == 200

    counts = proxy.counts(RECEIVED)
    assert sum(counts) == 7
    assert all(counts)


def test_what_is_too_long_ends_here(proxy: Proxy):
    """Told 413, or cut off where it goes on sending; no receiver hears of it, nor is taken for broken by it."""
    assert [proxy.announce(3 * MIB + 1) for _ in range(4)] == [413] * 4
    assert refused(proxy, b" " * (4 * MIB), proxy.meta)
    assert proxy.counts(REFUSED) == [0, 0]
    assert [proxy.post(webhook(str(300 + number)), proxy.meta) for number in range(4)] == [200] * 4


def test_what_declares_no_length_is_refused_too(proxy: Proxy):
    """By nginx, 413; Caddy 2.6 cuts it off, and the signature does not match what is left. Shorter ones pass."""
    assert proxy.post(b" " * (4 * MIB), proxy.meta, chunked=True) in {401, 413}
    assert proxy.counts(RECEIVED) == [0, 0]
    assert proxy.post(webhook("400"), proxy.meta, chunked=True) == 200


def test_nobody_else_does(proxy: Proxy):
    """No certificate, another name of the same authority, the right name of another authority; nothing is stored."""
    assert refused(proxy, webhook("5"), None)
    assert refused(proxy, webhook("5"), proxy.relative)
    assert refused(proxy, webhook("5"), proxy.stranger)
    assert proxy.counts(RECEIVED) == [0, 0]


def test_one_receiver_is_replaced(proxy: Proxy):
    """A rolling deployment: nobody hears of it."""
    proxy.receivers[0].stop()

    assert [proxy.post(webhook(str(200 + number)), proxy.meta) for number in range(6)] == [200] * 6


def test_only_webhooks(proxy: Proxy):
    """The admin listener's pages are not to be had here."""
    for path in ("/metrics", "/healthz", "/"):
        assert proxy.post(b"{}", proxy.meta, path) == 404
