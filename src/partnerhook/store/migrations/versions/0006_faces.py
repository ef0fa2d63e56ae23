"""Keys and sessions of people and scripts, the audit log, reconciliations, figures, milestones, words of alarms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
works_with = "0004"

SEQUENCES = {"audit_log": "id", "reconciliations": "id"}


def upgrade() -> None:
    """Create them."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    text = sa.Text(collation="C") if postgresql else sa.Text()
    rowid = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "api_keys",
        sa.Column("id", text, primary_key=True),
        sa.Column("name", text, nullable=False),
        sa.Column("role", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("digest", text, primary_key=True),
        sa.Column("who", text, nullable=False),
        sa.Column("role", text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", text, primary_key=True),
        sa.Column("who", text, nullable=False),
        sa.Column("role", text, nullable=False),
        sa.Column("via", text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", rowid, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", text, nullable=False),
        sa.Column("role", text, nullable=False),
        sa.Column("via", text, nullable=False),
        sa.Column("address", text, nullable=False),
        sa.Column("action", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("details", text, nullable=False),
        sa.Column("outcome", text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", rowid, primary_key=True, autoincrement=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("asked_by", text, nullable=False),
        sa.Column("app", text, nullable=False),
        sa.Column("only_checks", sa.Integer, nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("failure", text, nullable=False),
        sa.Column("report", text),
    )
    op.create_table(
        "figures",
        sa.Column("minute", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("process", text, primary_key=True),
        sa.Column("figures", text, nullable=False),
    )
    op.create_index("notices_solution", "notices", ["solution_number"])
    of_notice = sa.text("notice_id IS NOT NULL")
    op.create_index(
        "deliveries_notice", "deliveries", ["notice_id"], sqlite_where=of_notice, postgresql_where=of_notice
    )
    op.create_table(
        "milestones",
        sa.Column("name", text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    odd = sa.text("anomalies <> ''")
    op.create_index("solutions_odd", "solutions", ["since", "number"], sqlite_where=odd, postgresql_where=odd)
    for name in ("summary", "remedy"):
        op.add_column("alarms", sa.Column(name, text, nullable=False, server_default=""))
    if postgresql:
        for table, column in SEQUENCES.items():
            op.execute(f"CREATE SEQUENCE {table}_{column}_seq OWNED BY {table}.{column}")
