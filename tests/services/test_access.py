"""Keys, links and sessions, on each database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from partnerhook.core.access import Role
from partnerhook.services.access import Access
from partnerhook.services.retain import Keeping, retain
from running import wait_until
from stores import new_store, writing


@pytest.fixture
def access(tmp_path: Path, database: str) -> Access:
    """In a store of its own."""
    return Access(new_store(tmp_path, database))


def test_a_key_is_good_until_it_is_revoked(access: Access):
    """And a revoked one never again."""
    made = access.create_key("reporting", Role.OPERATOR)

    assert (found := access.key(made.key)) is not None
    assert (found.name, found.role) == ("reporting", Role.OPERATOR)
    assert access.revoke_key(made.stored.id)
    assert access.key(made.key) is None
    assert not access.revoke_key(made.stored.id)
    assert [one.id for one in access.keys()] == [made.stored.id]  # noqa: SIM118 - no mapping


def test_only_the_whole_key_is_good(access: Access):
    """Not its id with another secret, not in capitals, not with something around it, not as bytes of another kind."""
    key = access.create_key("reporting", Role.VIEWER).key
    other = access.create_key("other", Role.VIEWER).key

    wrong = [
        key[:-1],
        key + "0",
        key.upper(),
        f" {key}",
        key.replace("ph_", "sk_"),
        key[:16] + other[16:],
        "",
        "ph__",
        "\0",
    ]
    assert [access.key(one) for one in wrong] == [None] * len(wrong)


def test_when_a_key_was_used_is_noted(access: Access):
    """To the minute: that is exact enough for whoever wonders if it can go."""
    made = access.create_key("reporting", Role.VIEWER)

    assert access.keys()[0].last_used_at is None
    access.key(made.key)
    first = access.keys()[0].last_used_at
    access.key(made.key)

    assert first is not None
    assert access.keys()[0].last_used_at == first


def test_who_looks_is_let_in_while_nothing_can_be_written(tmp_path: Path, database: str):
    """What would be noted of it is not: when the disk is full, or a long write goes on, people have to look."""
    engine = new_store(tmp_path, database)
    access = Access(engine)
    key, made = access.create_key("reporting", Role.VIEWER).key, access.let_in("ana", Role.ADMIN, "proxy")
    with writing(engine) as conn:
        conn.execute(text("UPDATE sessions SET last_seen_at = last_seen_at - 86400000000"))
    with writing(engine) as conn:
        for table in ("sessions", "api_keys"):
            conn.execute(text(f"UPDATE {table} SET role = role"))

        assert access.session(made.token) is not None
        assert access.key(key) is not None

    assert access.keys()[0].last_used_at is None


def test_what_is_stored_is_not_the_key(tmp_path: Path, database: str):
    """Nor a link's or a session's token: a copy of the database lets nobody in."""
    engine = new_store(tmp_path, database)
    access = Access(engine)
    key = access.create_key("reporting", Role.ADMIN).key
    link = access.new_link("ana", Role.ADMIN)
    unused = access.new_link("ana", Role.ADMIN)
    session = access.sign_in(link)
    assert session is not None

    with writing(engine) as conn:
        stored = [
            conn.execute(text(f"SELECT * FROM {table}")).all() for table in ("api_keys", "sign_in_links", "sessions")
        ]

    assert all(stored)
    for secret in (key.split("_")[2], link, unused, session.token):
        assert secret not in repr(stored)


def test_a_link_lets_somebody_in_once(access: Access):
    """Looking at it uses nothing up."""
    token = access.new_link("ana", Role.OPERATOR)

    assert asyncio.run(access.first_link("admin", Role.ADMIN)) is not None
    assert (seen := access.link(token)) is not None
    assert (seen.who, seen.role) == ("ana", Role.OPERATOR)
    made = access.sign_in(token)
    assert made is not None
    assert (made.session.who, made.session.role) == ("ana", Role.OPERATOR)
    assert (access.link(token), access.sign_in(token)) == (None, None)
    assert access.session(made.token) == made.session
    assert asyncio.run(access.first_link("admin", Role.ADMIN)) is None


def test_a_link_is_good_for_some_time_only(access: Access):
    """One that is over lets nobody in."""
    token = access.new_link("ana", Role.ADMIN, lasts_s=0)

    assert (access.link(token), access.sign_in(token)) == (None, None)


def test_a_session_ends(tmp_path: Path, database: str):
    """By itself, when nobody uses it."""
    engine = new_store(tmp_path, database)
    access = Access(engine)
    made = access.let_in("ana", Role.ADMIN, "proxy")
    with writing(engine) as conn:
        conn.execute(text("UPDATE sessions SET expires_at = created_at"))

    assert access.session(made.token) is None
    assert access.sessions() == []


def test_what_is_over_is_forgotten(tmp_path: Path, database: str):
    """Sessions and links; but not that somebody has signed in: no other first link is made for that."""
    engine = new_store(tmp_path, database)
    access = Access(engine)
    for who in ("ana", "bo"):
        assert access.sign_in(access.new_link(who, Role.ADMIN)) is not None
        access.new_link(who, Role.VIEWER)
    with writing(engine) as conn:
        conn.execute(text("UPDATE sessions SET expires_at = created_at"))
        conn.execute(text("UPDATE sign_in_links SET expires_at = created_at"))
    lasting, link = access.let_in("cleo", Role.VIEWER, "proxy"), access.new_link("dora", Role.VIEWER)

    async def live() -> None:
        task = asyncio.create_task(retain(engine, Keeping(30, 24, 30, 30)))
        await asyncio.to_thread(
            wait_until, lambda: rows(engine) == {"sessions": 1, "sign_in_links": 2}, "they are gone"
        )
        task.cancel()

    asyncio.run(live())
    assert access.session(lasting.token) is not None
    assert access.link(link) is not None
    assert asyncio.run(access.first_link("admin", Role.ADMIN)) is None


def rows(engine: Engine) -> dict[str, int]:
    """How many there are."""
    with engine.connect() as conn, conn.begin():
        counts = {table: text(f"SELECT count(*) FROM {table}") for table in ("sessions", "sign_in_links")}
        return {table: conn.execute(count).scalar_one() for table, count in counts.items()}


def test_a_session_that_is_used_goes_on(tmp_path: Path, database: str):
    """But no longer than a week."""
    engine = new_store(tmp_path, database)
    access = Access(engine)
    made = access.let_in("ana", Role.ADMIN, "proxy")
    day_us = 86_400_000_000
    with writing(engine) as conn:
        conn.execute(
            text(f"UPDATE sessions SET created_at = created_at - 7 * {day_us}, last_seen_at = last_seen_at - {day_us}")
        )

    assert access.session(made.token) is not None
    (after,) = access.sessions() or [None]

    assert after is None or after.expires_at <= made.session.created_at


def test_signing_out(access: Access):
    """Here, everywhere, or everybody; a link that was not used yet is worth nothing then."""
    first, second = access.let_in("ana", Role.ADMIN, "proxy"), access.let_in("ana", Role.ADMIN, "proxy")
    third, other = access.let_in("ana", Role.ADMIN, "proxy"), access.let_in("bo", Role.VIEWER, "proxy")
    link = access.new_link("ana", Role.ADMIN)

    access.sign_out(first.token)
    assert access.session(first.token) is None
    assert access.sign_out_everywhere("ana") == 2
    assert (access.session(second.token), access.session(third.token), access.link(link)) == (None, None, None)
    assert access.session(other.token) is not None
    assert access.sign_out_everywhere() == 1
    assert access.session(other.token) is None
