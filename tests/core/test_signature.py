"""The signature over the raw bytes. The vectors were computed once, apart from this program."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partnerhook.core.errors import SignatureProblem, SignatureRejected
from partnerhook.core.signature import ADVICE, Diagnosis, VerifiedBody, diagnose, sign, verify
from strategies import SECRET, examples

COMPACT = (
    b'{"entry":[{"changes":[{"field":"partner_solutions","value":{"event":"SOLUTION_CREATED",'
    b'"solution_id":"774485461512159","solution_status":"INITIATED"}}],"id":"506914307656634","time":1739321024}],'
    b'"object":"whatsapp_business_account"}'
)
ESCAPED = rb'{"a":"caf\u00e9 a\/b \u0040"}'
UNESCAPED = '{"a":"café a/b @"}'.encode()

VECTORS = {
    COMPACT: "sha256=d8939a67ee7b94a440d7d140fdf02c5ff6205c1be891e344d445732066e005c9",
    ESCAPED: "sha256=835657817f5d45023ba102acf1a7967dadb727f145145597eaf9b6db286924a4",
    UNESCAPED: "sha256=4c3bfddcce582b5ce7df980f5179bad83eb09b6696833254b024e615641497dc",
}


@pytest.mark.parametrize(("body", "header"), VECTORS.items(), ids=["compact", "escaped", "unescaped"])
def test_known_signatures(body: bytes, header: str):
    """Signing gives the known signatures, and they are believed as str and as bytes."""
    assert sign(body, SECRET) == header
    assert verify(body, header, [SECRET]) == VerifiedBody(body)
    assert verify(body, header.encode(), [SECRET]) == VerifiedBody(body)


def test_the_documented_example_has_232_bytes():
    """The first vector is the documented example without a blank in it."""
    assert len(COMPACT) == 232


def test_two_spellings_of_the_same_json_have_different_signatures():
    """What is signed is the bytes, not what they mean."""
    assert json.loads(ESCAPED) == json.loads(UNESCAPED)
    assert VECTORS[ESCAPED] != VECTORS[UNESCAPED]


def test_an_older_secret_is_believed_and_named():
    """While a secret is rotated both are good; the index tells which one it was."""
    verified = verify(COMPACT, VECTORS[COMPACT], ["a newer secret", SECRET])

    assert verified.secret_index == 1


def test_hexadecimal_digits_may_be_large():
    """Meta sends small letters; a proxy that changes them changes nothing that matters."""
    header = "sha256=" + VECTORS[COMPACT].removeprefix("sha256=").upper()

    assert verify(COMPACT, header, [SECRET]).secret_index == 0


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (None, SignatureProblem.HEADER_MISSING),
        (b"", SignatureProblem.HEADER_MALFORMED),
        ("sha256=", SignatureProblem.HEADER_MALFORMED),
        (VECTORS[COMPACT] + "\n", SignatureProblem.HEADER_MALFORMED),
        (" " + VECTORS[COMPACT], SignatureProblem.HEADER_MALFORMED),
        (VECTORS[COMPACT][:-1], SignatureProblem.HEADER_MALFORMED),
        (VECTORS[COMPACT].replace("sha256", "sha1"), SignatureProblem.HEADER_MALFORMED),
        (VECTORS[COMPACT].replace("sha256", "SHA256"), SignatureProblem.HEADER_MALFORMED),
        ("sha256=" + "g" * 64, SignatureProblem.HEADER_MALFORMED),
        ("sha256=" + "٣" * 64, SignatureProblem.HEADER_MALFORMED),
        (b"sha256=" + b"\xff" * 64, SignatureProblem.HEADER_MALFORMED),
        ("sha256=\ud800", SignatureProblem.HEADER_MALFORMED),
        ("sha256=" + "0" * 64, SignatureProblem.NO_MATCH),
        (VECTORS[ESCAPED], SignatureProblem.NO_MATCH),
    ],
)
def test_what_is_not_believed_and_why(header: bytes | str | None, problem: SignatureProblem):
    """Each header that does not fit is rejected with its reason, and the sentence names neither secret nor body."""
    with pytest.raises(SignatureRejected) as rejected:
        verify(COMPACT, header, [SECRET])

    assert rejected.value.problem is problem
    assert SECRET not in str(rejected.value)
    assert "774485461512159" not in str(rejected.value)


@pytest.mark.parametrize("secrets", [[], [""], ["a newer secret", ""]])
def test_without_a_secret_nothing_is_checked_and_nothing_believed(secrets: list[str]):
    """A forgotten secret is the caller's mistake, never a way in: anybody can sign with the empty one."""
    with pytest.raises(ValueError, match="app secret"):
        verify(COMPACT, sign(COMPACT, SECRET), secrets)


@given(
    body=st.binary(max_size=200), header=st.none() | st.binary(max_size=100) | st.text(st.characters(), max_size=100)
)
@example(body=b"", header="sha256=" + "0" * 64)
@examples(300)
def test_any_header_is_refused_in_one_way(body: bytes, header: bytes | str | None):
    """Whatever comes as body and header, the answer is SignatureRejected."""
    with pytest.raises(SignatureRejected):
        verify(body, header, [SECRET])


@given(body=st.binary(max_size=1000))
@examples(100)
def test_any_body_can_be_signed(body: bytes):
    """Verifying needs no JSON: every body is believed under its own signature."""
    assert verify(body, sign(body, SECRET), [SECRET]).raw == body


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (ESCAPED, UNESCAPED),
        (rb'{"a":"caf\u00e9 a\/b"}', rb'{"a": "caf\u00e9 a/b"}'),
        (COMPACT, json.dumps(json.loads(COMPACT), indent=2).encode()),
        (UNESCAPED, ESCAPED),
    ],
)
def test_a_proxy_that_rewrites_bodies_is_found(sent: bytes, received: bytes):
    """The signature fits what Meta sent, not what arrived after something parsed and wrote it again."""
    assert diagnose(received, sign(sent, SECRET), [SECRET]) is Diagnosis.BODY_REWRITTEN


@pytest.mark.parametrize(
    ("header", "secrets", "others", "diagnosis"),
    [
        (VECTORS[COMPACT], [SECRET], [], Diagnosis.VALID),
        (VECTORS[COMPACT], ["newer", SECRET], [], Diagnosis.PREVIOUS_SECRET),
        (VECTORS[COMPACT], ["newer"], [SECRET], Diagnosis.OTHER_APP),
        (VECTORS[COMPACT], ["newer"], ["another"], Diagnosis.NO_MATCH),
        (None, [SECRET], [], Diagnosis.HEADER_MISSING),
        ("sha1=00", [SECRET], [], Diagnosis.HEADER_MALFORMED),
    ],
)
def test_each_cause_is_told_apart(header: str | None, secrets: list[str], others: list[str], diagnosis: Diagnosis):
    """An operator hears which of the known causes it is."""
    assert diagnose(COMPACT, header, secrets, others) is diagnosis


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"1" * 5000, rb'"\ud800"', b"{}" * 50_000])
def test_diagnosis_survives_any_body(body: bytes):
    """What cannot be parsed or written again is simply no match."""
    assert diagnose(body, "sha256=" + "0" * 64, [SECRET]) is Diagnosis.NO_MATCH


def test_every_diagnosis_has_advice():
    """Nobody is told a cause without what to do about it."""
    assert set(ADVICE) == set(Diagnosis)
