"""The tables. The log of observations is the truth; `solutions` is what folding it gives."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

HEAD: Final = "0002"
"""The migration this program needs; a test keeps it equal to the newest file in `migrations/versions`."""

metadata = MetaData()

# SQLite grows a rowid table at its right-hand edge only for this exact type.
ROWID: Final = BigInteger().with_variant(Integer(), "sqlite")

receipts = Table(
    "receipts",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("app", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("body_bytes", BigInteger, nullable=False),
    Column("body", LargeBinary),
    Column("flags", Text, nullable=False),
    Column("outcomes", Text, nullable=False),
    Column("quarantined", Integer, nullable=False),
)
# Partial: quarantine is rare, and nothing is written to this index for all other receipts.
Index(
    "receipts_quarantined",
    receipts.c.id,
    sqlite_where=receipts.c.quarantined > 0,
    postgresql_where=receipts.c.quarantined > 0,
)

# Meta's ids are scattered; our numbers grow. What is keyed by them is written where the last write was,
# and a commit of many webhooks touches few pages, however long the log is.
solution_numbers = Table(
    "solution_numbers",
    metadata,
    Column("number", ROWID, primary_key=True, autoincrement=False),
    Column("solution_id", Text, nullable=False),
    Column("app", Text, nullable=False),
)
Index("solution_numbers_identity", solution_numbers.c.solution_id, solution_numbers.c.app, unique=True)

observations = Table(
    "observations",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("solution_number", BigInteger, nullable=False),
    Column("app", Text, nullable=False),
    Column("solution_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("reported_status", Text, nullable=False),
    Column("time", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Column("last_received_at", BigInteger, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("flags", Text, nullable=False),
    Column("receipt_id", BigInteger),
)
# One index for two questions: was this said before, and what was ever said of this solution.
Index(
    "observations_identity",
    observations.c.solution_number,
    observations.c.key,
    unique=True,
)

solutions = Table(
    "solutions",
    metadata,
    Column("number", ROWID, primary_key=True, autoincrement=False),
    Column("app", Text, nullable=False),
    Column("solution_id", Text, nullable=False),
    Column("portfolio_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("pending", Text, nullable=False),
    Column("reported_status", Text, nullable=False),
    Column("could_be", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("newest_at", BigInteger, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("observations", Integer, nullable=False),
    Column("anomalies", Text, nullable=False),
)

customer_events = Table(
    "customer_events",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("app", Text, nullable=False),
    Column("entry_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("waba_id", Text, nullable=False),
    Column("owner_business_id", Text, nullable=False),
    Column("partner_app_id", Text, nullable=False),
    Column("solution_id", Text, nullable=False),
    Column("solution_partner_business_ids", Text, nullable=False),
    Column("time", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("receipt_id", BigInteger, nullable=False),
)
Index("customer_events_solution", customer_events.c.app, customer_events.c.solution_id)

# What only the Graph API tells. The state it told of is an observation in the log, and not here.
graph_readings = Table(
    "graph_readings",
    metadata,
    Column("solution_number", ROWID, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner_app", Text),
    Column("owner_permissions", Text),
    Column("partners", Text),
    Column("read_at", BigInteger),
    Column("asked_at", BigInteger, nullable=False),
)

# Who may do what only one process at a time should do.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
