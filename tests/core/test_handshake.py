"""The verification request: the challenge comes back verbatim, or nothing does."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerhook.core.errors import HandshakeRefused
from partnerhook.core.handshake import answer
from strategies import examples

TOKEN = "a verify token"


def query(**changed: str | None) -> str:
    """Meta's three parameters, some of them changed or left out; `mode` is hub.mode and so on."""
    sent = {"mode": "subscribe", "challenge": "1158201444", "verify_token": TOKEN} | changed
    return urlencode({f"hub.{name}": value for name, value in sent.items() if value is not None})


@pytest.mark.parametrize(
    "sent",
    [
        query(),
        query() + "&tenant=7&hub.extra=1",
        "tenant=7&" + query(),
        query(mode=None),
        query().replace("+", "%20"),
        query() + "&hub.verify_token=another&hub.challenge=2",
        "&&" + query() + "&=&==",
    ],
    ids=["as documented", "more behind", "more before", "no mode", "percent", "twice: the first counts", "empty ones"],
)
def test_the_challenge_comes_back(sent: str):
    """With the right token, whatever else the callback URL carries; str and bytes are the same."""
    assert answer(sent, TOKEN) == "1158201444"
    assert answer(sent.encode(), TOKEN) == "1158201444"


@pytest.mark.parametrize("challenge", ["0", "007", "-1", "a b+c", "<script>", "é√", "%41", ""])
def test_the_challenge_is_a_text(challenge: str):
    """One page calls it a number, another a random string: it comes back letter by letter."""
    assert answer(query(challenge=challenge), TOKEN) == challenge


@pytest.mark.parametrize("token", ["p@ss&w=rd?#", "50% + 1", "käse√", "a\x00b", "quote'\"", "%41", " "])
def test_strong_tokens_work(token: str):
    """Odd characters in a token are no trouble."""
    sent = query(verify_token=token)

    assert answer(sent, token) == "1158201444"
    assert answer(sent.replace("+", "%20").encode(), token) == "1158201444"


def test_a_token_sent_without_escaping_works():
    """Some clients send UTF-8 as it is."""
    sent = "hub.challenge=käse&hub.verify_token=käse".encode()

    assert answer(sent, "käse") == "käse"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("", "verify token"),
        (query(verify_token=None), "verify token"),
        (query(verify_token=""), "verify token"),
        (query(verify_token=TOKEN.upper()), "verify token"),
        (query(verify_token=TOKEN + " "), "verify token"),
        (query(verify_token=quote(TOKEN)), "verify token"),
        ("hub.verify_token=another&" + query(), "verify token"),
        ("hub.verify_token=%ff%fe&hub.challenge=1", "verify token"),
        (query().replace("hub.", "hub_"), "verify token"),
        (query(mode="unsubscribe"), "hub.mode"),
        (query(challenge=None), "hub.challenge"),
    ],
)
def test_what_is_refused_and_why(sent: str, told: str):
    """A wrong or missing token, another mode, no challenge."""
    with pytest.raises(HandshakeRefused, match=told):
        answer(sent, TOKEN)


def test_an_empty_verify_token_lets_nobody_in():
    """A token that was forgotten in the configuration is not matched by one that is missing in the request."""
    with pytest.raises(HandshakeRefused):
        answer(query(verify_token=""), "")


def test_a_framework_s_mapping_is_taken():
    """The parameters as a framework has parsed them."""
    sent = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": TOKEN}

    assert answer(sent, TOKEN) == "42"


@given(sent=st.binary(max_size=100) | st.text(st.characters(), max_size=100), token=st.text(st.characters()))
@examples(300)
def test_any_query_is_refused_in_one_way(sent: bytes | str, token: str):
    """Whatever comes as a query string, the answer is HandshakeRefused."""
    with pytest.raises(HandshakeRefused):
        answer(sent, token)


@given(token=st.text(st.characters(codec="utf-8"), min_size=1), challenge=st.text(st.characters(codec="utf-8")))
@examples(200)
def test_any_token_can_be_chosen(token: str, challenge: str):
    """Whatever people choose as a token, Meta's request with it is answered."""
    assert answer(query(verify_token=token, challenge=challenge), token) == challenge
