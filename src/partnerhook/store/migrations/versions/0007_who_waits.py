"""Solutions that wait for an answer are found without looking through all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
works_with = "0004"


def upgrade() -> None:
    """Create the index."""
    waits = sa.text("pending <> 'NONE'")
    op.create_index("solutions_waiting", "solutions", ["since", "number"], sqlite_where=waits, postgresql_where=waits)
