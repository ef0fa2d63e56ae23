"""The tables. The log of observations is the truth; `solutions` is what folding it gives."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, and_, literal_column

HEAD: Final = "0007"
"""The migration this program needs; a test keeps it equal to the newest file in `migrations/versions`."""

metadata = MetaData()

# Texts are compared letter by letter in both, whatever language PostgreSQL was set up for.
TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")

# SQLite grows a rowid table at its right-hand edge only for this exact type.
ROWID: Final = BigInteger().with_variant(Integer(), "sqlite")

receipts = Table(
    "receipts",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("app", TEXT, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("body_bytes", BigInteger, nullable=False),
    Column("body", LargeBinary),
    Column("flags", TEXT, nullable=False),
    Column("outcomes", TEXT, nullable=False),
    Column("quarantined", Integer, nullable=False),
    # The headers that a forwarded POST takes along; empty where it goes nowhere.
    Column("headers", TEXT),
)
# Partial: quarantine is rare, and nothing is written to this index for all other receipts.
Index(
    "receipts_quarantined",
    receipts.c.id,
    sqlite_where=receipts.c.quarantined > 0,
    postgresql_where=receipts.c.quarantined > 0,
)

# Partial: bodies that went on to others, until they are dropped.
_gone_on = and_(receipts.c.headers.is_not(None), receipts.c.body.is_not(None))
Index("receipts_gone_on", receipts.c.id, sqlite_where=_gone_on, postgresql_where=_gone_on)

# Meta's ids are scattered; our numbers grow. What is keyed by them is written where the last write was,
# and a commit of many webhooks touches few pages, however long the log is.
solution_numbers = Table(
    "solution_numbers",
    metadata,
    Column("number", ROWID, primary_key=True, autoincrement=False),
    Column("solution_id", TEXT, nullable=False),
    Column("app", TEXT, nullable=False),
)
Index("solution_numbers_identity", solution_numbers.c.solution_id, solution_numbers.c.app, unique=True)

observations = Table(
    "observations",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("solution_number", BigInteger, nullable=False),
    Column("app", TEXT, nullable=False),
    Column("solution_id", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("portfolio_id", TEXT, nullable=False),
    Column("event", TEXT, nullable=False),
    Column("reported_status", TEXT, nullable=False),
    Column("time", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Column("last_received_at", BigInteger, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("flags", TEXT, nullable=False),
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
    Column("app", TEXT, nullable=False),
    Column("solution_id", TEXT, nullable=False),
    Column("portfolio_id", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("pending", TEXT, nullable=False),
    Column("reported_status", TEXT, nullable=False),
    Column("could_be", TEXT, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("newest_at", BigInteger, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("observations", Integer, nullable=False),
    Column("anomalies", TEXT, nullable=False),
)

# Partial: few solutions wait for an answer or are odd, and nothing is written here for all others. Used where the
# condition can be seen: it is written out, not bound.
WAITS: Final = solutions.c.pending != literal_column("'NONE'")
ODD: Final = solutions.c.anomalies != literal_column("''")
for _name, _where in (("solutions_waiting", WAITS), ("solutions_odd", ODD)):
    Index(_name, solutions.c.since, solutions.c.number, sqlite_where=_where, postgresql_where=_where)

customer_events = Table(
    "customer_events",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("key", TEXT, nullable=False, unique=True),
    Column("app", TEXT, nullable=False),
    Column("entry_id", TEXT, nullable=False),
    Column("event", TEXT, nullable=False),
    Column("waba_id", TEXT, nullable=False),
    Column("owner_business_id", TEXT, nullable=False),
    Column("partner_app_id", TEXT, nullable=False),
    Column("solution_id", TEXT, nullable=False),
    Column("solution_partner_business_ids", TEXT, nullable=False),
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
    Column("role", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("owner_app", TEXT),
    Column("owner_permissions", TEXT),
    Column("partners", TEXT),
    Column("read_at", BigInteger),
    Column("asked_at", BigInteger, nullable=False),
)

# Who may do what only one process at a time should do.
leases = Table(
    "leases",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("holder", TEXT, nullable=False),
    Column("until", BigInteger, nullable=False),
)

# What was told of solutions, in the order in which it was found: the outbox of everybody who listens.
notices = Table(
    "notices",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("solution_number", BigInteger),
    Column("kind", TEXT, nullable=False),
    Column("observation_id", BigInteger),
    Column("before", TEXT, nullable=False),
    Column("before_since", BigInteger),
    Column("after", TEXT, nullable=False),
    Column("since", BigInteger),
    Column("noticed_at", BigInteger, nullable=False),
    # What is rare, as JSON: anomalies, a correction, details.
    Column("rest", TEXT),
)

# Solutions that are at work have numbers side by side: what a commit writes here goes to few places.
Index("notices_solution", notices.c.solution_number)

_overdue = notices.c.kind == literal_column("'solution.overdue'")
Index("notices_overdue", notices.c.solution_number, sqlite_where=_overdue, postgresql_where=_overdue)

# Who gets what: a row for each notice, or forwarded receipt, and target. In a lane one goes after the other; only the
# first that waits in a lane has a `due_at`, so that looking for work never looks through a backlog.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("target", TEXT, nullable=False),
    Column("lane", BigInteger, nullable=False),
    Column("notice_id", BigInteger),
    Column("receipt_id", BigInteger),
    Column("bytes", BigInteger, nullable=False),
    Column("fate", TEXT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_attempt_at", BigInteger),
    Column("due_at", BigInteger),
    Column("holder", TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
)
_waiting = deliveries.c.fate == literal_column("'waiting'")
_due = deliveries.c.due_at.is_not(None)
_dead = deliveries.c.fate == literal_column("'dead'")
_forwarded = and_(_waiting, deliveries.c.receipt_id.is_not(None))
for _name, _columns, _where in (
    ("deliveries_due", (deliveries.c.target, deliveries.c.due_at), _due),
    ("deliveries_lane", (deliveries.c.target, deliveries.c.lane, deliveries.c.id), _waiting),
    ("deliveries_dead", (deliveries.c.target, deliveries.c.id), _dead),
    ("deliveries_forwarded", (deliveries.c.receipt_id,), _forwarded),
):
    Index(_name, *_columns, sqlite_where=_where, postgresql_where=_where)

# Notices are told in the order of their ids: this is written where it was written last.
_of_notice = deliveries.c.notice_id.is_not(None)
Index("deliveries_notice", deliveries.c.notice_id, sqlite_where=_of_notice, postgresql_where=_of_notice)

attempts = Table(
    "attempts",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("delivery_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
    Column("reply", TEXT, nullable=False),
    Column("status", Integer),
    Column("answer", TEXT, nullable=False),
)
Index("attempts_delivery", attempts.c.delivery_id)

# What is remembered of a target beside its configuration.
targets = Table(
    "targets",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("paused_at", BigInteger),
    Column("paused_reason", TEXT, nullable=False),
    Column("failing_since", BigInteger),
    Column("waiting_bytes", BigInteger, nullable=False, server_default="0"),
    Column("hold_until", BigInteger),
)

# How far somebody who listens has come.
listeners = Table(
    "listeners",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("notice_id", BigInteger, nullable=False),
)

# What running servers were asked to do, and what came of it.
requests = Table(
    "requests",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("outcome", TEXT, nullable=False),
)

# What is wrong with ourselves, for as long as it is.
alarms = Table(
    "alarms",
    metadata,
    Column("kind", TEXT, primary_key=True),
    Column("subject", TEXT, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    # As they were found last, for whoever looks; a notice says what was found then.
    Column("summary", TEXT, nullable=False, server_default=""),
    Column("remedy", TEXT, nullable=False, server_default=""),
)

# What a version of the schema says of the programs that work on it. Programs that are older than the schema ask this,
# so it can never change.
schema_versions = Table(
    "schema_versions",
    metadata,
    Column("version", TEXT, primary_key=True),
    # The HEAD of the oldest program that does.
    Column("works_with", TEXT, nullable=False),
)

# Scripts that may use the API. Of the key itself only a digest is kept.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
)

# Links that let somebody into the console, once.
sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("digest", TEXT, primary_key=True),
    Column("who", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", TEXT, primary_key=True),
    Column("who", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("via", TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# Who changed what, when and from where. Written before it is done; how it ended is added then.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("who", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("via", TEXT, nullable=False),
    Column("address", TEXT, nullable=False),
    Column("action", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("details", TEXT, nullable=False),
    Column("outcome", TEXT, nullable=False),
    Column("ended_at", BigInteger),
)

# Comparisons with the Graph API that somebody began, to be followed by whoever looks, in whichever process.
reconciliations = Table(
    "reconciliations",
    metadata,
    Column("id", ROWID, primary_key=True, autoincrement=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("asked_by", TEXT, nullable=False),
    Column("app", TEXT, nullable=False),
    Column("only_checks", Integer, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("failure", TEXT, nullable=False),
    Column("report", TEXT),
)

# What each process counted in each minute, for the charts of the past.
figures = Table(
    "figures",
    metadata,
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("process", TEXT, primary_key=True),
    Column("figures", TEXT, nullable=False),
)

# When something happened for the first time: what a new installation waits for. There are a few for each app.
milestones = Table(
    "milestones",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
