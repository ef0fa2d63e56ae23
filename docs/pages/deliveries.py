"""docs/deliveries.md: what is told to whom, how, and what becomes of it; tables from the code."""

from __future__ import annotations

from typing import Final

from pages.markdown import code, document, fence, generated, table
from partnerhook.core.delivery import BASE_S, DAY_S, LONGEST_S, RETRY_AFTER_MAX_S, Schedule
from partnerhook.core.health import TYPE_PREFIX, HealthKind
from partnerhook.core.kept_headers import NAMES
from partnerhook.core.notice_documents import NEXT_STEP
from partnerhook.core.notices import NoticeKind
from partnerhook.settings.targets import NEEDED
from partnerhook.sinks.alert_fields import FIELDS

TOLD: Final = {
    NoticeKind.DRAFTED: "it was saved as a draft",
    NoticeKind.REQUESTED: "it was proposed",
    NoticeKind.ACTIVATED: "it was accepted, or is active again",
    NoticeKind.REJECTED: "it was rejected",
    NoticeKind.DEACTIVATION_REQUESTED: "one side wants to end it; it still works",
    NoticeKind.DEACTIVATION_DECLINED: "the other side does not; it goes on",
    NoticeKind.DEACTIVATED: "it has ended",
    NoticeKind.RENAMED: "the Graph API tells another name than before",
    NoticeKind.ANOMALY: "something is odd: a step was missed, a word is unknown, an order cannot be told",
    NoticeKind.OVERDUE: "a request has waited for longer than `overdue_after_s`; once for each request",
}
WRONG: Final = {
    HealthKind.SUBSCRIPTION: "the app's subscription is gone, leads elsewhere, or lost its field",
    HealthKind.TOKEN: "the access token is not valid, nears its end, or may not do what is needed",
    HealthKind.SILENCE: "no webhook for `silent_after_days`",
    HealthKind.QUARANTINE: "something came in within a day that could not be understood",
    HealthKind.BACKLOG: "what waits for a forward target has reached four fifths of its bound",
    HealthKind.DESTINATION: "a destination or forward target was paused",
}

INTRODUCTION: Final = """
A registry that nobody hears from is half the job. Each step of a solution becomes a **notice**, and destinations are
told. Whatever else comes to the callback URL can be passed on, byte for byte, to where it went before.
"""

NOTICES: Final = """
For each step of a solution's (status, pending), in the order of time, there is one notice, whatever the batching of the
webhooks; what comes late and changes nothing now makes none. It is written in the transaction of the change, together
with a delivery for each destination that wants it, so that there is never the one without the other.

A notice is a [CloudEvents 1.0](https://cloudevents.io) document:
"""

EXAMPLE: Final = """
{
  "specversion": "1.0",
  "id": "da9d7e0238b1ead94a069f58fa46e47e",
  "source": "/partnerhook/default",
  "type": "partnerhook.solution.activated",
  "subject": "774485461512159",
  "time": "2025-02-12T09:30:00Z",
  "datacontenttype": "application/json",
  "data": {
    "app": "default",
    "solution_id": "774485461512159",
    "name": "Our solution",
    "before": {"status": "INITIATED", "pending": "PENDING_ACTIVATION", "usable": false, "could_be": ["INITIATED"],
               "since": "2025-02-12T09:10:00Z", "anomalies": []},
    "after": {"status": "ACTIVE", "pending": "NONE", "usable": true, "could_be": ["ACTIVE"],
              "since": "2025-02-12T09:30:00Z", "anomalies": []},
    "recovered": false,
    "corrected": false,
    "observation": {"key": "b5f1...", "source": "webhook", "event": "SOLUTION_UPDATED", "reported_status": "ACTIVE",
                    "portfolio_id": "506914307656634", "time": "2025-02-12T09:30:00Z",
                    "received_at": "2025-02-12T09:30:01.520311Z", "receipt_id": "3", "flags": []},
    "next_step": "Customers can be onboarded through it: put its id into Embedded Signup."
  }
}
"""

FIELDS_TEXT: Final = """
- `id` is a hash of what is told: the same for each attempt, each destination and each replay. **Delivery is at least
  once: keep ids and drop what you know.**
- `time` is when it happened, by Meta's clock.
- `before` is null where the solution was not known.
- `recovered`: no webhook told it; reconciliation found it.
- `corrected`: nothing happened now, but late news shows the past differently.
- `observation` is null where nothing that was heard is behind it (a new name, an overdue request).

Every type has a JSON Schema in [schemas/](schemas/); the tests hold real notices against them. Keys may be added.
`rebuild` tells nothing: what it mends was told before.
"""

HEALTH: Final = """
`serve` looks after itself every `health_every_s`. An alarm is told when it begins, and once a day for as long as it
lasts. `data` has `check`, `subject` (the app or the target), `summary`, `remedy` and `since`. A destination is not told
of its own pause: have one for people beside it.
"""

KINDS_TEXT: Final = """
Kinds that need a library of their own name the line that installs it, at the start. What a filter does not mention it
lets through; `types`, `apps`, `statuses`, `portfolios` and `solutions` all have to fit. All keys are in
[configuration](configuration.md#destinations).
"""

KINDS: Final = {
    "http": (
        "POST of the document, or of its data with attributes in headers (`mode`); with `secret`, signed",
        "an answer 2xx",
    ),
    "nats": ("JetStream; `Nats-Msg-Id` is the notice's id, so the stream drops repeats", "the stream has stored it"),
    "kafka": ("keyed by app and solution, `acks=all`, idempotent producer", "all in-sync replicas have it"),
    "redis": ("an entry of a stream, with id, type, key and document", "the server has added it"),
    "amqp": ("persistent, confirmed; what no queue takes is a failure", "the broker confirms"),
    "file": ("a JSON line, appended", "it is on the disk (fsync)"),
    "alert": (
        "people, through [Apprise](https://github.com/caronc/apprise): Slack, Teams, e-mail and many more",
        "sent",
    ),
    "python": ("a function of yours, called with the document", "it returns"),
}
EXTRAS: Final = {"nats": "nats", "kafka": "kafka", "redis": "redis", "amqp": "amqp", "alert": "alerts"}

SIGNED: Final = """
The signature is that of [Standard Webhooks](https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp` and
`webhook-signature`. The document goes as `application/cloudevents+json`; with `mode = "binary"` its attributes are in
`ce-` headers and the body is `data` alone.
`partnerhook destinations rotate-secret NAME` makes a secret. While two stand in `secrets`, each message has both
signatures, so that the receiver can change over when it likes. `partnerhook destinations test NAME` sends a real
notice of type `partnerhook.test`, past the queue.
"""

ALERTS: Final = """
What comes within `group_s` is one message; five steps of one solution are still five, for they keep their order. A text
of your own is `template`, with these fields:
"""

RULES: Final = f"""
- **Order.** One solution's notices reach a destination one after the other; solutions go side by side, up to
  `concurrency`. What was given up does not hold up what follows.
- **The first attempt** starts within a second, mostly within milliseconds.
- **2xx** is done. **410** pauses the destination. **429** and **503** with `Retry-After` (up to
  {RETRY_AFTER_MAX_S / 3600:g} h) hold everything for that destination. All else, redirects included, is tried again.
- **Retries**: a random wait between 0 and the longest one below (full jitter), until `give_up_after_s` has passed since
  the first attempt: {3:g} days for destinations, 7 for forward targets. Then the delivery is dead;
  `partnerhook deliveries retry` brings it back.
- **Failing all along** for `pause_after_s` ({DAY_S / 3600:g} h) pauses a destination, with an alarm. What is for it
  waits, and is not given up; `partnerhook destinations resume` goes on, oldest first.
- **Nobody waits for a destination**: not Meta, whose 200 depends on the disk alone, and not another destination.
  Deliveries run on a thread of their own; so does each `python` function.
- A process that dies loses nothing. What was under way is sent again: at once by a new process on the same machine,
  else when its claim ends.
"""

SAFE: Final = """
A URL leads to the public internet over https, unless its table says `internal = true`. A name is resolved once; all of
its addresses must be public (private, loopback, link-local, metadata, shared and reserved ones are refused, also inside
of IPv6 forms), and the connection goes to exactly these. No redirect is followed, no proxy of the environment used, TLS
is verified, and of an answer only its beginning is read. This holds for http and for the pass-through; a bus and an
Apprise URL are connected to as they are.
"""

FORWARD: Final = f"""
One Meta app has one callback URL for all of its WhatsApp fields, and `partner_solutions` cannot be sent elsewhere by an
override [WH-OR in [sources](sources.md)]. With `[[forward]]`, this program can stand at that URL and everything else
goes on to where it went before:

- The POST as it came, byte for byte, with {", ".join(code(name) for name in NAMES)}: the target verifies it with the
  same app secret. Where several apps are configured, `apps` must be named, for each signs with its own.
- `fields` chooses; none given: all. A POST that mixes fields goes whole to a target that wants one of them. What cannot
  be read goes to whoever wants everything. Meta's repeats are passed on as repeats.
- Durable before the 200, like everything else. The target's answer never changes ours; the handshake stays here. A
  target that was away gets everything when it is back, the oldest first; with `concurrency = 1` strictly in the order
  in which it came.
- The backlog is bounded (`backlog_bytes_max`), with an alarm at four fifths. At the bound, `when_full = "refuse"` has
  POSTs that only full targets want answered 503, so that Meta keeps them; `drop_oldest` gives up the oldest. What tells
  of a solution or of a customer's account, and what another target wants, is always taken, and waits for the full
  target too: the bound is for what would be taken for that target alone.
- Bodies hold people's messages. Those that tell nothing of a solution are dropped `forwarded_bodies_keep_hours` after
  all targets have them; `partnerhook receipts erase` drops bodies by number or by a text in them, at once.
- Receipts that tell nothing of a solution are deleted after `receipts_keep_days`, once their bodies are gone and nobody
  waits for them.
- A POST is never split, and never signed anew.
"""

LOOKING: Final = (
    ("destinations list", "all of them, with what waits; also `show`, `test`, `pause`, `resume`, `rotate-secret`"),
    ("deliveries list", "who got what: `--target --fate --solution`"),
    ("deliveries show 12", "each attempt, with time, answer and its beginning"),
    ("deliveries retry", "dead ones again; `discard` gives up"),
    (
        "replay --since 7d",
        "notices of the past once more, with the ids they had: `--until --type --solution --destination --dry-run`",
    ),
    (
        "listen",
        "notices as they are told, from where it stopped; `--forward-to http://localhost:3000/hook` for development",
    ),
    ("reload", "have a running `serve` read its file again"),
)


def page() -> str:
    """The whole document."""
    return document(
        "# Deliveries",
        generated("core/notices.py", "core/delivery.py", "settings/targets.py"),
        INTRODUCTION,
        "## Notices",
        NOTICES,
        fence("json", EXAMPLE.strip().splitlines()),
        FIELDS_TEXT,
        table(
            ["type", "told when", "`next_step`"],
            [[_type(kind), TOLD[kind], NEXT_STEP[kind].replace("\n", " ")] for kind in NoticeKind],
        ),
        "## Our own health",
        HEALTH,
        table(["type", "told when"], [[_type(kind), WRONG[kind]] for kind in HealthKind]),
        "## Kinds of destinations",
        KINDS_TEXT,
        table(
            ["kind", "needs", "what", "delivered when", "extra"],
            [
                [code(kind), ", ".join(map(code, NEEDED[kind])), *KINDS[kind], code(EXTRAS.get(kind, ""))]
                for kind in NEEDED
            ],
        ),
        SIGNED,
        "### Alerts",
        ALERTS,
        table(["field", "what"], [[code("{" + name + "}"), what] for name, what in FIELDS.items()]),
        "## What becomes of a delivery",
        RULES,
        table(["after attempt", "the longest wait"], _waits()),
        "## Where it may go",
        SAFE,
        "## The pass-through",
        FORWARD,
        "## Commands",
        table(["command", "what"], [[code(f"partnerhook {command}"), what] for command, what in LOOKING]),
    )


def _type(kind: NoticeKind | HealthKind) -> str:
    return f"[`{TYPE_PREFIX}{kind}`](schemas/{TYPE_PREFIX}{kind}.json)"


def _waits() -> list[list[str]]:
    schedule = Schedule(BASE_S, LONGEST_S)
    rows = [[str(number), _span(schedule.longest_wait_s(number))] for number in (1, 2, 3, 4, 6, 8, 10, 12)]
    return [*rows, ["13 and more", _span(schedule.longest_wait_s(13))]]


def _span(seconds: float) -> str:
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:g} s"
