"""Receipts, their raw bodies, and the quarantine, as people see and change them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from backstage import HOSTILE, Backstage, backstage
from people import Person

from partnerhook.core.access import Role
from partnerhook.services.audit import Audit, AuditFilter
from partnerhook.services.erase import erase
from partnerhook.services.query import ReceiptFilter
from running import webhook


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    """One for all tests of this file, with one receipt that is understood."""
    with backstage(tmp_path_factory.mktemp("stage")) as one:
        one.hear("7001")
        yield one


@pytest.fixture
def ana(stage: Backstage) -> Iterator[Person]:
    """An admin."""
    with Person(stage.server) as person:
        yield person.sign_in()


def newest(stage: Backstage) -> int:
    """The number of the receipt that came last."""
    return stage.server.queries().receipts_page(ReceiptFilter(), before_id=None, limit=1)[0].receipt.id


def hostile(stage: Backstage) -> int:
    """A receipt whose every word is an attack, and which is not understood."""
    stage.hear_field("partner_solutions", HOSTILE)
    return newest(stage)


def test_what_became_of_each_change(ana: Person):
    """With its fate, and the body indented for reading."""
    text = ana.get("/receipts/1").text

    assert ">observed<" in text
    assert "entry[0].changes[0]" in text
    assert "&#34;solution_id&#34;: &#34;7001&#34;" in text


def test_the_body_as_a_file_byte_for_byte(stage: Backstage, ana: Person):
    """Never as something that a browser draws."""
    body = b'{"object": "\xff\xfe<script>alert(1)</script>"}\r\n'
    assert stage.server.post(body).status == 200
    number = newest(stage)

    answer = ana.get(f"/receipts/{number}/body")

    assert answer.content == body
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="receipt-{number}.json"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script>alert" not in ana.get(f"/receipts/{number}").text


def test_a_body_of_half_characters(stage: Backstage, ana: Person):
    """JSON may name half of a surrogate pair, which is no text: it is shown as it came."""
    stage.server.post(b'{"object": "whatsapp_business_account", "entry": ["\\ud800"]}')

    assert "\\ud800" in ana.get(f"/receipts/{newest(stage)}").text


def test_a_long_body_is_shown_in_part(stage: Backstage, ana: Person):
    """The file has all of it."""
    body = webhook("7002")[:-1] + b" " * 1_000_000 + b"}"
    stage.server.post(body)
    number = newest(stage)

    text = ana.get(f"/receipts/{number}").text

    assert "The beginning; the file has all of it." in text
    assert len(text) < 600_000
    assert ana.get(f"/receipts/{number}/body").content == body


def test_a_viewer_sees_no_body(stage: Backstage):
    """It can hold people's messages."""
    with Person(stage.server) as viewer:
        viewer.sign_in(Role.VIEWER, "vic")

        assert "solution_id" not in viewer.get("/receipts/1").text
        assert viewer.get("/receipts/1/body").status_code == 403


def test_a_body_that_is_gone(stage: Backstage, ana: Person):
    """The receipt stays."""
    stage.hear("7003")
    number = newest(stage)
    erase(stage.engine, [number])

    assert "dropped" in ana.get(f"/receipts/{number}").text
    assert ana.get(f"/receipts/{number}/body").status_code == 410


def test_filters(stage: Backstage, ana: Person):
    """In the URL; nonsense filters nothing away, and a number that is none is 404."""
    number = hostile(stage)
    row = f'href="/receipts/{number}"'

    assert row in ana.get("/receipts?quarantined=yes").text
    assert row not in ana.get("/receipts?quarantined=no").text
    assert "No receipt fits" in ana.get("/receipts?app=other").text
    assert row in ana.get("/receipts?quarantined=x&before=x").text
    assert ana.get("/receipts/0").status_code == 404
    assert ana.get(f"/receipts/{2**63}").status_code == 404


def test_pages_go_on_where_the_last_one_ended(stage: Backstage, ana: Person):
    """Every receipt is on exactly one of them."""
    for number in range(60):
        stage.hear(str(72_000 + number), "ACTIVE")
    seen = [*map(int, ana.leaf_through("/receipts", r'<th scope="row"><a href="/receipts/(\d+)">'))]

    assert seen == sorted(set(seen), reverse=True)
    assert seen[0] - seen[-1] == len(seen) - 1


def test_hostile_words_are_words(stage: Backstage, ana: Person):
    """On every page that shows them."""
    number = hostile(stage)
    stage.hear_field("<img src=x onerror=alert(3)>", {})

    for path in (
        "/receipts",
        f"/receipts/{number}",
        f"/receipts/{newest(stage)}",
        "/quarantine",
        "/inbox",
        "/observations",
    ):
        text = ana.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path


def test_quarantine_read_again_and_given_up(stage: Backstage, ana: Person):
    """Read again it is not understood today either; given up it is out of the quarantine, and written down."""
    number = hostile(stage)
    again = ana.get(ana.send(f"/receipts/{number}/retry").headers["location"]).text
    asked = ana.get(f"/receipts/{number}/discard").text
    gone = ana.get(ana.send(f"/receipts/{number}/discard").headers["location"]).text

    assert "not understood today either" in again
    assert "for good" in asked
    assert "out of the quarantine" in gone
    assert f'href="/receipts/{number}"' not in ana.get("/quarantine").text
    entries = Audit(stage.engine).page(AuditFilter(subject=f"receipt {number}"))
    assert [one.action for one in entries] == ["quarantine.discard", "quarantine.retry"]


def test_only_who_may_change_the_quarantine(stage: Backstage):
    """A viewer neither, an operator reads again."""
    number = hostile(stage)
    with Person(stage.server) as viewer, Person(stage.server) as operator:
        viewer.sign_in(Role.VIEWER, "vic")
        operator.sign_in(Role.OPERATOR, "otto")

        assert viewer.send(f"/receipts/{number}/retry").status_code == 403
        assert operator.send(f"/receipts/{number}/discard").status_code == 403
        assert operator.get(f"/receipts/{number}/discard").status_code == 403
        assert operator.send(f"/receipts/{number}/retry").status_code == 303
        assert operator.send("/receipts/999999/retry").status_code == 404


def test_observations(stage: Backstage, ana: Person):
    """Newest first, of all or of one solution; a strange word is a word."""
    stage.hear("7777", HOSTILE)
    text = ana.get("/observations").text

    assert text.index('href="/solutions/default/7777"') > 0
    assert "<script>alert" not in text
    assert "Meta sent a status word that is in none of its documents." in text
    only = ana.get("/observations?solution=7001").text
    assert "/solutions/default/7001" in only
    assert "/solutions/default/7777" not in only
    assert "No observation fits." in ana.get("/observations?solution=1&app=x&before=x").text
