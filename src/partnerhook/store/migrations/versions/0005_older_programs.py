"""What each version of the schema says of older programs: with which of them it works."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
works_with = "0004"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table. Whoever migrates puts into it what the newest of these files declares."""
    op.create_table(
        "schema_versions",
        sa.Column("version", TEXT, primary_key=True),
        sa.Column("works_with", TEXT, nullable=False),
    )
