"""`partnerhook signature sign | verify | diagnose`."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from commands import Command

from partnerhook.core.signature import ADVICE, Diagnosis

BODY = rb'{"a":"caf\u00e9 a\/b \u0040"}'
REWRITTEN = '{"a": "café a/b @"}'
SIGNED = "sha256=835657817f5d45023ba102acf1a7967dadb727f145145597eaf9b6db286924a4"
"""Of BODY under test_app_secret; computed once, apart from this program."""

OLDER, OTHERS, UNKNOWN = "the-older-secret", "secret-of-another-app", "a-secret-that-nobody-knows"


def signature(body: bytes, secret: str) -> str:
    """By the documented algorithm."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Two apps, the first one's secret being rotated; bodies and a secret in files."""
    folder = tmp_path_factory.mktemp("signing")
    (folder / "body").write_bytes(BODY)
    (folder / "rewritten").write_text(REWRITTEN, encoding="utf-8")
    (folder / "secret").write_text("test_app_secret\n")
    (folder / "partnerhook.toml").write_text(
        f'app_secrets = ["test_app_secret", "{OLDER}"]\n[apps.other]\napp_secret = "{OTHERS}"\n'
    )
    return Command(folder)


def test_sign(signing: Command):
    """The known signature, from a file and from standard input, with a configured secret and one from a file."""
    by_file = signing.lines("signature", "sign", "--body", "body", "--secret-file", "secret")
    by_input = signing.run("signature", "sign", "--body", "-", "--app", "default", stdin=BODY.decode())
    by_script = signing.json("signature", "sign", "--body", "body", "--app", "other")

    assert by_file == [SIGNED]
    assert (by_input.returncode, by_input.stdout) == (0, f"{SIGNED}\n")
    assert by_script == {"header": "X-Hub-Signature-256", "signature": signature(BODY, OTHERS)}


def test_a_right_signature(signing: Command):
    """Under any secret of the app; blanks around it are the terminal's."""
    told = signing.run("signature", "verify", "--body", "body", "--app", "default", "--signature", f" {SIGNED}\n")
    older = signing.json(
        "signature", "verify", "--body", "body", "--app", "default", "--signature", signature(BODY, OLDER)
    )

    assert (told.returncode, told.stdout, told.stderr) == (0, "The signature is right.\n", "")
    assert older == {"valid": True, "problem": None, "reason": "The signature is right."}


@pytest.mark.parametrize(
    ("given", "problem"), [(signature(BODY, UNKNOWN), "no_match"), ("sha1=abc", "header_malformed")], ids=str
)
def test_a_wrong_signature(given: str, problem: str, signing: Command):
    """Exit 1; the JSON is whole all the same."""
    arguments = ("signature", "verify", "--body", "body", "--secret-file", "secret", "--signature", given)

    ended = signing.run(*arguments, "--format", "json")

    document = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert (document["valid"], document["problem"]) == (False, problem)
    assert document["reason"].endswith(".")


@pytest.mark.parametrize(
    ("cause", "given", "body"),
    [
        ("valid", SIGNED, "body"),
        ("header_missing", None, "body"),
        ("header_malformed", SIGNED.replace("=", ":"), "body"),
        ("previous_secret", signature(BODY, OLDER), "body"),
        ("other_app", signature(BODY, OTHERS), "body"),
        ("body_rewritten", signature(rb'{"a":"caf\u00e9 a\/b @"}', "test_app_secret"), "rewritten"),
        ("no_match", signature(BODY, UNKNOWN), "body"),
    ],
)
def test_each_cause(cause: str, given: str | None, body: str, signing: Command):
    """With what to do about it; finding out is no failure."""
    header = [] if given is None else ["--signature", given]

    told = signing.json("signature", "diagnose", "--body", body, "--app", "default", *header)

    assert told == {"cause": cause, "advice": ADVICE[Diagnosis(cause)], "app": "default"}


def test_a_diagnosis_in_words(signing: Command):
    """The cause, then what to do. Where the secret comes from a file there are no other apps."""
    given = signature(BODY, OTHERS)

    (line,) = signing.lines("signature", "diagnose", "--body", "body", "--secret-file", "secret", "--signature", given)

    assert line == f"no_match: {ADVICE[Diagnosis.NO_MATCH]}"


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--body", "body"], 1, "Several apps are configured (default, other); name one with --app."),
        (["--body", "body", "--app", "nobody"], 1, "no app 'nobody' in the configuration (there is: default, other)"),
        (["--body", "gone", "--secret-file", "secret"], 1, "The body gone cannot be read: No such file or directory."),
        (["--body", "body", "--secret-file", UNKNOWN], 1, "The file that --secret-file names cannot be read: No such"),
        (["--body", "body", "--secret-file", "commas"], 1, "The file that --secret-file names has commas only."),
        (["--body", "body", "--config", "gone.toml"], 1, "There is no configuration file gone.toml;"),
        ([], 2, "--body requires an argument"),
        (["--body", "body", "--secret", UNKNOWN], 2, "Unknown option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_signed(arguments: list[str], status: int, told: str, signing: Command):
    """One sentence, exit 1; a wrong call is exit 2. Never a traceback, never a secret."""
    (signing.folder / "commas").write_text(" , ,\n")

    ended = signing.run("signature", "sign", *arguments)

    assert (ended.returncode, ended.stdout) == (status, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not [secret for secret in ("test_app_secret", OLDER, OTHERS) if secret in ended.stderr]


def test_without_any_secret(tmp_path: Path):
    """Both ways to name one are told."""
    (tmp_path / "body").write_bytes(BODY)

    ended = Command(tmp_path).run("signature", "sign", "--body", "body")

    assert ended.returncode == 1
    assert "Set PARTNERHOOK_APP_SECRET, or name a file that holds it with --secret-file." in ended.stderr
