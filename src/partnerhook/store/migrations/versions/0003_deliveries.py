"""Notices, and who gets them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the outbox."""
    op.create_table(
        "notices",
        sa.Column("id", ROWID, primary_key=True, autoincrement=False),
        sa.Column("solution_number", sa.BigInteger),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("observation_id", sa.BigInteger),
        sa.Column("before", TEXT, nullable=False),
        sa.Column("before_since", sa.BigInteger),
        sa.Column("after", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger),
        sa.Column("noticed_at", sa.BigInteger, nullable=False),
        sa.Column("rest", TEXT),
    )
    overdue = sa.text("kind = 'solution.overdue'")
    op.create_index("notices_overdue", "notices", ["solution_number"], sqlite_where=overdue, postgresql_where=overdue)
    op.create_table(
        "deliveries",
        sa.Column("id", ROWID, primary_key=True, autoincrement=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("lane", sa.BigInteger, nullable=False),
        sa.Column("notice_id", sa.BigInteger),
        sa.Column("receipt_id", sa.BigInteger),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("fate", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_attempt_at", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
    )
    for name, columns, where in (
        ("deliveries_due", ["target", "due_at"], "due_at IS NOT NULL"),
        ("deliveries_lane", ["target", "lane", "id"], "fate = 'waiting'"),
        ("deliveries_dead", ["target", "id"], "fate = 'dead'"),
        ("deliveries_forwarded", ["receipt_id"], "fate = 'waiting' AND receipt_id IS NOT NULL"),
    ):
        op.create_index(name, "deliveries", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_table(
        "attempts",
        sa.Column("id", ROWID, primary_key=True, autoincrement=False),
        sa.Column("delivery_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("duration_us", sa.BigInteger, nullable=False),
        sa.Column("reply", TEXT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer", TEXT, nullable=False),
    )
    op.create_index("attempts_delivery", "attempts", ["delivery_id"])
    op.create_table(
        "targets",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("paused_at", sa.BigInteger),
        sa.Column("paused_reason", TEXT, nullable=False),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("waiting_bytes", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "listeners",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("notice_id", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
    )
    op.create_table(
        "alarms",
        sa.Column("kind", TEXT, primary_key=True),
        sa.Column("subject", TEXT, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
    )
    # The headers that a forwarded POST takes along; empty where it goes nowhere.
    op.add_column("receipts", sa.Column("headers", TEXT))
    gone_on = sa.text("headers IS NOT NULL AND body IS NOT NULL")
    op.create_index("receipts_gone_on", "receipts", ["id"], sqlite_where=gone_on, postgresql_where=gone_on)
