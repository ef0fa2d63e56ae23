"""People: one e-mail for a burst, words that a person understands, and nothing of a URL anywhere."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st

from partnerhook.core.delivery import Reply
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.core.names import ACTIVE, INITIATED, Flag
from partnerhook.core.notice_documents import Notice, Standing, document
from partnerhook.core.notices import NoticeKind
from partnerhook.sinks.alert import AlertSink
from partnerhook.sinks.alert_fields import FIELDS, tell
from partnerhook.sinks.alert_people import secrets_of
from partnerhook.sinks.alert_text import Wording
from partnerhook.sinks.sink import TAKEN, Message
from running import wait_until

NOON_S = 1_781_697_600
TOKEN = "t0ken-never-to-be-shown"


class Mailbox:
    """A mail server's post: keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusal = ""
        self.url = ""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - SMTP's word
        if self.refusal:
            return self.refusal
        mail = email.message_from_bytes(bytes(envelope.content or b""), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


class MailServer(Controller):
    """On a free port."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Web:
    """A web server: keeps the JSON that it is sent, and answers with a status; while it is held, not at all."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.status = 200
        self.go_on = Event()
        self.go_on.set()
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                web.sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                web.go_on.wait(20)
                self.send_response(web.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self) -> str:
        """In Apprise's way, with a secret in it."""
        return f"json://127.0.0.1:{self.server.server_port}/hooks/{TOKEN}"

    def stop(self) -> None:
        self.go_on.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the surroundings stands before this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server on this machine."""
    box = Mailbox()
    server = MailServer(box, hostname="127.0.0.1", port=0)
    server.start()
    box.url = f"mailto://127.0.0.1:{server.port}?from=partnerhook@example.com&to=people@example.com&mode=insecure"

    yield box

    server.stop()


@pytest.fixture
def web() -> Iterator[Web]:
    """A real web server on this machine."""
    server = Web()

    yield server

    server.stop()


def notice(number: int = 1, kind: NoticeKind = NoticeKind.ACTIVATED, name: str = "", **more: Any) -> Message:
    """A notice as it goes out."""
    standing = Standing((ACTIVE,), NOON_S, more.pop("anomalies", ()))
    made = Notice(
        **{
            "kind": kind,
            "app": "shop",
            "solution_id": str(774_485_461_512_000 + number),
            "before": Standing((INITIATED,), NOON_S - 60),
            "after": standing,
            "corrected": False,
            "observation": None,
            "noticed_at": NOON_S * 1_000_000,
            "detail": "",
            "name": name,
        }
        | more
    )
    return Message(made.id, f"shop/{made.solution_id}", made.type, dict(document(made)))


def other(kind: str, data: object) -> Message:
    """A document of another type."""
    return Message(f"id of {kind}", "key", kind, {"id": "1", "type": kind, "subject": "shop", "data": data})


async def told(urls: Sequence[str], messages: Sequence[Message], **settings: Any) -> list[Any]:
    """What becomes of messages that come at once."""
    sink = AlertSink(urls=urls, **({"group_s": 0.05} | settings))
    try:
        return await asyncio.gather(*(sink.deliver(message) for message in messages))
    finally:
        await sink.close()


@pytest.mark.asyncio
async def test_one_notice(mailbox: Mailbox):
    """What happened, when, where it stands, in which app, and what to do next; names as they are written."""
    answers = await told([mailbox.url], [notice(name="Grüße aus Köln — 你好")])

    assert answers == [TAKEN]
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Grüße aus Köln — 你好 (774485461512001) is active now"
    assert mail["To"] == "people@example.com"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == [
        "Grüße aus Köln — 你好 (774485461512001) is active now.",
        "",
        "When: 2026-06-17 12:00:00 UTC",
        "Status: ACTIVE, before INITIATED",
        "App: shop",
        "Next: Customers can be onboarded through it: put its id into Embedded Signup.",
    ]


@pytest.mark.asyncio
async def test_a_burst(mailbox: Mailbox):
    """Fifty notices are one e-mail: twenty lines in the order they came, how many more, and what to do once."""
    answers = await told([mailbox.url], [notice(number) for number in range(50)])

    assert answers == [TAKEN] * 50
    (mail,) = mailbox.mails
    assert mail["Subject"] == "50 solutions changed"
    lines = mail.get_content().splitlines()
    assert lines[:20] == [
        f"- Solution {774_485_461_512_000 + number} is active now. (2026-06-17 12:00:00 UTC, shop)"
        for number in range(20)
    ]
    assert lines[20:] == [
        "and 30 more",
        "",
        "Next:",
        "- activated: Customers can be onboarded through it: put its id into Embedded Signup.",
    ]


@pytest.mark.asyncio
async def test_a_refusal(mailbox: Mailbox):
    """Where the server refuses, all that was in the message is tried again."""
    mailbox.refusal = "554 no such luck"

    answers = await told([mailbox.url], [notice(1), notice(2)])

    assert [answer.reply for answer in answers] == [Reply.FAILED] * 2
    assert answers[0].text.startswith("E-Mail (entry 1 of urls) did not take it: ")
    assert "people" not in answers[0].text


@pytest.mark.asyncio
async def test_no_headers_from_names(mailbox: Mailbox):
    """A name with newlines in it makes no header and no line of its own."""
    evil = "Nice\r\nBcc: everybody@example.com\r\n\r\n<script>\u2028\u202etxt"

    answers = await told([mailbox.url], [notice(name=evil)], title="[test] {summary}")

    assert answers == [TAKEN]
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("[test] Nice Bcc: everybody＠example.com ‹script› txt (774")  # noqa: RUF001 - look-alikes
    assert mail.get_content().splitlines()[0].startswith("Nice Bcc: everybody")
    assert "\u202e" not in mail.get_content()


@pytest.mark.asyncio
async def test_a_web_hook(web: Web):
    """Any service that Apprise knows is told; what needs a look is told as a warning."""
    answers = await told([web.url], [notice(kind=NoticeKind.OVERDUE, detail="259200")])

    assert answers == [TAKEN]
    (sent,) = web.sent
    assert sent["title"] == "Solution 774485461512001 has waited for an answer for more than 3 days"
    assert sent["type"] == "warning"
    assert sent["message"].startswith(sent["title"])


@pytest.mark.asyncio
async def test_nothing_of_a_url_is_shown(web: Web, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]):
    """Not in the answer, not in a log, whatever the level, and not in an error."""
    caplog.set_level(logging.DEBUG)
    web.status = 500
    unreachable = f"json://user:{TOKEN}@127.0.0.1:1/{TOKEN}?-key={TOKEN}"

    answers = await told([web.url, unreachable], [notice()])
    with pytest.raises(ConfigurationInvalid, match="entry 2 is none that Apprise understands") as wrong:
        AlertSink(urls=[web.url, f"tgram://{TOKEN}/nobody"])

    assert answers[0].reply is Reply.FAILED
    assert "JSON (entry 1 of urls) did not take it: Failed to send JSON POST notification" in answers[0].text
    assert "error=500" in answers[0].text
    assert "JSON (entry 2 of urls) did not take it: A Connection error occurred" in answers[0].text
    everything = [answers[0].text, caplog.text, str(wrong.value), repr(wrong.value.__cause__), *capfd.readouterr()]
    assert TOKEN not in "".join(everything)
    assert wrong.value.__cause__ is None
    assert "apprise" not in {record.name for record in caplog.records}


@pytest.mark.asyncio
async def test_who_has_it_is_not_told_again(web: Web, mailbox: Mailbox):
    """One of two refuses: it is tried again, and the other one has had its message."""
    web.status = 503
    sink = AlertSink(urls=[mailbox.url, web.url], group_s=0.01)
    refused = await sink.deliver(notice(1))
    web.status = 200

    taken = await sink.deliver(notice(1))

    assert (refused.reply, taken) == (Reply.FAILED, TAKEN)
    assert (len(mailbox.mails), len(web.sent)) == (1, 2)
    await sink.close()


@pytest.mark.asyncio
async def test_given_up_while_it_is_sent(web: Web):
    """What a slow service took after all is not told to it again; a replay later is."""
    web.go_on.clear()
    sink = AlertSink(urls=[web.url], group_s=0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sink.deliver(notice(1)), 0.5)
    web.go_on.set()

    answers = [await sink.deliver(notice(1)) for _ in range(2)]

    assert answers == [TAKEN, TAKEN]
    assert len(web.sent) == 2
    await sink.close()


@pytest.mark.asyncio
async def test_one_hangs(web: Web, mailbox: Mailbox):
    """A service that does not answer keeps no other one from telling; what it had is joined, not sent again."""
    web.go_on.clear()
    sink = AlertSink(urls=[f"{web.url}?rto=30", mailbox.url], group_s=0.01)
    first = asyncio.ensure_future(sink.deliver(notice(1)))
    await asyncio.to_thread(wait_until, lambda: mailbox.mails and web.sent, "both are told")
    first.cancel()
    again = asyncio.ensure_future(sink.deliver(notice(1)))
    await asyncio.wait([again], timeout=0.1)

    web.go_on.set()
    answer = await again

    assert answer == TAKEN
    assert (len(mailbox.mails), len(web.sent)) == (1, 1)
    await sink.close()


@pytest.mark.asyncio
async def test_given_up_before_it_is_sent(web: Web):
    """It leaves the group: it comes again."""
    sink = AlertSink(urls=[web.url], group_s=0.3)
    first, second = (asyncio.ensure_future(sink.deliver(notice(number))) for number in (1, 2))
    await asyncio.wait([first], timeout=0.05)
    first.cancel()

    answer = await second

    assert answer == TAKEN
    assert [sent["title"] for sent in web.sent] == ["Solution 774485461512002 is active now"]
    await sink.close()


@pytest.mark.asyncio
async def test_closed_while_waiting(web: Web):
    """What waits for its group is given up at once, and never sent."""
    sink = AlertSink(urls=[web.url], group_s=60)
    waiting = asyncio.ensure_future(sink.deliver(notice(1)))
    await asyncio.wait([waiting], timeout=0.05)

    await sink.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert web.sent == []


def test_the_end_of_the_process(web: Web, tmp_path: Path):
    """A service that never answers does not hold it up. Nothing is written to disk."""
    web.go_on.clear()
    program = f"""
import asyncio
from partnerhook.sinks.alert import AlertSink
from partnerhook.sinks.sink import Message

async def main():
    sink = AlertSink(urls=["{web.url}?rto=600"], group_s=0)
    try:
        await asyncio.wait_for(sink.deliver(Message("n1", "k", "t", {{"id": "n1"}})), 0.5)
    except TimeoutError:
        print("given up")
    await sink.close()

asyncio.run(main())
"""

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "NO_PROXY": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "given up\n", "")
    assert list(tmp_path.iterdir()) == []
    assert len(web.sent) == 1


TEXTS: Mapping[NoticeKind, tuple[str, Mapping[str, Any]]] = {
    NoticeKind.DRAFTED: ("Shop (774485461512001) was drafted.", {}),
    NoticeKind.REQUESTED: ("Shop (774485461512001) was proposed and waits for the partner's answer.", {}),
    NoticeKind.ACTIVATED: ("Shop (774485461512001) is active now.", {}),
    NoticeKind.REJECTED: ("Shop (774485461512001) was rejected.", {}),
    NoticeKind.DEACTIVATION_REQUESTED: (
        "Shop (774485461512001) is to be deactivated and waits for the other partner's answer.",
        {},
    ),
    NoticeKind.DEACTIVATION_DECLINED: ("Shop (774485461512001) stays active: its deactivation was declined.", {}),
    NoticeKind.DEACTIVATED: ("Shop (774485461512001) was deactivated.", {}),
    NoticeKind.RENAMED: (
        'Shop (774485461512001) has a new name: "Shop", before that "Old".',
        {"detail": "Old\nShop"},
    ),
    NoticeKind.ANOMALY: (
        (
            "Something is odd about Shop (774485461512001): a step in between was not heard: its webhook is still on"
            " the way, or lost."
        ),
        {"detail": Flag.STEP_MISSED.value},
    ),
    NoticeKind.OVERDUE: (
        "Shop (774485461512001) has waited for an answer for more than 1 hour.",
        {"detail": "3600"},
    ),
}


@pytest.mark.parametrize("kind", NoticeKind)
def test_words_for_every_kind(kind: NoticeKind):
    """Each kind of notice has a sentence of its own."""
    what, more = TEXTS[kind]

    fields = tell(notice(kind=kind, name="Shop", **more)).fields

    assert fields["what"] == what
    assert fields["next_step"]
    assert list(fields.keys() - FIELDS.keys()) == list(FIELDS.keys() - fields.keys()) == []


def test_words_for_other_types():
    """A health notice says its summary and its remedy, a test what it is; what nobody knows says at least its type."""
    health = other("partnerhook.health.token", {"check": "token", "summary": "It ends.", "remedy": "Make a new one."})
    trial = other("partnerhook.test", {"summary": "A test.", "next_step": "Nothing has to be done."})

    alerts = [Wording().alert([tell(message)]) for message in (health, trial, other("partnerhook.new", None))]

    assert [tuple(alert) for alert in alerts] == [
        ("It ends", "It ends.\n\nNext: Make a new one.", True),
        ("A test", "A test.\n\nNext: Nothing has to be done.", False),
        ("Notice: partnerhook.new", "Notice: partnerhook.new.\n", True),
    ]


def test_one_title_for_all():
    """Many steps of one solution are its last one; what is no change makes them notices."""
    once, again = notice(1, NoticeKind.REQUESTED), notice(1)
    health = other("partnerhook.health.backlog", {"summary": "The backlog grows."})

    titles = [
        Wording().alert([tell(message) for message in messages]).title
        for messages in ([once, again], [once, again, notice(2)], [once, health])
    ]

    assert titles == ["Solution 774485461512001 is active now", "2 solutions changed", "2 notices"]


def test_ones_own_words():
    """A template and a title of the user's own, for one notice and for many."""
    wording = Wording("{{{event}}} {solution_id}\n{next_step}", "[prod] {summary} ({count})")

    one, two = (wording.alert([tell(notice(number)) for number in range(count)]) for count in (1, 2))

    assert one.title == "[prod] Solution 774485461512000 is active now (1)"
    assert one.text.startswith("{activated} 774485461512000\nCustomers")
    assert two.title == "[prod] 2 solutions changed (2)"
    assert two.text.count("\n\n{activated} 77448546151200") == 1


def test_values_are_no_templates():
    """What stands in a name is not filled in."""
    alert = Wording("{name}", "{summary}").alert([tell(notice(name="{app} {0.__class__}"))])

    assert alert.text == "{app} {0.__class__}"
    assert alert.title.startswith("{app} {0.__class__}")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{nmae}", r"there is no \{nmae\}; there is what, solution"),
        ("{name.__class__}", r"there is no \{name.__class__\}"),
        ("{name[0]}", "there is no"),
        ("{name!r}", r"there is no \{name!r\}"),
        ("{name:{app}}", "there is no"),
        ("{name:>1000000000}", "there is no"),
        ("{}", "there is no"),
        ("{0}", "there is no"),
        ("{name", "A brace that stands for itself is doubled"),
        ("name}", "A brace that stands for itself is doubled"),
        (" ", "is empty"),
        ("x" * 10_001, "longer than 10000"),
    ],
)
def test_wrong_templates(template: str, words: str):
    """What cannot be filled in is told when the destination is set up."""
    with pytest.raises(ConfigurationInvalid, match=words):
        AlertSink(urls=["json://127.0.0.1"], template=template)
    with pytest.raises(ConfigurationInvalid, match="title"):
        AlertSink(urls=["json://127.0.0.1"], title="{name}")


@pytest.mark.parametrize("url", ["", "nonsense", "nosuch://thing", "json://", "/etc/passwd", "http://[::1"])
def test_wrong_urls(url: str):
    """Told by the entry's number, never by its text."""
    with pytest.raises(ConfigurationInvalid, match="of which entry 2 is none"):
        AlertSink(urls=["json://127.0.0.1", url])


def test_a_missing_library(tmp_path: Path):
    """Without Apprise the line is told that installs it."""
    (tmp_path / "apprise.py").write_text("raise ModuleNotFoundError('No module named apprise', name='apprise')")
    program = "from partnerhook.sinks.alert import AlertSink\nAlertSink(urls=['json://127.0.0.1'])"

    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )

    last_line = ended.stderr.splitlines()[-1]
    assert last_line.startswith("partnerhook.sinks.extras.MissingExtra: ")
    assert "partnerhook[alerts]" in last_line


def test_wrong_settings():
    """Nobody to tell, too many, or a group that never ends."""
    for urls in ([], ["json://127.0.0.1"] * 21, "json://127.0.0.1"):
        with pytest.raises(ConfigurationInvalid, match="needs 1 to 20 urls"):
            AlertSink(urls=urls)
    with pytest.raises(ConfigurationInvalid, match="group_s"):
        AlertSink(urls=["json://127.0.0.1"], group_s=-1)


def test_mentions_and_links():
    """Nobody is called, and no link hides where it leads, by what stands in a name."""
    name = tell(notice(name="@everyone <!channel> <@U1|you> [click](https://example.com)")).fields["name"]

    assert not set(name) & set("@<>")
    assert "](" not in name


def test_secrets_of_a_url():
    """Every piece, as it stands there and decoded."""
    assert {"pa%2Fss+word", "pa/ss+word", "pa/ss word", "ToKen", "a+b"} <= set(
        secrets_of("mailto://me:pa%2Fss+word@example.com/ToKen?k=a%2Bb")
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
DATA_KEYS = [
    "app",
    "solution_id",
    "name",
    "before",
    "after",
    "summary",
    "renamed",
    "new_anomalies",
    "overdue_s",
    "remedy",
]


@given(
    st.sampled_from([*NoticeKind, "health.backlog", "x"]), st.dictionaries(st.sampled_from(DATA_KEYS), values) | values
)
def test_any_document(kind: str, data: object):
    """Whatever stands in a document, it becomes a message: one line of title, and text that can be sent."""
    told = tell(Message("1", "k", f"partnerhook.{kind}", {"subject": data, "time": data, "data": data}))

    alerts = [Wording().alert([told]), Wording().alert([told] * 30)]

    for alert in alerts:
        assert alert.title
        assert alert.title.isprintable()
        assert all(line.isprintable() for line in alert.text.split("\n"))
        assert alert.text.encode()
