"""Meta's verification request, for one app and for several."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from running import SECRET, VERIFY_TOKEN, Answer, Serve, Server, post_bytes, webhook


def handshake(server: Server, path: str = "/webhook", **parameters: str) -> Answer:
    """Ask as Meta asks; `mode`, `verify_token` and `challenge` are `hub.` parameters."""
    asked = {"mode": "subscribe", "verify_token": VERIFY_TOKEN, "challenge": "1158201444"} | parameters
    return server.get(f"{path}?{urlencode({f'hub.{name}': value for name, value in asked.items()})}")


def test_challenge_comes_back(server: Server) -> None:
    """The challenge comes back as it was, as plain text that no browser takes for more."""
    answer = handshake(server)

    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("challenge", ["", "a b+c&d=e%", "<script>alert(1)</script>", "é€𝄞", "0" * 5_000])
def test_challenge_verbatim(server: Server, challenge: str) -> None:
    """Whatever the challenge is, it comes back without a change."""
    assert handshake(server, challenge=challenge).body == challenge.encode()


def test_challenge_of_bytes(server: Server) -> None:
    """A challenge that is no UTF-8 comes back too, byte for byte."""
    answer = server.get(f"/webhook?hub.mode=subscribe&hub.verify_token={quote(VERIFY_TOKEN)}&hub.challenge=%ff%fe")

    assert answer.body == b"\xff\xfe"


@pytest.mark.parametrize("token", ["", "wrong", VERIFY_TOKEN + "x", VERIFY_TOKEN.upper(), "é"])
def test_wrong_token(server: Server, token: str) -> None:
    """A wrong token is 403, and the challenge is not told."""
    answer = handshake(server, verify_token=token)

    assert answer.status == 403
    assert b"1158201444" not in answer.body


@pytest.mark.parametrize("query", ["", "?", "?hub.mode=subscribe&hub.challenge=1", f"?hub.verify_token={VERIFY_TOKEN}"])
def test_something_is_missing(server: Server, query: str) -> None:
    """Without token or challenge it is 403."""
    assert server.get(f"/webhook{query}").status == 403


def test_other_parameters(server: Server) -> None:
    """The callback URL's own parameters do not matter, before or after Meta's."""
    query = f"tenant=7&hub.mode=subscribe&hub.challenge=42&hub.verify_token={VERIFY_TOKEN}&hub.topic=x&a[]=1"

    assert server.get(f"/webhook?{query}").body == b"42"


def test_several_apps(serve: Serve) -> None:
    """Each app has its path, its token and its secret, and no other app's."""
    server = serve(
        APPS__CRM__APP_SECRET="secret-of-crm",
        APPS__CRM__VERIFY_TOKEN="token-of-crm",
        APPS__OLD__APP_SECRET="secret-of-old",
        APPS__OLD__VERIFY_TOKEN="token-of-old",
        APPS__OLD__PATH="/hooks/meta.php",
    )

    assert handshake(server, "/webhook/crm", verify_token="token-of-crm").status == 200
    assert handshake(server, "/hooks/meta.php", verify_token="token-of-old").status == 200
    assert handshake(server, "/webhook/crm").status == 403
    assert handshake(server, "/webhook/old", verify_token="token-of-old").status == 404
    assert server.post(webhook("3001"), path="/webhook/crm", secret="secret-of-crm").status == 200
    assert server.post(webhook("3001"), path="/hooks/meta.php", secret="secret-of-old").status == 200
    assert server.post(webhook("3001"), path="/webhook/crm", secret=SECRET).status == 401
    assert [solution.app for solution in server.queries().find_solutions("3001")] == ["crm", "old"]
    assert server.metrics()['partnerhook_webhooks_received_total{app="crm"}'] == 1


def test_only_a_named_app(serve: Serve) -> None:
    """Without an app `default` there is nothing at /webhook."""
    server = serve(
        APP_SECRET="", VERIFY_TOKEN="", APPS__CRM__APP_SECRET="secret-of-crm", APPS__CRM__VERIFY_TOKEN="token-of-crm"
    )

    assert handshake(server).status == 404
    assert handshake(server, "/webhook/crm", verify_token="token-of-crm").status == 200


def test_rotation(serve: Serve) -> None:
    """While a secret is rotated both are believed; the token is one."""
    server = serve(APP_SECRET="", APP_SECRETS=f"brand-new-secret,{SECRET}")

    with server.connect() as client:
        new = client.send(post_bytes(b"{}", secret="brand-new-secret")).answer()
        old = client.send(post_bytes(b"{}")).answer()

    assert (new.status, old.status) == (200, 200)
