"""The table of answers: what came, and what the sender hears."""

from __future__ import annotations

import json

import pytest

from running import SECRET, Server, post_bytes, webhook

MIB = 1024 * 1024


def stored(server: Server) -> int:
    """POSTs that the server has stored."""
    return int(server.metrics().get('partnerhook_webhooks_received_total{app="default"}', 0))


def test_signed_and_durable(server: Server) -> None:
    """A signed webhook is answered 200, and is then in the database."""
    answer = server.post(webhook("1001"))

    assert answer.status == 200
    (solution,) = server.queries().find_solutions("1001")
    assert solution.reported_status == "INITIATED"


CHANGE = {
    "field": "partner_solutions",
    "value": {"event": "SOLUTION_CREATED", "solution_id": "1", "solution_status": "X"},
}
ENTRY = {"id": "506914307656634", "time": 1_739_321_024, "changes": [CHANGE]}
TAKEN = {
    "unknown word": webhook("1002", status="HIBERNATING"),
    "unknown field": json.dumps(
        {"object": "whatsapp_business_account", "entry": [{**ENTRY, "changes": [{"field": "dreams"}]}]}
    ),
    "dashboard test": json.dumps({"object": "whatsapp_business_account", "entry": [{**ENTRY, "id": "0"}]}),
    "no JSON": b"{'single': 'quotes'}",
    "no UTF-8": b"\xff\xfe{}",
    "nothing": b"",
    "too deep": b"[" * 100_000,
    "a number of many digits": b'{"entry":[{"time":' + b"9" * 10_000 + b"}]}",
    "poisoned change": json.dumps(
        {"entry": [{**ENTRY, "changes": [None, {"field": []}, CHANGE, {"field": "partner_solutions"}]}]}
    ),
    "lone surrogate": rb'{"entry":[{"id":"\ud800","changes":[{"field":"\ud800","value":{"event":"\u0000"}}]}]}',
    "foreign object": b'{"object":"page","entry":[]}',
}


@pytest.mark.parametrize("what", TAKEN)
def test_whatever_is_signed_is_taken(server: Server, what: str) -> None:
    """What is signed is stored and answered 200, whether it can be understood or not."""
    body = TAKEN[what] if isinstance(TAKEN[what], bytes) else TAKEN[what].encode()
    before = stored(server)

    answers = [server.post(body), server.post(body)]

    assert [answer.status for answer in answers] == [200, 200]
    assert stored(server) == before + 2


WRONG_SIGNATURES = {
    "missing": b"",
    "empty": b"X-Hub-Signature-256: \r\n",
    "malformed": b"X-Hub-Signature-256: sha256=abc\r\n",
    "SHA-1": b"X-Hub-Signature-256: sha1=" + b"0" * 40 + b"\r\n",
    "not ASCII": b"X-Hub-Signature-256: sha256=" + "é".encode() * 32 + b"\r\n",
    "Latin-1": b"X-Hub-Signature-256: sha256=" + b"\xe9" * 64 + b"\r\n",
    "of nothing": b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n",
    "under another name": b"X-Hub-Signature: sha1=" + b"0" * 40 + b"\r\n",
}


@pytest.mark.parametrize("what", WRONG_SIGNATURES)
def test_wrong_signature(server: Server, what: str) -> None:
    """What is not signed with our secret is answered 401 with one sentence, and nothing is stored."""
    before = stored(server)
    head = b"POST /webhook HTTP/1.1\r\nHost: callback.example\r\nContent-Length: 2\r\n"

    with server.connect() as client:
        answer = client.send(head + WRONG_SIGNATURES[what] + b"\r\n{}").answer()

    assert answer.status == 401
    assert answer.body.count(b".") == 1
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert stored(server) == before


def test_signed_with_another_secret(server: Server) -> None:
    """A signature under a secret that is not ours is answered 401, and the webhook is not in the database."""
    answer = server.post(webhook("1003"), secret="another secret")

    assert answer.status == 401
    assert server.queries().find_solutions("1003") == []


def test_signature_in_a_trailer_does_not_count(server: Server) -> None:
    """A signature that comes after the body is no header."""
    with server.connect() as client:
        signature = post_bytes(b"{}").split(b"X-Hub-Signature-256: ")[1].split(b"\r\n")[0]
        head = b"POST /webhook HTTP/1.1\r\nHost: callback.example\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = client.send(head + b"2\r\n{}\r\n0\r\nX-Hub-Signature-256: " + signature + b"\r\n\r\n").answer()

    assert answer.status == 401


@pytest.mark.parametrize("trailer", [b"Content-Length: x", b"Content-Length: 99", b"Transfer-Encoding: gzip", b"X: y"])
def test_trailers_are_left_alone(server: Server, trailer: bytes) -> None:
    """Whatever stands in a trailer, the answer is one of the table."""
    with server.connect() as client:
        signature = post_bytes(b"{}").split(b"\r\n")[3]
        head = b"POST /webhook HTTP/1.1\r\nHost: callback.example\r\nTransfer-Encoding: chunked\r\n" + signature
        answer = client.send(head + b"\r\n\r\n2\r\n{}\r\n0\r\n" + trailer + b"\r\n\r\n").answer()

    assert answer.status in (200, 400)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_method(server: Server, method: str) -> None:
    """Another method on the callback URL is answered 405 with what is allowed."""
    answer = server.request(method, "/webhook")

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path", ["/", "/webhook/", "/webhook/other", "/WEBHOOK", "//webhook", "/webhook%00", "/metrics", "/readyz"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_path(server: Server, method: str, path: str) -> None:
    """There is nothing at any other path of the public listener; metrics and readiness least of all."""
    answer = server.request(method, path)

    assert answer.status == 404


REFUSED = {
    "no HTTP": b"hello there\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "version unknown": b"GET /webhook HTTP/9.9\r\n\r\n",
    "a space in a header name": b"GET /webhook HTTP/1.1\r\nbad name: 1\r\n\r\n",
    "NUL in a header": b"GET /webhook HTTP/1.1\r\na: \x00\r\n\r\n",
    "length no number": b"POST /webhook HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
    "negative length": b"POST /webhook HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "length beyond all numbers": b"POST /webhook HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "two lengths": b"POST /webhook HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": b"POST /webhook HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding unknown": b"POST /webhook HTTP/1.1\r\nTransfer-Encoding: none\r\n\r\n",
    "chunk no number": b"POST /webhook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "URL not ASCII": b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
    "tunnel": b"CONNECT callback.example:443 HTTP/1.1\r\n\r\n",
    "long header": b"GET /webhook HTTP/1.1\r\na: " + b"a" * 70_000 + b"\r\n\r\n",
    "long URL": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    "long trailer": b"POST /webhook HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\na: " + b"a" * 700_000,
    "upgrade with a body": post_bytes(b"{}", headers=["Connection: Upgrade", "Upgrade: h2c"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_http_that_is_refused(server: Server, what: str) -> None:
    """What the parser refuses is answered 400, and the connection ends."""
    with server.connect() as client:
        answer = client.send(REFUSED[what]).answer()

        assert answer.status == 400
        assert answer.headers["connection"] == "close"
        assert client.ended()


def test_upgrade_of_a_get_is_ignored(server: Server) -> None:
    """A GET that offers HTTP/2 is answered in HTTP/1.1."""
    with server.connect() as client:
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")

        assert client.answer().status == 200
        assert client.ended()


def test_many_long_headers_below_the_bound(server: Server) -> None:
    """Headers of 60 KB together are taken."""
    answer = server.post(b"{}", headers=[f"A{number}: {'a' * 1_000}" for number in range(60)])

    assert answer.status == 200


def test_public_healthz(server: Server) -> None:
    """The public listener has a health check, for GET and HEAD only."""
    assert server.get("/healthz").body == b"ok"
    assert server.request("HEAD", "/healthz").status == 200
    assert server.request("POST", "/healthz").headers["allow"] == "GET, HEAD"


def test_refusals_are_counted_by_reason(server: Server) -> None:
    """Every kind of refusal has a counter of its own."""
    before = server.metrics()

    server.post(b"{}", secret=None)
    server.post(b"{}", secret="another secret")
    server.post(b"{}", path="/elsewhere")
    server.request("PUT", "/webhook")
    server.request("GET", "/webhook")
    with server.connect() as client:
        client.send(b"hello\r\n\r\n").answer()

    after = server.metrics()
    reasons = {"signature_missing", "signature_wrong", "path", "method", "handshake", "not_http"}
    grown = {name for name in after if "refused" in name and after[name] == before.get(name, 0) + 1}
    assert {name.split('reason="')[1].rstrip('"}') for name in grown} == reasons


def test_secret_is_the_apps_own(server: Server) -> None:
    """The verify token signs nothing."""
    assert server.environment["PARTNERHOOK_VERIFY_TOKEN"] != SECRET
    assert server.post(b"{}", secret=server.environment["PARTNERHOOK_VERIFY_TOKEN"]).status == 401
