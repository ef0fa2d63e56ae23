"""The admin listener: alive, ready, and metrics that say what happened."""

from __future__ import annotations

import re

import pytest

from running import Serve, Server, post_bytes, wait_until, webhook


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_admin_paths(server: Server, path: str) -> None:
    """Each answers GET and HEAD on the admin listener, and no other method."""
    assert server.get(path, server.admin_url).status == 200
    assert server.request("HEAD", path, server.admin_url).status == 200
    refused = server.request("POST", path, server.admin_url)
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


def test_only_health_is_public(server: Server) -> None:
    """Readiness and metrics are not for the internet; the callback URL is not on the admin listener."""
    assert server.get("/healthz").status == 200
    assert server.get("/readyz").status == 404
    assert server.get("/metrics").status == 404
    assert server.get("/webhook", server.admin_url).status == 401  # as any page for somebody who has not signed in


def test_what_is_counted(serve: Serve) -> None:
    """Received, refused by reason, duplicates, quarantined, commits, time to answer, solutions by state."""
    server = serve()
    server.post(webhook("8000"))
    server.post(webhook("8000"))
    server.post(webhook("8001", status="ACTIVE"))
    server.post(b"no JSON")
    server.post(b"{}", secret=None)
    server.post(b" " * (3 * 1024 * 1024 + 1))

    counted = server.metrics()

    expected = {
        'partnerhook_webhooks_received_total{app="default"}': 4,
        'partnerhook_changes_total{app="default",fate="observed",field="partner_solutions"}': 2,
        'partnerhook_changes_total{app="default",fate="duplicate",field="partner_solutions"}': 1,
        'partnerhook_changes_total{app="default",fate="quarantined",field=""}': 1,
        'partnerhook_requests_refused_total{app="default",reason="signature_missing"}': 1,
        'partnerhook_requests_refused_total{app="default",reason="too_long"}': 1,
        'partnerhook_solutions{app="default",pending="PENDING_ACTIVATION",status="INITIATED"}': 1,
        'partnerhook_solutions{app="default",pending="NONE",status="ACTIVE"}': 1,
        'partnerhook_answer_seconds_count{app="default"}': 4,
        "partnerhook_commit_webhooks_sum": 4,
        "partnerhook_commits_failed_total": 0,
    }
    assert {name: counted.get(name) for name in expected} == expected
    assert counted["partnerhook_commit_seconds_sum"] > 0
    assert counted['partnerhook_answer_seconds_sum{app="default"}'] > 0


def test_prometheus_can_read_it(server: Server) -> None:
    """Every line is a comment or a sample in Prometheus' text format, and every metric says what it is."""
    server.post(webhook())

    answer = server.get("/metrics", server.admin_url)

    lines = answer.body.decode().splitlines()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert all(re.fullmatch(r'#.*|\w+(\{(\w+="[^"]*",?)*\})? [0-9.e+-]+|\w+.* \+?Inf', line) for line in lines)
    described = {line.split()[2] for line in lines if line.startswith("# HELP")}
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert described == named


def test_a_field_of_a_strangers_choice_is_no_label(server: Server) -> None:
    """Who signs may name any field; what stands in labels stays readable for Prometheus."""
    body = b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"a\\"b\\nc\\\\d"}]}]}'

    assert server.post(body).status == 200

    assert server.get("/metrics", server.admin_url).status == 200


def test_small_when_idle(serve: Serve) -> None:
    """Started and with one webhook served it needs less than 90 MB."""
    server = serve()
    server.post(webhook())
    server.get("/metrics", server.admin_url)

    assert server.resident_bytes() < 90_000_000


def test_in_the_next_look_up(server: Server) -> None:
    """What was answered 200 is in the very next look-up, each time."""
    with server.connect() as client:
        for at in range(8_100, 8_150):
            assert client.send(post_bytes(webhook(str(at)))).answer().status == 200
            assert len(server.queries().find_solutions(str(at))) == 1


def test_ready_while_the_load_runs(server: Server) -> None:
    """Readiness does not fight with the writer for the database."""
    with server.connect() as client:
        client.send(post_bytes(webhook()) * 30)
        ready = [server.get("/readyz", server.admin_url).status for _ in range(5)]
        answers = [client.answer().status for _ in range(30)]

    assert set(ready) == set(answers) == {200}
    wait_until(server.lives, "all is well")
