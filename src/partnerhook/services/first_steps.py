"""What is to be done until the first webhook about a solution is there, and what of it has happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from partnerhook.core.figures import HANDSHAKES, RECEIVED, TESTS
from partnerhook.core.health import HealthKind
from partnerhook.services.health import Alarm, Finding, Verdict
from partnerhook.services.targets import ConfiguredApp

SUBSCRIPTION: Final = "subscription"


class Step(NamedTuple):
    """One thing to do."""

    id: str
    title: str
    done: bool
    said: str
    """How it stands, or what to do, in a sentence."""
    command: str = ""
    """What does it, or shows it."""
    at: int | None = None
    """When it was done, where that is known (Unix microseconds)."""


def first_steps(
    apps: Sequence[ConfiguredApp], milestones: Mapping[str, int], findings: Sequence[Finding], alarms: Sequence[Alarm]
) -> list[Step]:
    """All of them, in their order. `milestones`: when what happened for the first time, as `handshakes/APP`."""
    return [
        Step(
            "configured", "Configure the app", done=True, said=f"{_names(apps)}: app secret and verify token are set."
        ),
        _public(apps),
        _heard(
            "handshake",
            "Verify the callback URL",
            _Heard(apps, milestones, HANDSHAKES),
            "Enter callback URL and verify token in the App Dashboard under WhatsApp > Configuration; Meta then asks"
            " for a handshake.",
            "partnerhook subscribe",
        ),
        _subscribed(apps, findings, alarms),
        _heard(
            "event",
            "Receive a first signed webhook",
            _Heard(apps, milestones, RECEIVED),
            "Any webhook whose signature is right. Refused ones are in the overview, with the reason.",
            "partnerhook doctor",
        ),
        _heard(
            "test",
            "See a test event arrive",
            _Heard(apps, milestones, TESTS),
            "Press Test beside partner_solutions in the App Dashboard under Webhooks, or send one from here.",
            "partnerhook trigger",
        ),
        _graph(apps),
    ]


def _names(apps: Sequence[ConfiguredApp]) -> str:
    return ", ".join(one.name for one in apps)


class _Heard(NamedTuple):
    """Which apps something has happened to."""

    apps: Sequence[ConfiguredApp]
    milestones: Mapping[str, int]
    group: str

    def at(self, app: str) -> int | None:
        """When it happened to an app first."""
        return self.milestones.get(f"{self.group}/{app}")


def _public(apps: Sequence[ConfiguredApp]) -> Step:
    done = bool(apps) and all(one.callback_url for one in apps)
    urls = ", ".join(one.callback_url or one.path for one in apps)
    said = (
        f"The callback URL is {urls}."
        if done
        else f"Lead a public https URL to the listener for Meta ({urls}), and set public_url to it."
    )
    return Step(
        "public", "Make it reachable for Meta", done, said, "" if done else "PARTNERHOOK_PUBLIC_URL=https://..."
    )


def _heard(step_id: str, title: str, heard: _Heard, to_do: str, command: str) -> Step:
    """A step that is done when it has happened to every app."""
    times = {one.name: heard.at(one.name) for one in heard.apps}
    missing = [name for name, at in times.items() if at is None]
    if not missing and times:
        return Step(step_id, title, done=True, said="It happened.", at=max(at for at in times.values() if at))
    still = f" Still missing: {', '.join(missing)}." if len(times) > 1 else ""
    return Step(step_id, title, done=False, said=to_do + still, command=command)


def _subscribed(apps: Sequence[ConfiguredApp], findings: Sequence[Finding], alarms: Sequence[Alarm]) -> Step:
    title = "Subscribe to partner_solutions"
    wrong = [one for one in alarms if one.kind is HealthKind.SUBSCRIPTION]
    found = [one for one in findings if one.about == SUBSCRIPTION]
    doubts = [one for one in found if one.verdict is not Verdict.RIGHT]
    if wrong and not (found and not doubts):
        return Step("subscribed", title, done=False, said=f"{wrong[0].summary}.", command="partnerhook subscribe")
    if doubts:
        said = f"{doubts[0].said}: {doubts[0].remedy}.".replace("..", ".")
        return Step("subscribed", title, done=False, said=said, command="partnerhook subscribe")
    if found and {one.app for one in found} >= {one.name for one in apps}:
        return Step("subscribed", title, done=True, said="Meta says that it is right.")
    said = "Subscribe to the fields partner_solutions and account_update. Without a Graph token Meta cannot be asked."
    return Step("subscribed", title, done=False, said=said, command="partnerhook subscribe")


def _graph(apps: Sequence[ConfiguredApp]) -> Step:
    missing = [one.name for one in apps if not one.asks_graph]
    title = "Let it ask the Graph API"
    if not missing and apps:
        return Step("graph", title, done=True, said="Every app has an app id and an access token.")
    said = (
        "With app_id and access_token it compares itself with Meta, knows your role in each solution, and can answer"
        f" requests. Missing for {', '.join(missing)}. It works without."
    )
    return Step("graph", title, done=False, said=said, command="PARTNERHOOK_ACCESS_TOKEN=...")
