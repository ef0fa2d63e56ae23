"""`partnerhook signature sign | verify | diagnose`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from partnerhook.cli.app_secrets import AppName, SecretFile, find_secrets
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import put, show_document
from partnerhook.core.errors import PartnerhookError, SignatureRejected
from partnerhook.core.signature import ADVICE, diagnose, sign, verify

app = App(
    name="signature",
    help="""Sign a body, verify a signature, find out why one does not match.

    The signature is made of the raw bytes: give the body exactly as it was sent, without a line break more.

    Example: `partnerhook signature diagnose --body body.json --signature sha256=d8939a67...`
    """,
)

Body = Annotated[
    str,
    # Else the command line would take `-` for an option.
    Parameter(help="A file with the raw body; - reads standard input.", show_default=False, allow_leading_hyphen=True),
]
Signature = Annotated[str, Parameter(help="The value of the X-Hub-Signature-256 header.", show_default=False)]


@app.command(name="sign")
def sign_(
    *,
    body: Body,
    app: AppName = None,
    secret_file: SecretFile = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Print the X-Hub-Signature-256 header for a body, as Meta would send it: made with the newest app secret.

    Example: `partnerhook signature sign --body body.json`
    """
    signature = sign(_read(body), find_secrets(app, secret_file, config_file).own[0])
    if output == "json":
        show_document({"header": "X-Hub-Signature-256", "signature": signature})
    else:
        put(signature)


@app.command(name="verify")
def verify_(
    *,
    body: Body,
    signature: Signature,
    app: AppName = None,
    secret_file: SecretFile = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Tell whether a signature is right: exit 0 if it is, 1 if it is not.

    Example: `partnerhook signature verify --body body.json --signature sha256=d8939a67...`
    """
    secrets = find_secrets(app, secret_file, config_file).own
    problem, reason = None, "The signature is right."
    try:
        verify(_read(body), signature.strip(), secrets)
    except SignatureRejected as rejection:
        problem, reason = rejection.problem, str(rejection)
    if output == "json":
        show_document({"valid": problem is None, "problem": problem, "reason": reason})
    else:
        put(reason)
    if problem is not None:
        sys.exit(1)


@app.command(name="diagnose")
def diagnose_(
    *,
    body: Body,
    signature: Annotated[
        str | None, Parameter(help="The value of the X-Hub-Signature-256 header; leave it out if none came.")
    ] = None,
    app: AppName = None,
    secret_file: SecretFile = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Find out why a signature does not match, and what to do. Exit 0 whatever the cause is.

    Causes: valid, header_missing, header_malformed, previous_secret, other_app, body_rewritten, no_match.

    Example: `partnerhook signature diagnose --body body.json --signature sha256=d8939a67...`
    """
    secrets = find_secrets(app, secret_file, config_file)
    header = None if signature is None else signature.strip()
    cause = diagnose(_read(body), header, secrets.own, secrets.of_others)
    if output == "json":
        show_document({"cause": cause, "advice": ADVICE[cause], "app": secrets.app or None})
    else:
        put(f"{cause}: {ADVICE[cause]}")


def _read(body: str) -> bytes:
    if body == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(body).read_bytes()
    except OSError as error:
        raise PartnerhookError(f"The body {body} cannot be read: {error.strerror}.") from None
