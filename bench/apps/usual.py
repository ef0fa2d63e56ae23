"""(c) The handler most people write: FastAPI, async SQLAlchemy, a session and a commit for each request.

SQLite as durable as ours (WAL, synchronous=FULL), so that a 200 means the same. The pool is SQLAlchemy's
default; one connection alone would be about a seventh faster, none kept open half as fast.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SECRET = os.environ["BENCH_APP_SECRET"].encode()
# 30 s for the write lock and for a connection: where all 256 write, the usual 5 s end in errors.
engine = create_async_engine(os.environ["BENCH_DATABASE_URL"], connect_args={"timeout": 30})
new_session = async_sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine.sync_engine, "connect")
def _configure(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


class Base(DeclarativeBase):
    """Tables."""


class Observation(Base):
    """One change of one webhook."""

    __tablename__ = "observations"

    id: Mapped[int] = mapped_column(primary_key=True)
    portfolio_id: Mapped[str]
    solution_id: Mapped[str] = mapped_column(index=True)
    event: Mapped[str]
    solution_status: Mapped[str]
    time: Mapped[int]
    received_at: Mapped[datetime]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Create the table."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


async def session() -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with new_session() as one:
        yield one


app = FastAPI(lifespan=lifespan)


@app.post("/webhook")
async def webhook(
    request: Request,
    database: Annotated[AsyncSession, Depends(session)],
    x_hub_signature_256: Annotated[str, Header()] = "",
) -> dict[str, str]:
    """Check, store, commit, acknowledge."""
    expected = "sha256=" + hmac.new(SECRET, await request.body(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(x_hub_signature_256.encode(), expected.encode()):
        raise HTTPException(401)
    payload = await request.json()
    for entry in payload["entry"]:
        for change in entry["changes"]:
            if change["field"] == "partner_solutions":
                database.add(_observation(entry, change["value"]))
    await database.commit()
    return {"status": "ok"}


def _observation(entry: dict[str, Any], value: dict[str, Any]) -> Observation:
    return Observation(
        portfolio_id=entry["id"],
        solution_id=value["solution_id"],
        event=value["event"],
        solution_status=value["solution_status"],
        time=entry["time"],
        received_at=datetime.now(UTC),
    )
