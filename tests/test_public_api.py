"""The library for people who have a web framework already, and the two examples of it, run for real."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from django.core.handlers.wsgi import WSGIHandler

import partnerhook
from partnerhook.core.observations import MICROSECONDS

ROOT = Path(__file__).parents[1]
SECRET = "test_app_secret"
TOKEN = "a verify token"
HANDSHAKE = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": TOKEN}
BODY = (ROOT / "tests/payloads/partner_solutions.deactivation_requested.json").read_bytes()
NOON_S = 1_739_321_024
"""The time that the body names."""


def test_everything_that_is_offered_is_there():
    """`__all__` is complete and in order: what is not in it is not promised."""
    assert partnerhook.__all__ == sorted(partnerhook.__all__)
    assert all(getattr(partnerhook, name).__doc__ for name in partnerhook.__all__)


def test_importing_it_loads_the_standard_library_alone():
    """Nobody pays for a server, a database or a command line that they do not use."""
    program = "import sys, partnerhook; print(*{name.partition('.')[0] for name in sys.modules})"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    ours = {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("__editable__")}
    assert ours <= {"partnerhook", "__main__", "_distutils_hack", "sitecustomize", "apport_python_hook"}


def test_the_package_says_that_it_is_typed():
    """PEP 561: without this file type checkers do not look."""
    assert Path(partnerhook.__file__).with_name("py.typed").is_file()


def test_one_call_verifies_and_parses():
    """Raw body, header and secret in; typed values out."""
    envelope = partnerhook.receive(BODY, partnerhook.sign(BODY, SECRET), SECRET)

    (update,) = envelope.solution_updates
    assert (update.solution_id, update.portfolio_id, update.time) == ("774485461512159", "506914307656634", NOON_S)
    assert (update.event, update.solution_status) == ("SOLUTION_UPDATED", "PENDING_DEACTIVATION")
    assert update.state.status is partnerhook.Status.ACTIVE
    assert update.state.pending is partnerhook.Pending.PENDING_DEACTIVATION
    assert update.state.usable
    assert (envelope.customer_updates, envelope.unreadable) == ((), ())


def test_customers_and_what_cannot_be_read_are_told_too():
    """A batch comes back whole: nothing in it is dropped in silence."""
    info = {"waba_id": "980198427658004", "solution_id": "774485461512159"}
    changes = [
        {"field": "account_update", "value": {"event": "PARTNER_ADDED", "waba_info": info}},
        {"field": "partner_solutions", "value": {"event": "SOLUTION_UPDATED"}},
    ]
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()

    envelope = partnerhook.receive(body, partnerhook.sign(body, SECRET), SECRET)

    assert [customer.waba_id for customer in envelope.customer_updates] == ["980198427658004"]
    assert [piece.reason for piece in envelope.unreadable] == ["value.solution_id is not a string of digits"]


def test_secrets_can_be_rotated():
    """Several secrets, newest first; bytes and str headers alike."""
    header = partnerhook.sign(BODY, SECRET)

    assert partnerhook.receive(BODY, header.encode(), ["newer", SECRET]).solution_updates


@pytest.mark.parametrize("secrets", ["", [], [""]])
def test_a_forgotten_secret_is_not_a_check_that_passes(secrets: str | list[str]):
    """The empty secret is the caller's mistake, and anybody could sign with it."""
    with pytest.raises(ValueError, match="app secret"):
        partnerhook.receive(BODY, partnerhook.sign(BODY, ""), secrets)


@pytest.mark.parametrize(
    ("body", "header", "expected"),
    [
        (BODY, None, partnerhook.SignatureRejected),
        (BODY, "sha256=é", partnerhook.SignatureRejected),
        (BODY, partnerhook.sign(BODY, "another"), partnerhook.SignatureRejected),
        (b"[]", partnerhook.sign(b"[]", SECRET), partnerhook.PayloadUnreadable),
    ],
)
def test_precise_exceptions(body: bytes, header: str | None, expected: type[partnerhook.PartnerhookError]):
    """Theirs to be refused, or signed and still unreadable."""
    with pytest.raises(expected):
        partnerhook.receive(body, header, SECRET)


def test_a_clock_can_be_given():
    """With it a time of tomorrow's tomorrow is not believed."""
    header = partnerhook.sign(BODY, SECRET)

    (believed,) = partnerhook.receive(BODY, header, SECRET, received_at_s=NOON_S).solution_updates
    (doubted,) = partnerhook.receive(BODY, header, SECRET, received_at_s=NOON_S - 2 * 86_400).solution_updates

    assert believed.time == NOON_S
    assert (doubted.time, doubted.flags) == (None, (partnerhook.Flag.TIME_UNREADABLE,))


def heard(*words: str) -> list[partnerhook.Observation]:
    """Webhooks with these words, a second apart."""
    observations = []
    for after, word in enumerate(words):
        body = BODY.replace(b"PENDING_DEACTIVATION", word.encode()).replace(b"1739321024", b"%d" % (NOON_S + after))
        (update,) = partnerhook.receive(body, partnerhook.sign(body, SECRET), SECRET).solution_updates
        observations.append(partnerhook.observe(update, app="default", received_at=(NOON_S + after) * MICROSECONDS))
    return observations


def test_folding_many_webhooks():
    """Backwards and twice, it is the same solution."""
    told = heard("INITIATED", "ACTIVE", "PENDING_DEACTIVATION", "DEACTIVATED")

    solution = partnerhook.fold([*reversed(told), *told])

    assert solution == partnerhook.fold(told)
    assert solution is not None
    assert (solution.status, solution.since, solution.observations) == ("DEACTIVATED", NOON_S + 3, 4)
    assert not solution.usable


def test_folding_nothing_and_folding_too_much():
    """Nothing is None; several solutions at once are the caller's mistake."""
    (one,) = heard("ACTIVE")

    assert partnerhook.fold([]) is None
    with pytest.raises(ValueError, match="one solution"):
        partnerhook.fold([one, one._replace(solution_id="7", key="another")])


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An example as a module, loaded once: Django can be configured only once in a process."""
    if name in sys.modules:
        return sys.modules[name]
    monkeypatch.setenv("APP_SECRET", SECRET)
    monkeypatch.setenv("VERIFY_TOKEN", TOKEN)
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


Ask = Callable[..., tuple[int, str]]


def fastapi_example(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks the FastAPI example."""
    app: Callable[..., Awaitable[None]] = load("fastapi_app", monkeypatch).app

    async def request(method: str, **details: Any) -> tuple[int, str]:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            response = await client.request(method, "/webhook", **details)
            return response.status_code, response.text

    return lambda method, **details: asyncio.run(request(method, **details))


def django_example(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks the Django example."""
    load("django_app", monkeypatch)

    def request(method: str, **details: Any) -> tuple[int, str]:
        transport = httpx2.WSGITransport(app=WSGIHandler())
        with httpx2.Client(transport=transport, base_url="http://localhost") as client:
            response = client.request(method, "/webhook", **details)
            return response.status_code, response.text

    return request


@pytest.fixture(params=[fastapi_example, django_example])
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Sends a request to an example and returns status and text of the answer."""
    example: Callable[[pytest.MonkeyPatch], Ask] = request.param
    return example(monkeypatch)


def test_an_example_answers_the_handshake(ask: Ask):
    """The challenge verbatim with the right token, 403 with another."""
    assert ask("GET", params=HANDSHAKE) == (200, "1158201444")
    assert ask("GET", params=HANDSHAKE | {"hub.verify_token": "another"})[0] == 403


def test_an_example_takes_a_signed_webhook(ask: Ask, capsys: pytest.CaptureFixture[str]):
    """200, and the solution is known."""
    header = {"X-Hub-Signature-256": partnerhook.sign(BODY, SECRET)}

    assert ask("POST", content=BODY, headers=header) == (200, "")
    assert capsys.readouterr().out == "774485461512159 ACTIVE PENDING_DEACTIVATION True\n"


def test_an_example_takes_the_largest_webhook(ask: Ask):
    """Meta sends up to 3 MiB; what is signed and no webhook is 200 as well, or Meta would send it for days."""
    body = BODY + b" " * (3 * 1024 * 1024 - len(BODY))

    assert ask("POST", content=body, headers={"X-Hub-Signature-256": partnerhook.sign(body, SECRET)}) == (200, "")
    assert ask("POST", content=b"[]", headers={"X-Hub-Signature-256": partnerhook.sign(b"[]", SECRET)})[0] == 200


@pytest.mark.parametrize("header", [{}, {"X-Hub-Signature-256": partnerhook.sign(BODY, "another")}])
def test_an_example_refuses_what_is_not_signed(ask: Ask, header: dict[str, str]):
    """401, and a sentence that names no secret."""
    status, text = ask("POST", content=BODY, headers=header)

    assert status == 401
    assert SECRET not in text
