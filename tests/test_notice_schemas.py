"""Every type has a published schema, and real notices fit theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from partnerhook.core.health import HealthKind, HealthNotice
from partnerhook.core.lifecycle import seconds
from partnerhook.core.names import INITIATED
from partnerhook.core.notice_documents import AnyNotice, Notice, Standing, document
from partnerhook.core.notices import NoticeKind, Step, follow
from partnerhook.core.observations import distinct
from strategies import examples, observations

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"
KINDS = [*NoticeKind, *HealthKind]


def validator(kind: str) -> Draft202012Validator:
    """Of one type."""
    schema = json.loads((SCHEMAS / f"partnerhook.{kind}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


VALIDATORS = {kind: validator(kind) for kind in KINDS}


def check(notice: AnyNotice) -> None:
    """It fits its schema, as JSON."""
    VALIDATORS[notice.kind].validate(json.loads(json.dumps(document(notice))))


def test_every_type_has_one():
    """And there is none of a type that is not there."""
    assert {path.stem for path in SCHEMAS.iterdir()} == {f"partnerhook.{kind}" for kind in KINDS}


def notice_of(step: Step, heard: dict[str, object]) -> Notice:
    """What the store makes of a step."""
    before = Standing(step.before, step.before_since) if step.before else None
    after = Standing(step.after, step.since, step.anomalies)
    observation = heard.get(step.key)
    return Notice(step.kind, "default", "77", before, after, step.corrected, observation, 1, step.detail, "Name")  # type: ignore[arg-type]


@given(st.lists(observations, min_size=1, max_size=8))
@examples(300)
def test_what_is_told_fits(heard: list[object]):
    """Whatever is heard."""
    each = distinct(heard)  # type: ignore[arg-type]
    by_key = {one.key: one for one in each}

    for step in follow(None, seconds(each))[1]:
        check(notice_of(step, by_key))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "detail"), [(NoticeKind.RENAMED, "old\nnew\n1"), (NoticeKind.OVERDUE, "86400")], ids=str
)
def test_what_nobody_heard_fits(kind: NoticeKind, detail: str):
    """A new name and an overdue request have no observation."""
    standing = Standing((INITIATED,), 1_750_000_000)

    check(Notice(kind, "default", "77", standing, standing, False, None, 1, detail))


@pytest.mark.parametrize("kind", HealthKind, ids=str)
def test_an_alarm_fits(kind: HealthKind):
    """Each."""
    check(HealthNotice(kind, "crm", "it is paused", "mend it", 1_750_000_000_000_000, 1_750_000_001_000_000))
