"""What is counted and timed, for Prometheus. Nobody else touches a metric."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from partnerhook.core.delivery import Fate as DeliveryFate
from partnerhook.core.delivery import Reply
from partnerhook.core.figures import ANSWERS, ATTEMPTS, FATES, HANDSHAKES, RECEIVED, REFUSED, TESTS, Figures
from partnerhook.core.receipts import Fate, Stored
from partnerhook.services.query import Totals
from partnerhook.services.write import Result
from partnerhook.store.writer import Committed

if TYPE_CHECKING:
    from partnerhook.services.reconcile import Reconciled

# A second sample per metric with its birthday: noise in every scrape.
disable_created_metrics()  # type: ignore[no-untyped-call]

ANSWER_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Meta asks for a median under 0.25 s and under 1 % above 1 s; both are bucket bounds."""

ENDS = (*map(str, ANSWER_BUCKETS_S), "+Inf")

COMMIT_JOBS_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Refusal(StrEnum):
    """Why a request was not taken."""

    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_MALFORMED = "signature_malformed"
    SIGNATURE_WRONG = "signature_wrong"
    HANDSHAKE = "handshake"
    TOO_LONG = "too_long"
    UNAVAILABLE = "unavailable"
    CLIENT_GONE = "client_gone"
    METHOD = "method"
    PATH = "path"
    NOT_HTTP = "not_http"
    TOO_SLOW = "too_slow"
    CONNECTIONS = "connections"


class AnswerTimes(Collector):
    """How long answers took, counted on the path of every webhook: there a Histogram costs thrice as much."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        """By app: how many fell into each bucket, the last of which has no end."""
        self._sums: dict[str, float] = {}

    def add(self, app: str, seconds: float) -> None:
        """One more."""
        counts = self._counts.get(app)
        if counts is None:
            counts = self._counts[app] = [0] * (len(ANSWER_BUCKETS_S) + 1)
            self._sums[app] = 0.0
        counts[bisect_left(ANSWER_BUCKETS_S, seconds)] += 1
        self._sums[app] += seconds

    def counts(self) -> dict[str, int]:
        """How many fell into each bucket, by where it ends, for all apps together."""
        sums = [sum(column) for column in zip(*list(self._counts.values()), strict=True)]
        return dict(zip(ENDS, sums, strict=False))

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """As Prometheus counts: each bucket with all below it."""
        family = HistogramMetricFamily(
            "partnerhook_answer_seconds", "From the request's headers to the 200.", labels=["app"]
        )
        for app, counts in self._counts.items():
            buckets = [(end, float(count)) for end, count in zip(ENDS, accumulate(counts), strict=True)]
            family.add_metric([app], buckets, self._sums[app])
        yield family


class Meters:
    """One registry per process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._received = Counter(
            "partnerhook_webhooks_received",
            "POSTs that were signed, stored and answered 200.",
            ["app"],
            registry=self.registry,
        )
        self._received_bytes = Counter(
            "partnerhook_webhooks_received_bytes", "Bytes of their bodies.", ["app"], registry=self.registry
        )
        self._changes = Counter(
            "partnerhook_changes",
            "Changes in them by what became of each; fate=duplicate and fate=quarantined among them.",
            ["app", "field", "fate"],
            registry=self.registry,
        )
        self._refused = Counter(
            "partnerhook_requests_refused", "Requests not taken, by reason.", ["app", "reason"], registry=self.registry
        )
        self._handshakes = Counter(
            "partnerhook_handshakes",
            "Verification requests answered with the challenge.",
            ["app"],
            registry=self.registry,
        )
        self._answers = AnswerTimes()
        self.registry.register(self._answers)
        self._commit_jobs = Histogram(
            "partnerhook_commit_webhooks", "POSTs per commit.", buckets=COMMIT_JOBS_BUCKETS, registry=self.registry
        )
        self._commit_seconds = Histogram(
            "partnerhook_commit_seconds", "Duration of a commit.", buckets=ANSWER_BUCKETS_S, registry=self.registry
        )
        self._commits_failed = Counter(
            "partnerhook_commits_failed", "Commits that the database refused.", registry=self.registry
        )
        self._reconciled = Counter(
            "partnerhook_reconciliations",
            "Comparisons with the Graph API, by outcome: complete, or failed for some app.",
            ["outcome"],
            registry=self.registry,
        )
        self._reconciled_at = Gauge(
            "partnerhook_reconciled_timestamp_seconds",
            "When all apps were last compared to their end.",
            registry=self.registry,
        )
        self._drift = Counter(
            "partnerhook_drift",
            "Solutions in which the registry was repaired from the Graph API.",
            ["app", "difference"],
            registry=self.registry,
        )
        self._attempts = Counter(
            "partnerhook_delivery_attempts",
            "Attempts to deliver, by target, by what it answered, and by what became of the delivery.",
            ["target", "reply", "fate"],
            registry=self.registry,
        )
        self._attempt_seconds = Histogram(
            "partnerhook_delivery_attempt_seconds",
            "Duration of an attempt.",
            ["target"],
            buckets=ANSWER_BUCKETS_S,
            registry=self.registry,
        )
        self._waiting = Gauge(
            "partnerhook_deliveries_waiting", "Deliveries that wait, by target.", ["target"], registry=self.registry
        )
        self._waiting_bytes = Gauge(
            "partnerhook_deliveries_waiting_bytes",
            "Bytes of the POSTs that wait to be passed on, by target.",
            ["target"],
            registry=self.registry,
        )
        self._oldest = Gauge(
            "partnerhook_deliveries_oldest_timestamp_seconds",
            "When the delivery that waits longest was enqueued, by target.",
            ["target"],
            registry=self.registry,
        )
        self._dead = Gauge(
            "partnerhook_deliveries_dead", "Deliveries given up, by target.", ["target"], registry=self.registry
        )
        self._bodies = Gauge(
            "partnerhook_bodies_in_flight_bytes",
            "Memory that bodies take before they are stored.",
            registry=self.registry,
        )
        self._solutions = Gauge(
            "partnerhook_solutions", "Solutions by state.", ["app", "status", "pending"], registry=self.registry
        )

        self.on_handshake: Callable[[], None] = lambda: None
        """Called when a verification request was answered: seldom, and somebody may be waiting to see it."""

    def answered(self, app: str, seconds: float) -> None:
        """A webhook was answered 200, this long after its headers came."""
        self._answers.add(app, seconds)

    def committed(self, commit: Committed[Result]) -> None:
        """A commit ended. Counts once for all its webhooks: label look-ups for each would cost more than the rest."""
        if commit.error is not None:
            self._commits_failed.inc()
            return
        self._commit_seconds.observe(commit.duration_s)
        stored = [one for one in commit.results if isinstance(one, Stored)]
        if not stored:
            return
        self._commit_jobs.observe(len(stored))
        for app, count in Counts([one.app for one in stored]).items():
            self._received.labels(app).inc(count)
            self._received_bytes.labels(app).inc(sum([one.body_bytes for one in stored if one.app == app]))
        fates = Counts([(one.app, outcome.field, outcome.fate) for one in stored for outcome in one.outcomes])
        for labels, count in fates.items():
            self._changes.labels(*labels).inc(count)

    def refused(self, app: str, reason: Refusal) -> None:
        """A request was not taken."""
        self._refused.labels(app, reason).inc()

    def handshake(self, app: str) -> None:
        """A verification request was answered."""
        self._handshakes.labels(app).inc()
        self.on_handshake()

    def reconciled(self, report: Reconciled, *, everything: bool) -> None:
        """A comparison with the Graph API ended: of `everything`, or of doubtful solutions alone."""
        for one in report.drift:
            self._drift.labels(one.app, one.difference).inc()
        if report.failed:
            self.reconciliation_failed()
        elif everything:
            self._reconciled.labels("complete").inc()
            self._reconciled_at.set_to_current_time()

    def attempted(self, target: str, reply: Reply, fate: DeliveryFate, seconds: float) -> None:
        """A target answered an attempt, or did not. Called on the deliveries' thread."""
        self._attempts.labels(target, reply, fate).inc()
        self._attempt_seconds.labels(target).observe(seconds)

    def reconciliation_failed(self) -> None:
        """Some app was not compared to its end."""
        self._reconciled.labels("failed").inc()

    def watch_bodies(self, bytes_held: Callable[[], int]) -> None:
        """Ask `bytes_held` at each scrape how much memory the bodies take."""
        self._bodies.set_function(bytes_held)

    def figures(self) -> Figures:
        """What was counted since this process began, as far as charts show it."""
        changes = _samples(self._changes)
        return {
            RECEIVED: _by(_samples(self._received), "app"),
            REFUSED: _by(_samples(self._refused), "reason"),
            ANSWERS: self._answers.counts(),
            ATTEMPTS: _by(_samples(self._attempts), "fate"),
            FATES: _by(changes, "fate"),
            HANDSHAKES: _by(_samples(self._handshakes), "app"),
            TESTS: _by([one for one in changes if one.labels["fate"] == Fate.TEST], "app"),
        }

    def exposition(self, totals: Totals) -> bytes:
        """The text that Prometheus scrapes."""
        for gauge in (self._solutions, self._waiting, self._waiting_bytes, self._oldest, self._dead):
            gauge.clear()
        for labels, count in totals.solutions.items():
            self._solutions.labels(*labels).set(count)
        for target, backlog in totals.waiting.items():
            self._waiting.labels(target).set(backlog.deliveries)
            self._waiting_bytes.labels(target).set(backlog.bytes)
            self._oldest.labels(target).set(backlog.oldest_at / 1_000_000)
        for target, count in totals.dead.items():
            self._dead.labels(target).set(count)
        return generate_latest(self.registry)


def _samples(counter: Counter) -> list[Sample]:
    (family,) = counter.collect()
    return list(family.samples)


def _by(samples: Iterable[Sample], label: str) -> dict[str, int]:
    sums: Counts[str] = Counts()
    for one in samples:
        sums[one.labels[label]] += int(one.value)
    return dict(sums)
