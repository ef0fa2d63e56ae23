"""The Graph client: no token, no proof and no secret where somebody could read it."""

from __future__ import annotations

import hashlib
import hmac
import logging
import traceback
from typing import Any
from urllib.parse import quote

import pytest
from meta_bodies import GUIDE_DETAILS, UNEXPECTED, error
from played_meta import APP_ID, APP_SECRET, HANG_UP, SILENCE, SOLUTION, TOKEN, MakeGraph, PlayedMeta, Say

from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.graph import Graph, GraphError, Patience, app_token
from partnerhook.graph.requests import Ask, secret_of

PROOF = hmac.new(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
VERIFY_TOKEN = "verify-token-of-the-app"
ASKED_ABOUT = "token/asked+about"
SECRETS = (TOKEN, APP_SECRET, PROOF, VERIFY_TOKEN, ASKED_ABOUT, "EAAanother")


def assert_silent(text: str) -> None:
    """None of the secrets is in it, in any form."""
    for secret in SECRETS:
        assert secret not in text
        assert quote(secret, safe="") not in text


def everything_of(problem: BaseException) -> str:
    """All that a log could tell of an exception, and of those behind it."""
    told = [*traceback.format_exception(problem), repr(problem), repr(vars(problem))]
    for behind in (problem.__cause__, problem.__context__):
        if behind is not None:
            assert not type(behind).__module__.startswith(("httpx2", "httpcore2"))
            told.append(everything_of(behind))
    return "\n".join(told)


@pytest.mark.asyncio
async def test_on_the_wire(graph: MakeGraph, meta: PlayedMeta):
    """The token is in the Authorization header alone; the proof is a query parameter of each request."""
    meta.says(GUIDE_DETAILS)

    async with graph(app_secret=APP_SECRET) as client:
        await client.solution(SOLUTION)

    (asked,) = meta.asked
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.query["appsecret_proof"] == PROOF
    assert TOKEN not in asked.target


@pytest.mark.asyncio
async def test_proof_of_the_token_that_is_used(graph: MakeGraph, meta: PlayedMeta):
    """Where the app asks with its own token, the proof is of that; bodies come through with it."""
    meta.says({"success": True})
    own = app_token(APP_ID, APP_SECRET)

    async with graph(app_secret=APP_SECRET) as client:
        await client.subscribe(APP_ID, callback_url="https://x.example/", verify_token="v", fields=["messages"])

    expected = hmac.new(APP_SECRET.encode(), own.encode(), hashlib.sha256).hexdigest()
    assert meta.asked[0].query == {"appsecret_proof": expected}
    assert meta.asked[0].form["verify_token"] == "v"


@pytest.mark.asyncio
async def test_no_proof(graph: MakeGraph, meta: PlayedMeta):
    """Without an app secret there is no proof."""
    meta.says(GUIDE_DETAILS)

    async with graph() as client:
        await client.solution(SOLUTION)

    assert "appsecret_proof" not in meta.asked[0].query


TROUBLES = {
    "fine": GUIDE_DETAILS,
    "lost": HANG_UP,
    "silent": SILENCE,
    "500": Say(UNEXPECTED, 500),
    "repeated": Say(
        error(
            f"Malformed access token {TOKEN} or {quote(app_token(APP_ID, APP_SECRET), safe='')}",
            error_user_title=PROOF,
            error_user_msg="see /me?access_token=EAAanother0123456789&x=1",
            code=190,
        ),
        401,
        {"WWW-Authenticate": f'OAuth "Facebook Platform" "invalid_token" "Malformed access token {TOKEN}"'},
    ),
    "elsewhere": Say(b"", 302, {"Location": f"https://elsewhere.example/?access_token={TOKEN}"}),
    "unreadable": Say(f"<html>{TOKEN}".encode()),
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.asyncio
async def test_nowhere_else(
    graph: MakeGraph, meta: PlayedMeta, trouble: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture
):
    """Whatever happens, no log line at any level, no exception and nothing printed tells a secret."""
    caplog.set_level(logging.DEBUG)
    meta.says(TROUBLES[trouble])
    patience = Patience(attempts=2, backoff_s=0.001)

    async with graph(app_secret=APP_SECRET, timeout_s=0.3, patience=patience) as client:
        for call in (
            client.solution(SOLUTION),
            client.accept(SOLUTION),
            client.debug_token(ASKED_ABOUT),
            client.subscribe(APP_ID, callback_url="https://x.example/", verify_token=VERIFY_TOKEN, fields=["messages"]),
        ):
            try:
                await call
            except GraphError as problem:
                assert_silent(everything_of(problem))

    printed = capsys.readouterr()
    assert meta.asked
    assert "httpcore2.http11" in {record.name for record in caplog.records}
    assert_silent("\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records))
    assert_silent(printed.out + printed.err)


@pytest.mark.asyncio
async def test_repeated_parameters(graph: MakeGraph, meta: PlayedMeta):
    """A secret that a call was about is not told where Meta repeats it, escaped or not."""
    meta.says(Say(error(f"{VERIFY_TOKEN}, {ASKED_ABOUT}, {quote(ASKED_ABOUT, safe='')}"), 400))

    async with graph() as client:
        with pytest.raises(GraphError) as about_token:
            await client.debug_token(ASKED_ABOUT)
        with pytest.raises(GraphError) as about_callback:
            await client.subscribe(APP_ID, callback_url="https://x.example/", verify_token=VERIFY_TOKEN, fields=["x"])

    assert f"{VERIFY_TOKEN}, [hidden], [hidden]" in str(about_token.value)
    assert f"[hidden], {ASKED_ABOUT}" in str(about_callback.value)


def test_reprs():
    """Neither a client nor what it keeps shows a secret."""
    client = Graph(TOKEN, app_secret=APP_SECRET)
    asker = client._asker

    told = f"{client!r} {client} {vars(client)} {vars(asker)}"
    told += repr(Ask("POST", "1/subscriptions", secrets={"verify_token": secret_of(VERIFY_TOKEN, "verify token")}))

    assert_silent(told)
    assert repr(client) == "<Graph https://graph.facebook.com/v25.0>"


@pytest.mark.parametrize("bad", ["", " ", "a b", "a\nX-Header: y", "tökén", "a\x00"])
def test_bad_tokens(bad: str):
    """What cannot be a token, or would end a header, is refused without being repeated."""
    for settings in ({"access_token": bad}, {"access_token": TOKEN, "app_secret": bad}):
        with pytest.raises(ConfigurationInvalid) as caught:
            Graph(**settings)

        assert not bad.strip() or bad not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.facebook.com/v25.0",
        "http://127.0.0.1.example/",
        "http://0.0.0.0/",
        "ftp://127.0.0.1/",
        "graph.facebook.com",
        "",
        "https://",
        "https://user:hidden-password@graph.facebook.com/",
        "https://graph.facebook.com/?access_token=hidden-password",
        "https://graph.facebook.com/#x",
        "https://graph.facebook.com:port/",
        "https://[::1/",
        "https://a b/",
        "https://bücher.example/",
    ],
)
def test_bad_addresses(url: str):
    """Tokens go over TLS, or to this machine; nothing of an address that may hold a secret is repeated."""
    with pytest.raises(ConfigurationInvalid) as caught:
        Graph(TOKEN, url=url)

    assert "hidden-password" not in everything_of(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://graph.facebook.com/v25.0/", "https://graph.facebook.com/v25.0"),
        ("https://graph.facebook.com", "https://graph.facebook.com"),
        ("http://127.0.0.1:9090", "http://127.0.0.1:9090"),
        ("http://localhost:9090/v23.0", "http://localhost:9090/v23.0"),
        ("http://[::1]:9090", "http://[::1]:9090"),
    ],
)
def test_good_addresses(url: str, shown: str):
    """Version and port are the user's; a slash at the end makes no difference."""
    assert repr(Graph(TOKEN, url=url)) == f"<Graph {shown}>"


@pytest.mark.asyncio
async def test_environment(graph: MakeGraph, meta: PlayedMeta, monkeypatch: pytest.MonkeyPatch):
    """A proxy of the environment sees no token."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    meta.says(GUIDE_DETAILS)

    async with graph() as client:
        reading: Any = await client.solution(SOLUTION)

    assert reading.solution_id == SOLUTION
