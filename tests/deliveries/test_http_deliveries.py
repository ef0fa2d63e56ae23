"""What a destination of kind http gets from a real server, and what becomes of its answers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest
from cloudevents.core.formats.json import JSONFormat
from standardwebhooks import Webhook
from tables import LIFE, TYPES, destination, step

from endpoints import Endpoint, Got, Told, listening
from partnerhook.core.delivery import Fate
from partnerhook.core.standard_webhooks import new_secret
from partnerhook.services.outbox import DeliveryFilter, Outbox
from partnerhook.store.engine import open_engine
from running import Server, figure, wait_until

Configure = Callable[..., Server]
KINDS = [f"solution.{one}" for one in TYPES]


def outbox(server: Server) -> Outbox:
    """What people look at."""
    return Outbox(open_engine(f"sqlite:///{server.database}"))


def fates(server: Server) -> list[Fate]:
    """Of all deliveries."""
    return [one.fate for one in outbox(server).find(DeliveryFilter())]


def live(server: Server, solution_id: str = "77") -> None:
    """Send a whole life."""
    for number in range(len(LIFE)):
        assert server.post(step(solution_id, number)).status == 200


def test_a_life_is_told_step_by_step(configured: Configure, endpoint: Endpoint):
    """In its order, each once, within a second of the webhook."""
    server = configured(destination(url=endpoint.url))

    live(server)

    wait_until(lambda: len(endpoint.got) == len(LIFE), "five notices", within_s=5)
    assert endpoint.types() == KINDS
    wait_until(lambda: set(fates(server)) == {Fate.DONE}, "settled")


def test_signed_with_both_secrets(configured: Configure, endpoint: Endpoint):
    """As the Standard Webhooks library checks it, with the old secret and with the new one."""
    old, new = (new_secret(secrets.token_bytes(32)) for _ in range(2))
    server = configured(destination(url=endpoint.url, secrets=[new, old]))

    server.post(step("77", 0))

    (got,) = wait_until(lambda: endpoint.got, "a notice")
    for secret in (old, new):
        Webhook(secret).verify(got.body, got.headers)
    assert got.headers["webhook-id"] == got.document["id"]
    assert got.headers["content-type"] == "application/cloudevents+json; charset=utf-8"


def test_a_document_that_cloudevents_reads(configured: Configure, endpoint: Endpoint):
    """The CloudEvents library takes it, and finds what it is about."""
    server = configured(destination(url=endpoint.url))

    live(server)

    wait_until(lambda: len(endpoint.got) == len(LIFE), "five notices")
    events = [JSONFormat().read(None, got.body) for got in endpoint.got]
    assert [one.get_type() for one in events] == [f"partnerhook.{kind}" for kind in KINDS]
    assert {one.get_subject() for one in events} == {"77"}
    assert len({one.get_id() for one in events}) == len(LIFE)
    assert events[2].get_data()["after"]["usable"] is True


def test_binary_mode(configured: Configure, endpoint: Endpoint):
    """Attributes in headers, data in the body."""
    server = configured(destination(url=endpoint.url, mode="binary"))

    server.post(step("77", 0))

    (got,) = wait_until(lambda: endpoint.got, "a notice")
    assert got.headers["ce-type"] == "partnerhook.solution.drafted"
    assert got.headers["ce-specversion"] == "1.0"
    assert got.headers["content-type"] == "application/json"
    assert got.document["solution_id"] == "77"


def test_filters(configured: Configure, endpoints: Callable[[], Endpoint]):
    """Each destination hears what its filters let through."""
    all_, ends, one, nobody = (endpoints() for _ in range(4))
    server = configured(
        destination("all", url=all_.url),
        destination("ends", url=ends.url, types=["partnerhook.solution.deactivated", "solution.rejected"]),
        destination("one", url=one.url, solutions=["88"], statuses=["ACTIVE"]),
        destination("nobody", url=nobody.url, portfolios=["1"]),
    )

    live(server, "77")
    live(server, "88")

    wait_until(lambda: len(all_.got) == 2 * len(LIFE), "all")
    wait_until(lambda: len(ends.got) == 2 and len(one.got) == 1, "the others")
    assert ends.types() == ["solution.deactivated"] * 2
    assert one.documents()[0]["subject"] == "88"
    assert nobody.got == []


def test_order_in_a_solution_and_concurrency_across(configured: Configure, endpoint: Endpoint):
    """However slow, one solution's notices never overtake each other, and many solutions go side by side."""
    endpoint.answer = lambda _: Told(after_s=0.05)
    server = configured(destination(url=endpoint.url, concurrency=6))
    ids = [str(number) for number in range(100, 112)]

    for number in range(len(LIFE)):
        for solution_id in ids:
            server.post(step(solution_id, number))

    wait_until(lambda: len(endpoint.got) == len(ids) * len(LIFE), "all", within_s=30)
    assert all(endpoint.types(solution_id) == KINDS for solution_id in ids)
    assert 1 < endpoint.most_under_way <= 6


def test_what_fails_is_tried_again_in_order(configured: Configure, endpoint: Endpoint):
    """500 twice for each; nothing is lost, and a solution's next notice waits for the one before it."""
    seen: dict[str, int] = {}

    def answer(got: Got) -> Told:
        key = got.document["id"]
        seen[key] = seen.get(key, 0) + 1
        return Told() if seen[key] > 2 else Told(500, body=b"not now")

    endpoint.answer = answer
    server = configured(destination(url=endpoint.url))

    live(server)

    wait_until(lambda: fates(server) == [Fate.DONE] * len(LIFE), "settled", within_s=30)
    assert endpoint.types() == [kind for kind in KINDS for _ in range(3)]
    found = outbox(server).delivery(1)
    assert found is not None
    assert [(one.answer.status, one.answer.text) for one in found[1]] == [(500, "not now")] * 2 + [(200, "")]


def test_given_up(configured: Configure, endpoint: Endpoint):
    """After its time it is dead, the next one goes, and a person can bring it back."""
    endpoint.answer = lambda got: Told(400 if got.document["type"].endswith("drafted") else 200)
    server = configured(destination(url=endpoint.url, give_up_after_s=1))

    server.post(step("77", 0))
    server.post(step("77", 1))

    wait_until(lambda: fates(server) == [Fate.DEAD, Fate.DONE], "dead, and the next", within_s=20)
    endpoint.answer = lambda _: Told()
    people = outbox(server)
    assert people.retry(list(people.find(DeliveryFilter(fate=Fate.DEAD)))) == 1
    wait_until(lambda: fates(server) == [Fate.DONE, Fate.DONE], "brought back")


def test_gone(configured: Configure, endpoints: Callable[[], Endpoint]):
    """410 pauses the destination, and others are told; nothing is lost, and `resume` goes on."""
    gone, watcher = endpoints(), endpoints()
    gone.answer = lambda _: Told(410)
    server = configured(destination("gone", url=gone.url), destination("watcher", url=watcher.url, types=["health.*"]))

    live(server)

    (alarm,) = wait_until(watcher.documents, "an alarm")
    assert alarm["type"] == "partnerhook.health.destination"
    assert "gone is paused" in alarm["data"]["summary"]
    assert outbox(server).overview()["gone"].standing.paused_at is not None
    before = len(gone.got)
    gone.answer = lambda _: Told()
    outbox(server).resume("gone")
    wait_until(lambda: len(gone.got) == before + len(LIFE), "everything")
    assert gone.types()[before:] == KINDS


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_asked_for_patience(configured: Configure, endpoint: Endpoint, status: int, form: str):
    """Nothing goes there before the time that it named, whatever else waits."""
    header = (lambda: "2") if form == "seconds" else (lambda: formatdate(time.time() + 3, usegmt=True))
    endpoint.answer = lambda _: Told(status, (("Retry-After", header()),))
    server = configured(destination(url=endpoint.url, concurrency=1))

    server.post(step("77", 0))
    wait_until(lambda: endpoint.got, "the first attempt")
    endpoint.answer = lambda _: Told()
    server.post(step("88", 0))

    wait_until(lambda: len(endpoint.got) == 3, "both", within_s=15)
    assert endpoint.got[1].at - endpoint.got[0].at > 1.5


def test_a_redirect_is_not_followed(configured: Configure, endpoints: Callable[[], Endpoint]):
    """It is a failure, and says why."""
    away, here = endpoints(), endpoints()
    here.answer = lambda _: Told(307, (("Location", away.url),))
    server = configured(destination(url=here.url, retry_first_s=60))

    server.post(step("77", 0))

    attempt = wait_until(lambda: (outbox(server).delivery(1) or (0, []))[1], "an attempt")[0]
    assert attempt.answer.text == "it redirects, and redirects are not followed"
    assert away.got == []


def test_away_and_back(configured: Configure):
    """While nobody listens everything waits; afterwards it comes, in order."""
    with listening() as first:
        port = first.port
    server = configured(destination(url=first.url))
    live(server)
    wait_until(lambda: (outbox(server).delivery(1) or (0, []))[1], "a failed attempt")

    with listening(port) as back:
        begun = time.monotonic()
        wait_until(lambda: len(back.got) == len(LIFE), "everything", within_s=20)
        figure(f"all of it {time.monotonic() - begun:.2f} s after it came back")

    assert back.types() == KINDS


def test_one_that_hangs_delays_nobody(configured: Configure, endpoints: Callable[[], Endpoint]):
    """Neither the answer to Meta nor another destination."""
    hanging, quick = endpoints(), endpoints()
    hanging.answer = lambda _: Told(after_s=30)
    server = configured(
        destination("hanging", url=hanging.url, timeout_s=20, concurrency=2), destination("quick", url=quick.url)
    )

    begun = time.monotonic()
    for number in range(50):
        assert server.post(step(str(number), 0)).status == 200
    answered = time.monotonic() - begun

    wait_until(lambda: len(quick.got) == 50, "all at the quick one", within_s=10)
    assert answered < 10
    assert len(hanging.got) == 2
    server.kill()


def test_settled_deliveries_outlive_a_restart(configured: Configure, endpoint: Endpoint):
    """What was delivered is not delivered again; what waited is."""
    server = configured(destination(url=endpoint.url))
    live(server)
    wait_until(lambda: fates(server) == [Fate.DONE] * len(LIFE), "settled")
    assert server.stop() == 0

    server.start()
    server.post(step("88", 0))

    wait_until(lambda: len(endpoint.got) == len(LIFE) + 1, "the new one")
    assert endpoint.types("88") == ["solution.drafted"]


def test_reload(configured: Configure, endpoints: Callable[[], Endpoint]):
    """A new destination and a new app secret count from now on; a wrong file changes nothing."""
    first, second = endpoints(), endpoints()
    server = configured(destination("first", url=first.url))
    file = Path(server.folder / "partnerhook.toml")
    server.post(step("77", 0))
    wait_until(lambda: first.got, "the first")

    file.write_text("[[destinations]]\nname = 'first'\n")
    server.process.send_signal(1)  # type: ignore[union-attr]
    wait_until(lambda: "nothing has changed" in server.log_text(), "refused")
    server.post(step("77", 1))
    wait_until(lambda: len(first.got) == 2, "still delivered")
    file.write_text(destination("first", url=first.url) + destination("second", url=second.url))
    server.process.send_signal(1)  # type: ignore[union-attr]
    wait_until(lambda: server.log_lines(event="reloaded"), "reloaded")
    server.post(step("77", 2))

    wait_until(lambda: len(first.got) == 3 and len(second.got) == 1, "both")


def test_what_waits_is_in_the_metrics(configured: Configure, endpoint: Endpoint):
    """How many, since when, and how many were given up."""
    endpoint.answer = lambda _: Told(503)
    server = configured(destination(url=endpoint.url))
    begun = time.time()
    live(server)

    (waiting,) = (value for name, value in server.metrics().items() if "deliveries_waiting{" in name)
    (oldest,) = (value for name, value in server.metrics().items() if "deliveries_oldest" in name)
    outbox(server).discard(outbox(server).find(DeliveryFilter()))

    assert waiting == len(LIFE)
    assert begun - 1 < oldest < time.time()
    assert not [name for name in server.metrics() if "deliveries_waiting{" in name]
