"""Commands that speak to the Graph API: against Meta's box, beside the real receiver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Command

from partnerhook.services.audit import Audit, AuditFilter
from partnerhook.testing import MetaInABox
from running import VERIFY_TOKEN, Serve, Server
from stores import new_store


@pytest.fixture
def box() -> Iterator[MetaInABox]:
    """Meta in a box."""
    with MetaInABox() as box:
        yield box


@pytest.fixture
def owner(empty: Command, box: MetaInABox) -> Command:
    """The command, configured as the owner's app."""
    return configured(empty, box, "owner")


def configured(command: Command, box: MetaInABox, party: str) -> Command:
    """The command with all that one party knows."""
    app = box.owner if party == "owner" else box.partner
    command.settings |= {
        "PARTNERHOOK_GRAPH_URL": f"{box.url}/v25.0",
        "PARTNERHOOK_APP_ID": app.app_id,
        "PARTNERHOOK_APP_SECRET": app.app_secret,
        "PARTNERHOOK_ACCESS_TOKEN": app.access_token,
        "PARTNERHOOK_VERIFY_TOKEN": VERIFY_TOKEN,
    }
    return command


@pytest.fixture
def receiver(box: MetaInABox, serve: Serve) -> Server:
    """A receiver for the owner's app."""
    return serve(APP_SECRET=box.owner.app_secret)


def test_a_solution_from_its_request_to_its_end(empty: Command, box: MetaInABox, tmp_path: Path):
    """Each party with its own configuration; each answer shows before and after."""
    owner = configured(empty, box, "owner")
    (tmp_path / "partner").mkdir()
    partner = configured(Command(tmp_path / "partner"), box, "partner")

    created = owner.json("solutions", "create", "Ours", "--partner-app-id", box.partner.app_id, "--yes")
    accepted = partner.json("solutions", "accept", created["solution_id"], "--yes")
    asked = owner.json("solutions", "request-deactivation", created["solution_id"], "--yes")
    kept = partner.json("solutions", "reject-deactivation", created["solution_id"], "--yes")
    owner.json("solutions", "request-deactivation", created["solution_id"], "--yes")
    ended = partner.json("solutions", "accept-deactivation", created["solution_id"], "--yes")

    assert created["after"]["reported_status"] == "INITIATED"
    assert (accepted["before"]["reported_status"], accepted["after"]["reported_status"]) == ("INITIATED", "ACTIVE")
    assert asked["after"]["reported_status"] == "PENDING_DEACTIVATION"
    assert (kept["done"], kept["after"]["reported_status"]) == (True, "ACTIVE")
    assert ended["after"]["status"] == "DEACTIVATED"
    assert box.state(created["solution_id"]) == ("DEACTIVATED", "NONE")


def test_rejecting_and_looking(empty: Command, box: MetaInABox):
    """Lists by role; one with its partners."""
    partner = configured(empty, box, "partner")
    theirs, ours = box.create("Theirs"), box.create("Ours", by="partner")

    partner.json("solutions", "reject", theirs, "--yes")

    assert [one["solution_id"] for one in partner.json("graph", "list", "--role", "owner")] == [ours]
    assert {one["status"] for one in partner.json("graph", "list")} == {"REJECTED", "INITIATED"}
    shown = partner.json("graph", "show", theirs)
    assert (shown["name"], shown["owner_app"]["id"]) == ("Theirs", box.owner.app_id)
    assert shown["partners"][0]["app"]["id"] == box.partner.app_id
    assert partner.lines("graph", "show", theirs)[:2] == [f"Solution          {theirs}", "Name              Theirs"]


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--dry-run", "--yes"]])
def test_a_dry_run_does_nothing(owner: Command, box: MetaInABox, arguments: list[str]):
    """It shows what it would be about."""
    solution_id = box.create(by="partner")

    told = owner.json("solutions", "accept", solution_id, *arguments)

    assert (told["done"], told["before"]["status"]) == (False, "INITIATED")
    assert box.state(solution_id) == ("INITIATED", "PENDING_ACTIVATION")


def test_nobody_to_ask_is_no_yes(owner: Command, box: MetaInABox):
    """In a script, --yes has to be said."""
    solution_id = box.create(by="partner")

    ended = owner.run("solutions", "accept", solution_id)

    assert ended.returncode == 1
    assert "add --yes, or --dry-run" in ended.stderr
    assert box.state(solution_id)[0] == "INITIATED"


def test_a_refusal_is_metas_sentence(owner: Command, box: MetaInABox):
    """With its code and trace id; and no token in it."""
    solution_id = box.create()

    ended = owner.run("solutions", "accept", solution_id, "--yes")

    assert ended.returncode == 1
    assert "Your app may not accept" in ended.stderr
    assert "trace A" in ended.stderr
    assert box.owner.access_token not in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["graph", "show", "123456"], "does not exist"),
        (["graph", "show", "abc"], "An id is a string of digits"),
        (["solutions", "create", "x", "--partner-app-id", "1", "--yes"], "partner_app_id is not the id of another app"),
        (["graph", "list", "--app", "other"], "There is no app 'other'"),
    ],
)
def test_what_cannot_be_is_said(owner: Command, arguments: list[str], sentence: str):
    """One sentence, no traceback."""
    ended = owner.run(*arguments)

    assert ended.returncode in {1, 2}
    assert sentence in " ".join(ended.stderr.replace("│", "").split())


def test_what_is_missing_is_named(empty: Command):
    """The variables."""
    empty.settings["PARTNERHOOK_APP_SECRET"] = "x"

    ended = empty.run("graph", "list")

    assert ended.returncode == 1
    assert "set PARTNERHOOK_APP_ID and PARTNERHOOK_ACCESS_TOKEN" in ended.stderr


def test_subscribing(owner: Command, receiver: Server):
    """Meta asks the callback; a second time nothing is new. Each time it is in the audit log."""
    owner.settings["PARTNERHOOK_PUBLIC_URL"] = receiver.url
    audit = Audit(new_store(owner.folder))

    first = owner.json("subscribe")
    again = owner.json("subscribe", "--field", "messages")

    assert (first["done"], first["callback_before"], first["fields_before"]) == (True, "", [])
    assert first["fields"] == ["partner_solutions", "account_update"]
    assert again["callback_before"] == f"{receiver.url}/webhook"
    assert again["fields"] == ["partner_solutions", "account_update", "messages"]
    assert [(one.action, one.subject, one.outcome) for one in audit.page(AuditFilter())] == [
        ("app.subscribe", "default", "done")
    ] * 2


def test_fields_that_are_there_stay_and_another_callback_is_asked_about(
    owner: Command, receiver: Server, box: MetaInABox, serve: Serve
):
    """Somebody's bot would hear nothing any more: without a terminal that needs --yes."""
    bot = serve(APP_SECRET=box.owner.app_secret)
    box.subscribe("owner", f"{bot.url}/webhook", verify_token=VERIFY_TOKEN, fields=["messages", "flows"])
    owner.settings["PARTNERHOOK_PUBLIC_URL"] = receiver.url

    refused = owner.run("subscribe")
    planned = owner.json("subscribe", "--dry-run")
    done = owner.run("subscribe", "--yes", "--format", "json")

    assert (refused.returncode, planned["done"], done.returncode) == (1, False, 0)
    assert f"The app's callback is {bot.url}/webhook now." in refused.stdout
    assert '"messages"' in done.stdout
    assert '"partner_solutions"' in done.stdout


def test_a_callback_that_does_not_answer_is_metas_error(owner: Command):
    """Nothing is subscribed then."""
    owner.settings["PARTNERHOOK_PUBLIC_URL"] = "http://127.0.0.1:9"

    ended = owner.run("subscribe")

    assert ended.returncode == 1
    assert "(#2200) Callback verification failed" in ended.stderr
    assert VERIFY_TOKEN not in ended.stderr


def test_subscribing_names_all_that_is_missing(empty: Command):
    """In one go."""
    empty.settings["PARTNERHOOK_APP_SECRET"] = "x"

    ended = empty.run("subscribe")

    assert "set PARTNERHOOK_PUBLIC_URL, PARTNERHOOK_APP_ID, PARTNERHOOK_VERIFY_TOKEN" in ended.stderr


def test_a_doctor_finds_all_well(owner: Command, receiver: Server):
    """The same database, subscribed: nothing is wrong, and what cannot be known says where to look."""
    owner.settings |= {
        "PARTNERHOOK_PUBLIC_URL": receiver.url,
        "PARTNERHOOK_DATABASE_URL": f"sqlite:///{receiver.database}",
        "PARTNERHOOK_ADMIN_LISTEN": receiver.admin_url.removeprefix("http://"),
    }
    owner.json("subscribe")

    findings = owner.json("doctor")

    assert [one for one in findings if one["verdict"] == "wrong"] == []
    seen = {(one["about"], one["verdict"]) for one in findings}
    assert {
        ("configuration", "right"),
        ("database", "right"),
        ("clock", "doubtful"),  # the box has a clock of its own
        ("callback", "right"),
        ("test event", "right"),
        ("subscription", "right"),
        ("token", "right"),
        ("published", "unknown"),
        ("refusals", "right"),
    } <= seen
    assert all(one["remedy"] for one in findings if one["verdict"] != "right")
    assert receiver.queries().totals().solutions == {}


def test_a_doctor_finds_what_is_wrong(owner: Command, receiver: Server, box: MetaInABox, tmp_path: Path):
    """Another database, another secret, no subscription: exit 1, each with its remedy; no secret is shown."""
    owner.settings |= {"PARTNERHOOK_PUBLIC_URL": receiver.url, "PARTNERHOOK_DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    owner.run("migrate")
    owner.settings["PARTNERHOOK_APP_SECRET"] = "another"

    ended = owner.run("doctor")

    assert ended.returncode == 1
    assert "!!  test event of default: it is answered 401" in ended.stdout
    assert "Meta says" in ended.stdout
    for secret in ("another", box.owner.access_token, VERIFY_TOKEN):
        assert secret not in ended.stdout + ended.stderr


def test_a_doctor_of_an_empty_folder(empty: Command):
    """Nothing is configured: that is what is wrong."""
    ended = empty.run("doctor")

    assert ended.returncode == 1
    assert "!!  configuration: No app secret is set" in ended.stdout
    assert "!!  database: there is no database" in ended.stdout


def test_who_did_it_is_in_the_audit_log(owner: Command, box: MetaInABox):
    """Also what Meta refused. Where there is no database, that there is none is said."""
    proposed = box.create("Theirs", by="partner")
    ended = owner.run("solutions", "reject", proposed, "--yes")
    assert (ended.returncode, "no audit log" in ended.stderr) == (0, True)

    audit = Audit(new_store(owner.folder))
    created = owner.json("solutions", "create", "Ours", "--partner-app-id", box.partner.app_id, "--yes")["solution_id"]
    assert owner.run("solutions", "accept-deactivation", created, "--yes").returncode == 1
    owner.lines("reconcile")
    owner.lines("reconcile", "--check")

    told = [(one.action, one.subject, one.outcome) for one in audit.page(AuditFilter())]
    assert [(action, subject) for action, subject, _ in told] == [
        ("reconcile.start", "all apps"),
        ("solution.accept-deactivation", f"default/{created}"),
        ("solution.propose", "default"),
    ]
    assert [str(outcome).startswith("not done: ") for _, _, outcome in told] == [False, True, False]
