"""`partnerhook dashboard` against an emulator that runs: each command, in words and as JSON."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Command

from partnerhook.emulator.box import Box
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.run import new_box
from partnerhook.emulator.server import running_in_thread
from partnerhook.emulator.world import App, Subscription
from running import SECRET, VERIFY_TOKEN, Server


class Dashboard:
    """The command, always with the URL of one emulator."""

    def __init__(self, command: Command, url: str) -> None:
        self.url = url
        self._command = command

    def says(self, *arguments: str) -> list[str]:
        """What it prints, where it succeeds."""
        return self._command.lines("dashboard", *arguments, "--url", self.url)

    def json(self, *arguments: str) -> Any:
        """The document it prints, where it succeeds and says nothing else."""
        return self._command.json("dashboard", *arguments, "--url", self.url)

    def refuses(self, *arguments: str, status: int = 1) -> str:
        """Why not: it ends with 1 (or 2: called wrongly), and prints nothing."""
        ended = self._command.run("dashboard", *arguments, "--url", self.url)
        assert (ended.returncode, ended.stdout) == (status, "")
        return ended.stderr.removeprefix("partnerhook: ").strip()

    def on_terminal(self, *arguments: str) -> str:
        """What a person sees."""
        status, seen = self._command.on_terminal("dashboard", *arguments, "--url", self.url, columns=200)
        assert status == 0
        return seen


@pytest.fixture
def box() -> Box:
    """Two partners; the clock stands until somebody moves it."""
    return new_box(seed=7, clock=Clock(0, start=1_760_000_000))


@pytest.fixture
def owner(box: Box) -> App:
    """The first app."""
    return next(iter(box.world.apps.values()))


@pytest.fixture
def partner(box: Box) -> App:
    """The second app."""
    return list(box.world.apps.values())[1]


@pytest.fixture
def dashboard(box: Box, tmp_path: Path) -> Iterator[Dashboard]:
    """The command beside a running emulator."""
    with running_in_thread(box) as url:
        yield Dashboard(Command(tmp_path), url)


def hears(app: App, server: Server) -> None:
    """The app's webhooks go to a real receiver."""
    app.secret = SECRET
    fields = {"partner_solutions": "v25.0", "account_update": "v25.0"}
    app.subscription = Subscription(callback_url=f"{server.url}/webhook", verify_token=VERIFY_TOKEN, fields=fields)


def test_show(dashboard: Dashboard, box: Box, owner: App, partner: App):
    """The clock, the apps, the solutions with what each party may do, the customers."""
    solution = box.create(owner, name="Ours", partner_app_id=partner.id, owner_permissions=["MESSAGING"])
    box.act(solution, "accept", partner)
    customer = box.onboard(solution, name="Shop")

    lines = dashboard.says("show")

    assert lines[0] == "2025-10-09T08:53:20Z, speed 0: nothing waits to be delivered."
    assert any(line.startswith(f"Owner app     {owner.id}  ") for line in lines)
    assert any(line.startswith(f"{solution.id}   Ours  ") and "request deactivation" in line for line in lines)
    assert any(line.startswith(f"{customer.waba_id}  ") and solution.id in line for line in lines)


def test_show_on_a_terminal(dashboard: Dashboard):
    """Tables with titles."""
    seen = dashboard.on_terminal("show")

    assert "App id" in seen
    assert "Solution Partner" in seen


def test_show_as_json(dashboard: Dashboard, owner: App):
    """All of it, secrets included: they belong to nobody."""
    told = dashboard.json("show")

    assert told["apps"][0]["app_secret"] == owner.secret
    assert (told["solutions"], told["now"]) == ([], "2025-10-09T08:53:20Z")


def test_a_life_from_a_draft(dashboard: Dashboard, box: Box, owner: App, partner: App):
    """Each step by its command, by name or by id, by whoever may."""
    (solution_id,) = [dashboard.json("save-draft", "Life")["solution_id"]]
    steps = [
        (("rename", "Life", "New life"), "DRAFT"),
        (("send", "New life"), "INITIATED"),
        (("accept", solution_id), "ACTIVE"),
        (("request-deactivation", "New life"), "PENDING_DEACTIVATION"),
        (("reject-deactivation", "New life"), "ACTIVE"),
        (("request-deactivation", "New life", "--as", owner.id), "PENDING_DEACTIVATION"),
        (("accept-deactivation", "New life", "--as", "Partner app"), "DEACTIVATED"),
    ]

    for arguments, word in steps:
        assert dashboard.says(*arguments) == [f"Solution {solution_id} (New life) is {word}."]

    solution = box.world.solutions[solution_id]
    assert (solution.owner_app_id, solution.partnership.app_id) == (owner.id, partner.id)


def test_create_and_reject(dashboard: Dashboard, box: Box, owner: App, partner: App):
    """Sent at once, in the other direction, and who sends messages is chosen."""
    told = dashboard.json("create", "Theirs", "--owner", partner.id, "--messaging", "partner")

    rejected = dashboard.json("reject", "Theirs")

    solution = box.world.solutions[told["solution_id"]]
    assert (told["word"], told["owner_app_id"], told["partner_app_id"]) == ("INITIATED", partner.id, owner.id)
    assert (solution.owner_permissions, solution.partnership.permissions) == ([], ["MESSAGING"])
    assert (rejected["word"], rejected["owner_may"]) == ("REJECTED", ["rename"])


def test_only_the_partner_is_named(dashboard: Dashboard, owner: App, partner: App):
    """The other one proposes then."""
    told = dashboard.json("create", "Ours", "--partner", "Owner app")

    assert (told["owner_app_id"], told["partner_app_id"]) == (partner.id, owner.id)


def test_what_is_refused(dashboard: Dashboard, box: Box, owner: App, partner: App):
    """The wrong state, the wrong party, a short name: a sentence each."""
    box.create(owner, name="Ours", partner_app_id=partner.id, owner_permissions=["MESSAGING"])

    assert dashboard.refuses("send", "Ours") == "Cannot send request: the solution is INITIATED."
    assert dashboard.refuses("accept", "Ours", "--as", "Owner app") == "Cannot accept: that is the other party's to do."
    assert dashboard.refuses("create", "x").endswith("solution_name must have 2 to 75 characters.")


def test_what_is_not_there(dashboard: Dashboard, box: Box, owner: App, partner: App):
    """Nor clear: what to do is said."""
    for _ in range(2):
        box.create(owner, name="Twin", partner_app_id=partner.id, owner_permissions=["MESSAGING"])
    ids = ", ".join(box.world.solutions)

    hint = "`partnerhook dashboard show` shows what there is."
    assert dashboard.refuses("accept", "Nope") == f"There is no solution 'Nope'. {hint}"
    assert dashboard.refuses("publish", "Nope") == f"There is no app 'Nope'. {hint}"
    assert dashboard.refuses("offboard", "1/../2") == f"There is no customer '1/../2'. {hint}"
    assert dashboard.refuses("accept", "Twin") == f"Several solutions are called 'Twin'; name one by its id: {ids}."


def test_a_third_app(dashboard: Dashboard, box: Box, owner: App):
    """With its secret; from then on both sides of a new solution are named."""
    lines = dashboard.says("add-app", "Third", "--portfolio", owner.portfolio_id)

    third = list(box.world.apps.values())[2]
    refusal = dashboard.refuses("create", "Ours", "--owner", "Third")
    told = dashboard.json("create", "Ours", "--owner", "Third", "--partner", "Partner app")

    assert lines[2].split() == ["app", "secret", third.secret]
    assert third.portfolio_id == owner.portfolio_id
    assert refusal == "There are 3 apps (Owner app, Partner app, Third); name both with --owner and --partner."
    assert told["owner_app_id"] == third.id
    assert dashboard.refuses("add-app", "Fourth", "--portfolio", "1").startswith("Not found: 1")


def test_publish_and_unpublish(dashboard: Dashboard, owner: App):
    """By name and by id."""
    assert dashboard.says("unpublish", "Owner app") == [f"Owner app ({owner.id}) is unpublished."]
    assert not owner.published
    assert dashboard.json("publish", owner.id)["published"] is True


def test_the_test_button(dashboard: Dashboard, owner: App, server: Server):
    """A sample goes to the callback; without one it is said so."""
    refusal = dashboard.refuses("test", "Owner app")
    hears(owner, server)

    lines = dashboard.says("test", "Owner app")
    told = dashboard.json("test", "Owner app", "--field", "account_update")

    assert refusal.endswith("the app is not subscribed.")
    assert lines == [f"A sample of partner_solutions is on its way to {server.url}/webhook."]
    assert told == {"app_id": owner.id, "field": "account_update", "success": True}


def test_customers(dashboard: Dashboard, box: Box, owner: App, partner: App):
    """They come through an active solution alone, and go by account or name."""
    solution = box.create(owner, name="Ours", partner_app_id=partner.id, owner_permissions=["MESSAGING"])
    refusal = dashboard.refuses("onboard", "Ours")
    box.act(solution, "accept", partner)

    told = dashboard.json("onboard", "Ours", "--name", "Shop")
    gone = dashboard.says("offboard", "Shop")

    assert refusal == "Cannot onboard a customer: the solution is INITIATED."
    assert (told["name"], told["solution_id"]) == ("Shop", solution.id)
    assert gone == [f"Shop no longer shares the account {told['waba_id']}."]


def test_the_clock(dashboard: Dashboard):
    """Shown, moved on in any span, made faster."""
    shown = dashboard.says("clock")
    moved = [dashboard.json("clock", "--advance", span)["now"] for span in ("90s", "30m", "1h", "7d")]
    faster = dashboard.json("clock", "--speed", "1000")

    assert shown == ["2025-10-09T08:53:20Z, speed 0"]
    assert moved == ["2025-10-09T08:54:50Z", "2025-10-09T09:24:50Z", "2025-10-09T10:24:50Z", "2025-10-16T10:24:50Z"]
    assert faster["speed"] == 1_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("--advance", "soon"),
        ("--advance=-1h",),
        ("--advance", "1w"),
        ("--speed", "-1"),
        ("--speed", "1000001"),
        ("--speed", "nan"),
    ],
)
def test_a_clock_that_cannot_be(arguments: tuple[str, ...], dashboard: Dashboard):
    """It never goes back."""
    assert arguments[0].partition("=")[0] in dashboard.refuses("clock", *arguments, status=2)


def test_a_clock_goes_a_year_at_most(dashboard: Dashboard):
    """Nothing of Meta's takes longer."""
    assert "31622400" in dashboard.refuses("clock", "--advance", "999d")


def test_settle_and_deliveries(dashboard: Dashboard, box: Box, owner: App, partner: App, server: Server):
    """Everything is delivered when it returns; the attempts are listed, newest first."""
    hears(owner, server)
    empty = dashboard.json("deliveries")
    box.courier.hold = True
    solution = box.create(owner, name="Ours", partner_app_id=partner.id, owner_permissions=["MESSAGING"])
    box.act(solution, "accept", partner)

    settled = dashboard.json("settle")

    lines = dashboard.says("deliveries")
    (newest,) = dashboard.json("deliveries", "--app", "Owner app", "--limit", "1")
    assert (empty, settled["attempts"]) == ([], 2)
    assert [line[36:].partition("  ")[0] for line in lines] == ["SOLUTION_UPDATED ACTIVE", "SOLUTION_CREATED INITIATED"]
    assert all(" 200 " in line and "delivered" in line for line in lines)
    assert json.loads(newest["body"])["entry"][0]["changes"][0]["value"]["solution_status"] == "ACTIVE"
    assert dashboard.json("deliveries", "--app", partner.id) == []
    assert dashboard.says("settle") == ["0 attempts made; it is 2025-10-09T08:53:20Z."]


def test_chaos(dashboard: Dashboard, box: Box):
    """Shown, chosen anew, taken back; what is wrong is said."""
    chosen = dashboard.json("chaos", "duplicate=0.2", "batch_max=10", "seed=7")
    shown = dashboard.says("chaos")
    refusals = [dashboard.refuses("chaos", wrong) for wrong in ("duplicate=2", "dupe=1", "duplicate")]
    contradiction = dashboard.refuses("chaos", "duplicate=1", "--off")
    off = dashboard.json("chaos", "--off")

    assert (chosen["duplicate"], chosen["batch_max"], chosen["drop"]) == (0.2, 10, 0)
    assert "duplicate         0.2" in shown
    assert [refusal.partition(":")[0] for refusal in refusals] == ["duplicate", "dupe", "Setting duplicate"]
    assert "--off stands alone" in contradiction
    assert off["duplicate"] == box.dice.chaos.duplicate == 0


def test_rules(dashboard: Dashboard, box: Box):
    """Shown, changed one by one; what is not named stays."""
    dashboard.says("rules", "decline_webhook=none")
    told = dashboard.json("rules", "rename_webhook=false", "rate_code=80008")

    assert (told["decline_webhook"], told["rename_webhook"], told["rate_code"]) == ("none", False, 80008)
    assert "decline_webhook   none" in dashboard.says("rules")
    assert dashboard.refuses("rules", "decline_webhook=perhaps").startswith("decline_webhook: ")
    assert box.rules.decline_webhook == "none"


def test_nobody_listens(tmp_path: Path):
    """What to start is said."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

    refusal = Dashboard(Command(tmp_path), url).refuses("show")

    assert refusal == f"No answer from {url}: [Errno 111] Connection refused. Is `partnerhook emulate` running there?"


def test_somebody_else_listens(server: Server, tmp_path: Path):
    """A receiver is no emulator."""
    refusal = Dashboard(Command(tmp_path), server.url).refuses("show")

    assert refusal == f"{server.url} answers, but it is no emulator."
