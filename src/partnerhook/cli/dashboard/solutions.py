"""`partnerhook dashboard show`, and what each party does to a solution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from partnerhook.cli.dashboard import tables
from partnerhook.cli.dashboard.at import URL, Emulator, SolutionId, Url
from partnerhook.cli.options import Format
from partnerhook.cli.output import note, put, show_document, show_items

if TYPE_CHECKING:
    from partnerhook.services.views import Json

Owner = Annotated[
    str | None, Parameter(help="The app that proposes it: id or name. Without it, where there are two: the first.")
]
Partner = Annotated[
    str | None, Parameter(help="The app that is invited: id or name. Without it, where there are two: the other one.")
]
Messaging = Annotated[
    Literal["owner", "partner"], Parameter(help="Which side sends messages: exactly one of them may.")
]
ActAs = Annotated[
    str | None, Parameter(name="--as", help="Which app does it: id or name. Without it: the party that may.")
]


def show(*, url: Url = URL, output: Format = "text") -> None:
    """Show everything there is: the clock, the apps, the solutions and what each party may do now, the customers.

    The JSON has the secrets and tokens of the apps too (they belong to nobody), the rules and the chaos.

    Example: `partnerhook dashboard show --format json`
    """
    told = Emulator(url).overview()
    if output == "json":
        show_document(told)
        return
    waiting = f"{told['waiting']} changes wait to be delivered" if told["waiting"] else "nothing waits to be delivered"
    put(f"{told['now']}, speed {told['speed']:g}: {waiting}.")
    put("\nApps")
    show_items(told["apps"], tables.apps(told))
    put("\nSolutions")
    show_items(told["solutions"], tables.solutions(told))
    if not told["solutions"]:
        note("None yet. `partnerhook dashboard create 'Our solution'` sends a request for one.")
    if told["customers"]:
        put("\nCustomers")
        show_items(told["customers"], tables.CUSTOMERS)


def save_draft(
    name: Annotated[str, Parameter(help="Its name: 2 to 75 characters.", show_default=False)],
    /,
    *,
    owner: Owner = None,
    partner: Partner = None,
    messaging: Messaging = "owner",
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Save a new solution as a draft. Only its owner hears of it: SOLUTION_CREATED, DRAFT.

    The Graph API cannot: drafts are made in the dashboard alone.

    Example: `partnerhook dashboard save-draft 'Summer pilot'`
    """
    _propose(Emulator(url), name, owner=owner, partner=partner, messaging=messaging, draft=True, output=output)


def create(
    name: Annotated[str, Parameter(help="Its name: 2 to 75 characters.", show_default=False)],
    /,
    *,
    owner: Owner = None,
    partner: Partner = None,
    messaging: Messaging = "owner",
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Create a solution and send the request at once. Both parties hear of it: SOLUTION_CREATED, INITIATED.

    Example: `partnerhook dashboard create 'Our solution' --owner 'Partner app' --messaging partner`
    """
    _propose(Emulator(url), name, owner=owner, partner=partner, messaging=messaging, draft=False, output=output)


def send(solution: SolutionId, /, *, url: Url = URL, output: Format = "text") -> None:
    """Send a draft to its partner, as its owner: it is INITIATED then, and the partner may accept or reject.

    Example: `partnerhook dashboard send 'Summer pilot'`
    """
    _act(Emulator(url), solution, "send request", output)


def rename(
    solution: SolutionId,
    name: Annotated[str, Parameter(help="The new name: 2 to 75 characters.", show_default=False)],
    /,
    *,
    url: Url = URL,
    output: Format = "text",
) -> None:
    """Rename a solution, as its owner.

    Whether Meta sends a webhook then is not documented: see the rule rename_webhook.

    Example: `partnerhook dashboard rename 'Summer pilot' 'Autumn pilot'`
    """
    _act(Emulator(url), solution, "rename", output, name=name)


def accept(solution: SolutionId, /, *, act_as: ActAs = None, url: Url = URL, output: Format = "text") -> None:
    """Accept a request, as the invited partner: the solution is ACTIVE then, and customers can be onboarded.

    Example: `partnerhook dashboard accept 'Our solution'`
    """
    _act(Emulator(url), solution, "accept", output, act_as)


def reject(solution: SolutionId, /, *, act_as: ActAs = None, url: Url = URL, output: Format = "text") -> None:
    """Reject a request, as the invited partner: the solution is REJECTED then, for good.

    Example: `partnerhook dashboard reject 'Our solution'`
    """
    _act(Emulator(url), solution, "reject", output, act_as)


def request_deactivation(
    solution: SolutionId, /, *, act_as: ActAs = None, url: Url = URL, output: Format = "text"
) -> None:
    """Ask the other party to end an active solution: it is PENDING_DEACTIVATION then, and still usable.

    Who may ask is the rule deactivation_by: the owner, or either party.

    Example: `partnerhook dashboard request-deactivation 'Our solution'`
    """
    _act(Emulator(url), solution, "request deactivation", output, act_as)


def accept_deactivation(
    solution: SolutionId, /, *, act_as: ActAs = None, url: Url = URL, output: Format = "text"
) -> None:
    """Agree to a deactivation, as the party that did not ask for it: the solution is DEACTIVATED then, for good.

    Example: `partnerhook dashboard accept-deactivation 'Our solution'`
    """
    _act(Emulator(url), solution, "accept deactivation", output, act_as)


def reject_deactivation(
    solution: SolutionId, /, *, act_as: ActAs = None, url: Url = URL, output: Format = "text"
) -> None:
    """Decline a deactivation, as the party that did not ask for it: the solution stays ACTIVE.

    What Meta sends then is not documented: see the rule decline_webhook.

    Example: `partnerhook dashboard reject-deactivation 'Our solution'`
    """
    _act(Emulator(url), solution, "reject deactivation", output, act_as)


def _propose(
    emulator: Emulator,
    name: str,
    *,
    owner: str | None,
    partner: str | None,
    messaging: str,
    draft: bool,
    output: str,
) -> None:
    owner_id, partner_id = emulator.parties(owner, partner)
    asked = {
        "app_id": owner_id,
        "partner_app_id": partner_id,
        "name": name,
        "owner_permissions": ["MESSAGING"] if messaging == "owner" else [],
        "partner_permissions": ["MESSAGING"] if messaging == "partner" else [],
        "draft": draft,
    }
    _tell(emulator.ask("POST", "/solutions", asked), output)


def _act(
    emulator: Emulator, solution: str, action: str, output: str, act_as: str | None = None, *, name: str = ""
) -> None:
    actor = emulator.app(act_as)["app_id"] if act_as else ""
    asked = {"action": action, "app_id": actor, "name": name}
    _tell(emulator.ask("POST", f"/solutions/{emulator.solution_id(solution)}/act", asked), output)


def _tell(solution: Json, output: str) -> None:
    if output == "json":
        show_document(solution)
    else:
        put(f"Solution {solution['solution_id']} ({solution['name']}) is {solution['word']}.")
