"""A verified body taken apart: each change on its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from partnerhook.core.account_update import CustomerUpdate
from partnerhook.core.errors import PayloadUnreadable
from partnerhook.core.names import ACTIVE, DEACTIVATION_REQUESTED, INITIATED, UNKNOWN, Flag, State
from partnerhook.core.partner_solutions import SolutionUpdate
from partnerhook.core.signature import sign, verify
from partnerhook.core.wire import CHANGES_MAX, SUBSCRIBE_WITH_VALUES, Envelope, OtherChange, Unreadable, parse
from strategies import NOON_S, SECRET, bodies, documents, examples, json_values

VALUE = {"event": "SOLUTION_UPDATED", "solution_id": "774485461512159", "solution_status": "ACTIVE"}
CHANGE = {"field": "partner_solutions", "value": VALUE}
ENTRY = {"id": "506914307656634", "time": NOON_S, "changes": [CHANGE]}


def without(thing: dict[str, Any], name: str) -> dict[str, Any]:
    """`thing` without one of its members."""
    return {key: value for key, value in thing.items() if key != name}


def parse_raw(raw: bytes) -> Envelope:
    """Sign, verify and parse."""
    return parse(verify(raw, sign(raw, SECRET), [SECRET]), received_at_s=NOON_S)


def parse_entry(*entries: Any) -> Envelope:
    """A webhook with these entries, taken apart."""
    return parse_raw(json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode())


def parse_value(**changed: Any) -> SolutionUpdate:
    """A single change of `partner_solutions`, some of its value changed, read."""
    (update,) = parse_entry(ENTRY | {"changes": [{**CHANGE, "value": VALUE | changed}]}).solution_updates
    return update


def test_a_change_in_meta_s_words():
    """Words and ids as sent, where it stood, and no flag for what is documented."""
    assert parse_entry(ENTRY) == Envelope(
        "whatsapp_business_account",
        (
            SolutionUpdate(
                "entry[0].changes[0]",
                "506914307656634",
                NOON_S,
                "SOLUTION_UPDATED",
                "774485461512159",
                "ACTIVE",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("word", "state", "flags"),
    [
        ("ACTIVE", ACTIVE, ()),
        ("PENDING_DEACTIVATION", DEACTIVATION_REQUESTED, ()),
        ("INITIATED", INITIATED, ()),
        ("PENDING", INITIATED, (Flag.STATUS_PENDING,)),
        ("LIMBO", UNKNOWN, (Flag.STATUS_UNKNOWN,)),
        ("active", UNKNOWN, (Flag.STATUS_UNKNOWN,)),
    ],
)
def test_what_status_words_mean(word: str, state: State, flags: tuple[Flag, ...]):
    """The reference's words, the guide's PENDING, and words of no document: kept, and flagged."""
    update = parse_value(solution_status=word)

    assert (update.solution_status, update.state, update.flags) == (word, state, flags)


@pytest.mark.parametrize(
    ("event", "kept", "flags"),
    [
        ("SOLUTION_CREATED", "SOLUTION_CREATED", ()),
        ("SOLUTION_MOVED", "SOLUTION_MOVED", (Flag.EVENT_UNKNOWN,)),
        (None, "", (Flag.EVENT_MISSING,)),
        (7, "", (Flag.EVENT_MISSING,)),
    ],
)
def test_an_odd_event_is_kept_and_flagged(event: object, kept: str, flags: tuple[Flag, ...]):
    """The status says how the solution is; an event we do not know changes nothing about that."""
    update = parse_value(event=event)

    assert (update.event, update.flags) == (kept, flags)


def test_numeric_ids_stay_exact():
    """Numbers where strings of digits are documented, here one that a float would round."""
    raw = json.dumps({"entry": [ENTRY | {"id": 2**53 + 1}], "object": "whatsapp_business_account"})
    envelope = parse_raw(raw.replace('"774485461512159"', str(2**63 - 1)).encode())

    (update,) = envelope.solution_updates
    assert (update.portfolio_id, update.solution_id) == ("9007199254740993", "9223372036854775807")


@pytest.mark.parametrize(
    ("entry", "flag"),
    [
        (without(ENTRY, "time"), Flag.TIME_MISSING),
        (ENTRY | {"time": "noon"}, Flag.TIME_UNREADABLE),
        (ENTRY | {"time": NOON_S * 1000}, Flag.TIME_UNREADABLE),
        (without(ENTRY, "id"), Flag.PORTFOLIO_MISSING),
        (ENTRY | {"id": "a portfolio"}, Flag.PORTFOLIO_MISSING),
    ],
)
def test_an_entry_that_lacks_something_is_flagged(entry: dict[str, Any], flag: Flag):
    """Without a time or a portfolio a change still says how its solution is."""
    (update,) = parse_entry(entry).solution_updates

    assert update.flags == (flag,)
    assert (update.time is None) == (flag is not Flag.PORTFOLIO_MISSING)


@pytest.mark.parametrize(
    ("entry", "path", "reason"),
    [
        (7, "entry[0]", "the entry is not an object"),
        (without(ENTRY, "changes"), "entry[0]", "the entry has no list 'changes'"),
        (ENTRY | {"changes": {}}, "entry[0]", "the entry has no list 'changes'"),
        (without(ENTRY, "changes") | {"changed_fields": ["partner_solutions"]}, "entry[0]", SUBSCRIBE_WITH_VALUES),
        (ENTRY | {"changes": [None]}, "entry[0].changes[0]", "the change is not an object"),
        (ENTRY | {"changes": [without(CHANGE, "field")]}, "entry[0].changes[0]", "the change names no 'field'"),
        (ENTRY | {"changes": [CHANGE | {"field": ""}]}, "entry[0].changes[0]", "the change names no 'field'"),
        (
            ENTRY | {"changes": [without(CHANGE, "value")]},
            "entry[0].changes[0]",
            "the change has no object 'value'",
        ),
        (ENTRY | {"changes": [CHANGE | {"value": [VALUE]}]}, "entry[0].changes[0]", "the change has no object 'value'"),
        *(
            (
                ENTRY | {"changes": [CHANGE | {"value": value}]},
                "entry[0].changes[0]",
                reason,
            )
            for value, reason in (
                (without(VALUE, "solution_id"), "value.solution_id is not a string of digits"),
                (VALUE | {"solution_id": 7.5}, "value.solution_id is not a string of digits"),
                (without(VALUE, "solution_status"), "value.solution_status is not a short text"),
                (VALUE | {"solution_status": "x" * 129}, "value.solution_status is not a short text"),
                (VALUE | {"solution_status": ["ACTIVE"]}, "value.solution_status is not a short text"),
            )
        ),
    ],
)
def test_what_cannot_be_understood_spoils_no_neighbour(entry: object, path: str, reason: str):
    """It is named with place and reason; the entry behind it is read as if nothing had happened."""
    envelope = parse_entry(entry, ENTRY)

    assert [(piece.path, piece.reason) for piece in envelope.unreadable] == [(path, reason)]
    assert [update.path for update in envelope.solution_updates] == ["entry[1].changes[0]"]


def test_fields_that_the_registry_does_not_read():
    """Every field of the object arrives at the same URL: the others are named and left alone."""
    envelope = parse_entry(ENTRY | {"changes": [{"field": "messages", "value": "anything"}, CHANGE, {"field": "new"}]})

    assert envelope.pieces[0] == OtherChange("entry[0].changes[0]", "messages", "506914307656634")
    assert envelope.pieces[2] == OtherChange("entry[0].changes[2]", "new", "506914307656634")
    assert len(envelope.solution_updates) == 1


def test_the_dashboard_s_test_button():
    """Entry id 0 is nobody's portfolio, as a number too."""
    (update,) = parse_entry(ENTRY | {"id": 0}).solution_updates

    assert update.test


def test_customers_of_a_solution():
    """PARTNER_* events of account_update: ids exact, partner portfolios in one order, other events left alone."""
    info = {"waba_id": 980198427658004, "solution_id": "17", "solution_partner_business_ids": ["52", 29]}
    changes = [
        {"field": "account_update", "value": {"event": "PARTNER_ADDED", "waba_info": info}},
        {"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}},
        {"field": "account_update", "value": {"event": "PARTNER_REMOVED"}},
    ]

    envelope = parse_entry(ENTRY | {"changes": changes})

    added, removed = envelope.customer_updates
    assert added == CustomerUpdate(
        "entry[0].changes[0]",
        "506914307656634",
        NOON_S,
        "PARTNER_ADDED",
        waba_id="980198427658004",
        solution_id="17",
        solution_partner_business_ids=("29", "52"),
    )
    assert (removed.event, removed.waba_id) == ("PARTNER_REMOVED", "")
    assert isinstance(envelope.pieces[1], OtherChange)


@pytest.mark.parametrize(
    "info",
    [[], {"waba_id": "x"}, {"solution_partner_business_ids": "29"}, {"solution_partner_business_ids": [29, None]}],
)
def test_a_customer_s_facts_that_cannot_be_read(info: object):
    """Half-understood facts of a customer are not kept as if they were whole."""
    change = {"field": "account_update", "value": {"event": "PARTNER_ADDED", "waba_info": info}}

    (problem,) = parse_entry(ENTRY | {"changes": [change]}).unreadable

    assert problem.reason.startswith("value.waba_info")


def test_a_missing_object_is_flagged():
    """Meta's own example of PARTNER_ADDED lacks it."""
    envelope = parse_raw(json.dumps({"entry": [ENTRY]}).encode())

    assert envelope.flags == (Flag.OBJECT_MISSING,)
    assert not envelope.foreign
    assert len(envelope.solution_updates) == 1


@pytest.mark.parametrize(
    ("about", "name"), [("page", "page"), ("", "unreadable"), (7, "unreadable"), ({}, "unreadable")]
)
def test_a_foreign_object_is_not_taken_apart(about: object, name: str):
    """Another kind of Meta object has entries of its own kind."""
    envelope = parse_raw(json.dumps({"object": about, "entry": [ENTRY]}).encode())

    assert (envelope.foreign, envelope.object, envelope.pieces) == (True, name, ())


def test_a_thousand_changes_in_one_post():
    """What Meta documents as the most, and ten times as much."""
    many = [CHANGE] * (CHANGES_MAX // 10)

    assert len(parse_entry(ENTRY | {"changes": many}).solution_updates) == 1_000
    assert len(parse_entry(*[ENTRY | {"changes": many}] * 10).pieces) == CHANGES_MAX


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "not JSON: Expecting value at character 0"),
        (b"not json", "not JSON"),
        (b'{"entry": [', "not JSON"),
        (b"\xff\xfe\xfd", "not UTF-8"),
        (b'{"a": "\xc3\x28"}', "not UTF-8 at byte 7"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8 at byte 7"),
        ('{"entry": []}'.encode("utf-16"), "not UTF-8 at byte 0"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"entry":' * 200_000, "nested too deeply"),
        (b'{"entry": ' + b"1" * 5_000 + b"}", "a number in it is too long"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b"{}", "no list 'entry'"),
        (b'{"entry": {}}', "no list 'entry'"),
        (b'{"entry": [' + b",".join([b"{}"] * (CHANGES_MAX + 1)) + b"]}", "more than 10000 changes"),
        (b'{"entry": [{"changes": [' + b",".join([b"{}"] * 1_000_000) + b"]}]}", "more than 10000 changes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_body_that_is_no_webhook(raw: bytes, told: str):
    """PayloadUnreadable says what is wrong, and never a word of the body."""
    with pytest.raises(PayloadUnreadable, match=told):
        parse_raw(raw)


@given(raw=bodies(documents | json_values))
@examples(500)
def test_any_json_is_taken_apart(raw: bytes):
    """Whatever is signed, the answer is an envelope of documented pieces or PayloadUnreadable."""
    try:
        pieces = parse_raw(raw).pieces
    except PayloadUnreadable:
        pieces = ()

    for piece in pieces:
        assert isinstance(piece, SolutionUpdate | CustomerUpdate | OtherChange | Unreadable)
        assert piece.path.startswith("entry[")
        if isinstance(piece, SolutionUpdate):
            assert piece.solution_id.isdigit()
            assert piece.solution_status.isprintable()
            assert piece.event.isprintable()
