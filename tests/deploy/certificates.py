"""An authority, a server and clients, made with openssl: Meta's side and ours."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

META = "/O=Meta Platforms/CN=client.webhooks.fbclientcerts.com"


class Pair(NamedTuple):
    """A certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates, as Meta's own authority and the one that everybody trusts do."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        run(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-keyout", str(self.pair.key), "-out", str(self.pair.certificate)),
        )

    def sign(self, name: str, subject: str, alternative: str = "") -> Pair:
        """A certificate of this subject."""
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n" if alternative else "basicConstraints=CA:FALSE\n")
        run("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", str(pair.key), "-out", str(request))
        run(
            *("x509", "-req", "-in", str(request), "-days", "2", "-extfile", str(extensions), "-CAcreateserial"),
            *("-CA", str(self.pair.certificate), "-CAkey", str(self.pair.key), "-out", str(pair.certificate)),
        )
        return pair


def run(*arguments: str) -> None:
    """openssl, to its end."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def client(trusted: Path, own: Pair | None) -> ssl.SSLContext:
    """How somebody connects who trusts an authority, with a certificate or without."""
    context = ssl.create_default_context(cafile=str(trusted))
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context
