"""Many processes on one PostgreSQL: ids come from sequences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NUMBERED = {
    "receipts": "id",
    "solution_numbers": "number",
    "observations": "id",
    "customer_events": "id",
    "notices": "id",
    "deliveries": "id",
    "attempts": "id",
}


def upgrade() -> None:
    """Begin each sequence, where there are such, behind what is there."""
    # Until then a target that asked for patience is left alone, by every process.
    op.add_column("targets", sa.Column("hold_until", sa.BigInteger))
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in NUMBERED.items():
        sequence = f"{table}_{column}_seq"
        op.execute(f"CREATE SEQUENCE {sequence} OWNED BY {table}.{column}")
        op.execute(f"SELECT setval('{sequence}', coalesce(max({column}), 0) + 1, false) FROM {table}")  # noqa: S608
