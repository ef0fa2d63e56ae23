"""Webhooks as Meta makes them: the bytes, the headers, and that our own reading gives back what was put in."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerhook.core.compose import Entry, Update, compose, compose_entries, headers, php_json
from partnerhook.core.names import WORD_OF_STATE, Flag
from partnerhook.core.signature import VerifiedBody, verify
from partnerhook.core.wire import parse
from strategies import NOON_S, SECRET, examples, json_values

REFERENCE = Path(__file__).parents[1] / "payloads" / "partner_solutions.reference.json"
UPDATE = Update("SOLUTION_CREATED", "774485461512159", "INITIATED")

ids = st.integers(0, 2**64 - 1).map(str)
updates = st.builds(
    Update, st.sampled_from(["SOLUTION_CREATED", "SOLUTION_UPDATED"]), ids, st.sampled_from([*WORD_OF_STATE.values()])
)
entries = st.builds(Entry, ids, st.none() | st.integers(0, NOON_S), st.lists(updates, min_size=1, max_size=4))


def test_the_reference_example_is_made_byte_for_byte():
    """Keys in the reference's order, and not a blank."""
    document = json.loads(REFERENCE.read_bytes())

    body = compose("506914307656634", 1_739_321_024, [UPDATE])

    assert body == (
        b'{"entry":[{"changes":[{"field":"partner_solutions","value":{"event":"SOLUTION_CREATED",'
        b'"solution_id":"774485461512159","solution_status":"INITIATED"}}],'
        b'"id":"506914307656634","time":1739321024}],"object":"whatsapp_business_account"}'
    )
    assert json.loads(body) == document


def test_without_a_time_there_is_no_key_for_it():
    """As the App Dashboard's Test button sends."""
    (entry,) = json.loads(compose("0", None, [UPDATE]))["entry"]

    assert list(entry) == ["changes", "id"]


@pytest.mark.parametrize(
    ("document", "written"),
    [
        ({"a": "https://x/y"}, rb'{"a":"https:\/\/x\/y"}'),
        ("café", rb'"caf\u00e9"'),
        ("ÿĀ\u202e", rb'"\u00ff\u0100\u202e"'),
        ("😀", rb'"\ud83d\ude00"'),
        ('\\/ \\\\/ "', rb'"\\\/ \\\\\/ \""'),
        ("\b\f\n\r\t\x00\x1f", rb'"\b\f\n\r\t\u0000\u001f"'),
        ("\x7f", b'"\x7f"'),
        (r"\u007f", rb'"\\u007f"'),
        ("<a href='x'>&%@", rb'''"<a href='x'>&%@"'''),
        ([1, True, None, {}], b"[1,true,null,{}]"),
    ],
    ids=["slash", "latin", "border", "surrogates", "backslash", "control", "delete", "no escape", "html", "others"],
)
def test_json_as_php_writes_it(document: Any, written: bytes):
    """The literals are what json_encode of PHP 8 gives without flags; its manual says which characters it escapes."""
    assert php_json(document) == written


@given(json_values)
@examples(200)
def test_json_in_the_manner_of_php_means_the_same(document: Any):
    """Whatever is written can be read again."""
    written = php_json(document)

    assert repr(json.loads(written)) == repr(json.loads(json.dumps(document)))


@given(st.lists(entries, max_size=4))
@examples(200)
def test_what_is_composed_is_read_again(batch: list[Entry]):
    """Every change in its place, with its ids, its words and its time; no flags but for a missing time."""
    body = compose_entries(batch)

    envelope = parse(verify(body, headers(body, SECRET)["X-Hub-Signature-256"], [SECRET]), received_at_s=NOON_S)

    sent = [(entry.portfolio_id, entry.time, *update) for entry in batch for update in entry.updates]
    read = envelope.solution_updates
    assert [(one.portfolio_id, one.time, one.event, one.solution_id, one.solution_status) for one in read] == sent
    assert len(envelope.pieces) == len(sent)
    assert {flag for one in read for flag in one.flags} <= {Flag.TIME_MISSING}
    assert envelope.flags == ()


def test_headers_are_metas():
    """Both signatures, the legacy one too, over the bytes of the body."""
    body = compose("506914307656634", NOON_S, [UPDATE])

    sent = headers(body, "ключ")

    assert sent == {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature": "sha1=" + hmac.new("ключ".encode(), body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new("ключ".encode(), body, hashlib.sha256).hexdigest(),
    }
    assert verify(body, sent["X-Hub-Signature-256"], ["ключ"]) == VerifiedBody(body)
