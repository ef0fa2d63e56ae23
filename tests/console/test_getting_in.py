"""Who gets into the console: with a link, by the word of a proxy, on this machine where that is asked for."""

from __future__ import annotations

import re

import pytest
from people import CSRF, HTML, Person, access_of

from partnerhook.core.access import Role
from partnerhook.services.audit import Audit, AuditFilter
from partnerhook.store.engine import open_engine
from running import Serve, Server, wait_until

INVITED = "sign in to the console, once, within an hour"


def invitation(server: Server) -> str:
    """The link that a server has logged."""
    (line,) = wait_until(lambda: server.log_lines(event=INVITED), "a link is logged")
    return str(line["url"])


def test_the_first_start_prints_a_link(serve: Serve):
    """Each start does, until somebody has signed in; it lets somebody in as admin, once."""
    server = serve()
    with Person(server) as person:
        path = invitation(server).removeprefix(server.admin_url)

        assert "You will be admin, admin." in person.get(path).text
        assert person.client.post(path).status_code == 303
        assert person.get("/").status_code == 200
        assert person.client.post(path).status_code == 410
    server.stop()  # in order: whatever a start has to say was said
    server.start()
    server.stop()

    assert len(server.log_lines(event=INVITED)) == 1


def test_who_got_in_and_left_is_written_down(server: Server):
    """With which link, by its name; a link that is good for nothing lets nobody in, and nothing is written."""
    with Person(server) as person:
        person.sign_in(Role.VIEWER, "vic")
        person.send("/sign-out")
        assert person.client.post(f"/sign-in/{'0' * 64}").status_code == 410

    audit = Audit(open_engine(server.environment["PARTNERHOOK_DATABASE_URL"]))
    assert [(one.action, one.actor.who, one.actor.via, one.outcome) for one in audit.page(AuditFilter())[:2]] == [
        ("session.end", "vic", "session", "done"),
        ("session.begin", "vic", "link", "done"),
    ]


def test_nobody_else_sees_anything(server: Server):
    """A browser is led to the sign-in page; everything else is told 401."""
    port = server.admin_url.rpartition(":")[2]
    broken = f'partnerhook-{port}=0; partnerhook-{port}="; ='
    with Person(server) as person:
        led = person.get("/solutions?text=%3Cb%3E")

        assert (led.status_code, led.headers["location"]) == (303, "/sign-in")
        assert person.get("/sign-in").status_code == 200
        assert person.client.get("/", headers={"Accept": "*/*"}).status_code == 401
        assert person.client.post("/sign-out").status_code == 401
        assert person.client.get("/live", headers={"Accept": "text/event-stream"}).status_code == 401
        assert person.client.get("/", headers={"Cookie": broken}).status_code == 303


def test_only_the_headers_of_what_never_ends(server: Server):
    """They are answered, and the connection is free for what is asked next."""
    with Person(server) as person, server.connect(server.admin_url) as client:
        person.sign_in()
        ((name, value),) = person.client.cookies.items()
        for method in ("HEAD", "GET"):
            path = "/live" if method == "HEAD" else "/account"
            client.send(
                f"{method} {path} HTTP/1.1\r\nHost: {server.admin_url[7:]}\r\nCookie: {name}={value}\r\n\r\n".encode()
            )
            assert client.answer(head=method == "HEAD").status == 200


def test_the_cookie(serve: Serve):
    """No script sees it, no other site's form carries it, and with https it is for https alone."""
    plain, secure = serve(), serve(CONSOLE_URL="https://console.example.com")
    for server, ending in ((plain, ""), (secure, "; Secure")):
        with Person(server) as person:
            link = access_of(server).new_link("ana", Role.VIEWER)
            answer = person.client.post(f"/sign-in/{link}")

        assert re.fullmatch(
            rf"partnerhook-[0-9]+=[0-9a-f]{{64}}; Path=/; HttpOnly; SameSite=Lax{ending}", answer.headers["set-cookie"]
        )


def test_two_on_one_machine(serve: Serve):
    """Both parties side by side, in one browser: signing in here is not signing out there."""
    owner, partner = serve(), serve()
    with Person(owner) as person, Person(partner) as other:
        person.sign_in()
        other.client.cookies = person.client.cookies
        other.sign_in()

        assert [one.get("/").status_code for one in (person, other)] == [200, 200]


def test_a_link_leads_through_the_proxy(serve: Serve):
    """Where one is told of."""
    server = serve(CONSOLE_URL="https://console.example.com")

    assert re.fullmatch(r"https://console\.example\.com/sign-in/[0-9a-f]{64}", invitation(server))


def test_only_our_own_forms(server: Server):
    """Not one of another site, not one without the session's token, not one of another session."""
    with Person(server) as person, Person(server) as other:
        person.sign_in()
        other.sign_in()
        forged = [
            person.send("/sign-out", Origin="https://evil.example"),
            person.send("/sign-out", **{"Sec-Fetch-Site": "cross-site"}),
            person.send("/sign-out", {"csrf": ""}),
            person.send("/sign-out", {"csrf": "é"}),
            person.send("/sign-out", {"csrf": other.csrf()}),
            person.send("/sign-out", {"more": "x" * 20_000}),
        ]

        assert [one.status_code for one in forged] == [403, 403, 403, 403, 403, 413]
        assert person.get("/").status_code == 200
        assert person.send("/sign-out").status_code == 303
        assert person.get("/").status_code == 303


def test_signing_out_everywhere(server: Server):
    """All sessions of the same person, and nobody else's."""
    with Person(server) as here, Person(server) as there, Person(server) as other:
        here.sign_in(who="bo")
        there.sign_in(who="bo")
        other.sign_in(who="cleo")

        assert here.send("/sign-out", {"where": "everywhere"}).status_code == 303
        assert [one.get("/").status_code for one in (here, there, other)] == [303, 303, 200]


def test_a_proxy_vouches(serve: Serve):
    """Only one that is trusted; the role is the configured one."""
    header = {"CONSOLE_USER_HEADER": "X-Forwarded-User"}
    believed = serve(CONSOLE_PROXIES="127.0.0.0/8", CONSOLE_PROXY_ROLE="operator", **header)
    elsewhere = serve(CONSOLE_PROXIES="10.1.0.0/16", **header)
    named = {"X-Forwarded-User": "dora@example.com"}
    with Person(believed, named) as person, Person(elsewhere, named) as stranger, Person(believed) as nobody:
        assert person.get("/").status_code == 200
        assert (person.send("/sign-out").status_code, person.get("/").status_code) == (303, 200)
        assert stranger.get("/").status_code == 303
        assert nobody.get("/").status_code == 303
        nobody.client.cookies = person.client.cookies
        assert nobody.get("/").status_code == 303  # a session by a proxy's word is good with that word alone
    (session,) = access_of(believed).sessions()
    assert (session.who, session.role, session.via) == ("dora@example.com", Role.OPERATOR, "proxy")


def test_a_proxy_that_lets_somebody_name_themselves(serve: Serve):
    """It adds its header and leaves theirs: nobody is believed."""
    server = serve(CONSOLE_PROXIES="127.0.0.1", CONSOLE_USER_HEADER="X-Forwarded-User")
    names = [("X-Forwarded-User", "boss"), ("X-Forwarded-User", "mallory")]
    with Person(server) as person:
        assert person.client.get("/", headers=names).status_code == 303

    assert access_of(server).sessions() == []


def test_a_proxy_names_somebody_else(serve: Serve):
    """Who comes after somebody else in the same browser is not taken for them."""
    server = serve(CONSOLE_PROXIES="127.0.0.1", CONSOLE_USER_HEADER="X-Forwarded-User")
    with Person(server) as person:
        for who in ("dora", "emil"):
            assert person.client.get("/", headers={"X-Forwarded-User": who}).status_code == 200

    assert {one.who for one in access_of(server).sessions()} == {"dora", "emil"}


def test_this_machine(serve: Serve):
    """Without signing in, where that is asked for; not through a proxy, and not under a name of the web's."""
    server = serve(CONSOLE_SIGN_IN="not_on_loopback")
    with Person(server) as person:
        assert person.get("/").status_code == 200
    for headers in ({"X-Forwarded-For": "203.0.113.9"}, {"Host": "evil.example"}, {"Forwarded": "for=203.0.113.9"}):
        with Person(server, headers) as person:
            assert person.get("/").status_code == 303
    server.stop()
    assert not server.log_lines(event=INVITED)


def test_a_host_that_is_none(serve: Serve):
    """Is not ours, and no fault of ours: anybody can send one."""
    server = serve(CONSOLE_SIGN_IN="not_on_loopback")
    with Person(server, {"Host": "["}) as person:
        assert person.get("/").status_code == 303
    with Person(server) as person:
        assert person.client.post("/sign-in/0", headers={"Origin": "http://["}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/0", "/", "/nothing", "/static/console.css", "/healthz", "/api/v1/x"]
)
def test_every_answer_says_what_may_be_loaded(server: Server, path: str):
    """Nothing but our own, signed in or not, page or not."""
    with Person(server) as nobody, Person(server) as somebody:
        somebody.sign_in()
        for person in (nobody, somebody):
            headers = person.get(path).headers
            rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))

            assert rules.pop("default-src") == "'none'"
            assert set(rules.values()) <= {"'self'", "'none'"}
            assert headers["x-content-type-options"] == "nosniff"


def test_the_callback_has_no_console(server: Server):
    """Meta's listener answers 404 to all of it."""
    for path in ("/", "/sign-in", "/static/console.css", "/live", "/api/v1/solutions", "/api/v1/openapi.json"):
        assert server.get(path).status == 404


def test_where_somebody_wanted_to_go_is_a_place_of_ours(server: Server):
    """A link from elsewhere must not lead elsewhere through us."""
    with Person(server) as person:
        for elsewhere in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
            assert "evil" not in person.client.get("/sign-in", params={"next": elsewhere}).text


def test_the_page_of_a_wrong_link_gives_nothing_away(server: Server):
    """One that was never made looks like one that was used."""
    with Person(server) as person:
        made = access_of(server).new_link("ana", Role.ADMIN)
        person.client.post(f"/sign-in/{made}", headers=HTML)
        used, never = (person.get(f"/sign-in/{token}") for token in (made, "0" * 64))

    assert (used.status_code, never.status_code) == (410, 410)
    assert CSRF.sub("", used.text).replace(made, "") == CSRF.sub("", never.text).replace("0" * 64, "")
