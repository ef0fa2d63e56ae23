"""The first tables: receipts, observations, solutions, customer events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "receipts",
        sa.Column("id", ROWID, primary_key=True, autoincrement=False),
        sa.Column("app", TEXT, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("body_bytes", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("flags", TEXT, nullable=False),
        sa.Column("outcomes", TEXT, nullable=False),
        sa.Column("quarantined", sa.Integer, nullable=False),
    )
    op.create_index(
        "receipts_quarantined",
        "receipts",
        ["id"],
        sqlite_where=sa.text("quarantined > 0"),
        postgresql_where=sa.text("quarantined > 0"),
    )
    op.create_table(
        "solution_numbers",
        sa.Column("number", ROWID, primary_key=True, autoincrement=False),
        sa.Column("solution_id", TEXT, nullable=False),
        sa.Column("app", TEXT, nullable=False),
    )
    op.create_index("solution_numbers_identity", "solution_numbers", ["solution_id", "app"], unique=True)
    op.create_table(
        "observations",
        sa.Column("id", ROWID, primary_key=True, autoincrement=False),
        sa.Column("solution_number", sa.BigInteger, nullable=False),
        sa.Column("app", TEXT, nullable=False),
        sa.Column("solution_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("portfolio_id", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("reported_status", TEXT, nullable=False),
        sa.Column("time", sa.BigInteger),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("last_received_at", sa.BigInteger, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("flags", TEXT, nullable=False),
        sa.Column("receipt_id", sa.BigInteger),
    )
    op.create_index("observations_identity", "observations", ["solution_number", "key"], unique=True)
    op.create_table(
        "solutions",
        sa.Column("number", ROWID, primary_key=True, autoincrement=False),
        sa.Column("app", TEXT, nullable=False),
        sa.Column("solution_id", TEXT, nullable=False),
        sa.Column("portfolio_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("pending", TEXT, nullable=False),
        sa.Column("reported_status", TEXT, nullable=False),
        sa.Column("could_be", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("newest_at", sa.BigInteger, nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
        sa.Column("observations", sa.Integer, nullable=False),
        sa.Column("anomalies", TEXT, nullable=False),
    )
    op.create_table(
        "customer_events",
        sa.Column("id", ROWID, primary_key=True, autoincrement=False),
        sa.Column("key", TEXT, nullable=False, unique=True),
        sa.Column("app", TEXT, nullable=False),
        sa.Column("entry_id", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("waba_id", TEXT, nullable=False),
        sa.Column("owner_business_id", TEXT, nullable=False),
        sa.Column("partner_app_id", TEXT, nullable=False),
        sa.Column("solution_id", TEXT, nullable=False),
        sa.Column("solution_partner_business_ids", TEXT, nullable=False),
        sa.Column("time", sa.BigInteger),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("receipt_id", sa.BigInteger, nullable=False),
    )
    op.create_index("customer_events_solution", "customer_events", ["app", "solution_id"])
