"""What the Graph API tells of solutions, and leases for what one process at a time should do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "graph_readings",
        sa.Column("solution_number", ROWID, primary_key=True, autoincrement=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("owner_app", TEXT),
        sa.Column("owner_permissions", TEXT),
        sa.Column("partners", TEXT),
        sa.Column("read_at", sa.BigInteger),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
