"""Plays a scenario in a box whose clock is moved on by hand: step by step, each with what came of it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from partnerhook.core.names import ACCOUNT_UPDATE, PARTNER_SOLUTIONS
from partnerhook.emulator.box import Box
from partnerhook.emulator.clock import Clock
from partnerhook.emulator.courier import Attempt
from partnerhook.emulator.outbox import Change, Parcel
from partnerhook.emulator.refusals import Refused
from partnerhook.emulator.run import new_box
from partnerhook.emulator.scenario.script import CREATES, Ending, Party, Scene, Script, Step, span_s
from partnerhook.emulator.subscriptions import subscribe
from partnerhook.emulator.world import App, Solution

FIELDS: Final = (PARTNER_SOLUTIONS, ACCOUNT_UPDATE)


class Callback(NamedTuple):
    """Where a party's app gets its webhooks."""

    url: str
    verify_token: str
    app_secret: str = ""
    """The secret that the receiver knows; empty: the emulated app's own."""


@dataclass(frozen=True, slots=True)
class Played:
    """One step, with what came of it."""

    scene: Scene
    step: Step
    at: float
    """Unix seconds, emulated."""
    solution: Solution | None
    refusal: str
    """Why Meta refused it; empty where it did not."""
    attempts: tuple[Attempt, ...]
    """What was sent since the step before, also while time passed."""
    problems: tuple[str, ...]
    """What is not as the step says it must be."""


Reconcile = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Player:
    """A script on its way."""

    script: Script
    callbacks: Mapping[Party, Callback] = field(default_factory=dict)
    reconcile: Reconcile | None = None
    """What an operator's `reconcile` does; None: it is passed over."""
    box: Box = field(init=False)
    solutions: dict[str, Solution] = field(default_factory=dict)
    """By their names in the file."""
    _customers: dict[str, str] = field(default_factory=dict)
    _held: list[Parcel] = field(default_factory=list)

    def __post_init__(self) -> None:
        script = self.script
        clock = Clock(0.0, script.begins_at)
        self.box = new_box(seed=script.seed, rules=script.rules, chaos=script.chaos, clock=clock)

    def app(self, party: Party) -> App:
        """A party's app."""
        owner, partner = self.box.world.apps.values()
        return owner if party == "owner" else partner

    async def play(self) -> AsyncIterator[Played]:
        """Each step, once it is over and its webhooks are delivered as far as they are due."""
        for party, callback in self.callbacks.items():
            if callback.app_secret:
                self.app(party).secret = callback.app_secret
        if not any(step.does == "subscribe" for scene in self.script.scene for step in scene.step):
            for party, callback in self.callbacks.items():
                await self._subscribe(party, callback.verify_token)
        for scene in self.script.scene:
            for step in scene.step:
                yield await self._play(scene, step)

    async def finish(self) -> list[Attempt]:
        """Deliver what is left, retries too."""
        before = len(self.box.courier.attempts)
        await self.box.courier.settle()
        return list(self.box.courier.attempts)[before:]

    def unmet_endings(self) -> list[str]:
        """Where solutions do not end as the script says."""
        return [sentence for ending in self.script.ending for sentence in self._unmet(ending)]

    def _unmet(self, ending: Ending) -> list[str]:
        state = self.solutions[ending.solution].state
        found, wanted = (state.status.value, state.pending.value), (ending.status, ending.pending)
        return [] if found == wanted else [f"{ending.solution} ends as {found}, and must end as {wanted}"]

    async def _play(self, scene: Scene, step: Step) -> Played:
        number = len(self.box.courier.attempts)
        await self._wait(span_s(step.after))
        before, parcels = self.box.now(), self.box.outbox.numbered
        refusal = ""
        try:
            await self._do(step)
        except Refused as refused:
            refusal = refused.sentence
        await self._deliver(step, parcels)
        attempts = tuple(self.box.courier.attempts)[number:]
        problems = self._problems(step, refusal, attempts)
        return Played(scene, step, before, self.solutions.get(step.solution), refusal, attempts, problems)

    async def _wait(self, seconds: float) -> None:
        """Let time pass, and deliver what becomes due on the way."""
        until = self.box.clock.now() + seconds
        while (due := self.box.outbox.next_due()) is not None and due <= until:
            self.box.clock.advance(max(due - self.box.clock.now(), 0.0))
            await self.box.courier.deliver_due()
        self.box.clock.advance(max(until - self.box.clock.now(), 0.0))

    async def _do(self, step: Step) -> None:
        box = self.box
        match step.does:
            case "subscribe":
                await self._subscribe(step.to, secrets.token_hex(8) if step.wrong_token else None)
            case "wait" | "deliver":
                pass
            case "reconcile":
                if self.reconcile:
                    await self.reconcile()
            case "press test":
                box.press_test(self._to(step))
            case "say":
                self._say(step)
            case "forge":
                await box.courier.forge(self._to(step), self._changes(step))
            case "onboard":
                name = step.name or "A customer"
                self._customers[step.solution] = box.onboard(self.solutions[step.solution], name=name).waba_id
            case "offboard":
                box.offboard(self._customers.get(step.solution, ""))
            case "rename":
                box.rename(self.solutions[step.solution], step.name, self._actor(step))
            case deed if deed in CREATES:
                self._create(step)
            case action:
                box.act(self.solutions[step.solution], action, self._actor(step))

    def _actor(self, step: Step) -> App:
        return self.app("owner" if step.by == "owner" else "partner")

    def _to(self, step: Step) -> App:
        return self.app(step.to or "owner")

    async def _subscribe(self, party: Party | None, token: str | None) -> None:
        callback = self.callbacks.get(party or "owner")
        if callback is None:
            return
        await subscribe(
            self.app(party or "owner"),
            callback_url=callback.url,
            verify_token=token or callback.verify_token,
            fields=FIELDS,
            timeout_s=self.box.rules.read_timeout_s,
        )

    def _create(self, step: Step) -> None:
        actor = self._actor(step)
        other = self.app("partner" if step.by == "owner" else "owner")
        sides = (["MESSAGING"], []) if (step.messaging == step.by) else ([], ["MESSAGING"])
        self.solutions[step.solution] = self.box.create(
            actor,
            name=step.name or step.solution,
            partner_app_id=other.id,
            owner_permissions=sides[0],
            partner_permissions=sides[1],
            draft=step.does == "save as draft",
        )

    def _say(self, step: Step) -> None:
        app = self._to(step)
        if app.subscription is not None:
            self.box.outbox.put(app.id, self._changes(step), self.box.clock.now())

    def _changes(self, step: Step) -> list[Change]:
        portfolio_id = self._to(step).portfolio_id
        return [
            Change(
                entry_id=portfolio_id,
                time=int(self.box.now()),
                field=said.field,
                value={
                    "event": said.event,
                    "solution_id": said.solution_id or self.solutions[said.solution].id,
                    "solution_status": said.word,
                },
            )
            for said in step.changes
        ]

    async def _deliver(self, step: Step, numbered: int) -> None:
        """What becomes of the webhooks of a step: of all parcels behind number `numbered`."""
        outbox, now = self.box.outbox, self.box.clock.now()
        fresh = [parcel for parcel in outbox.parcels if parcel.id > numbered]
        if step.delivery in {"held", "lost"}:
            outbox.parcels = [parcel for parcel in outbox.parcels if parcel not in fresh]
            if step.delivery == "held":
                self._held += fresh
            else:
                outbox.dropped += len(fresh)
        elif step.delivery == "twice":
            for parcel in fresh:
                outbox.put(parcel.app_id, parcel.changes, now)
        elif step.does == "deliver":
            self._release(now, batch=step.batch)
        await self.box.courier.deliver_due()

    def _release(self, now: float, *, batch: bool) -> None:
        held, self._held = self._held, []
        if not batch:
            for parcel in held:
                self.box.outbox.put(parcel.app_id, parcel.changes, now)
            return
        together: dict[str, list[Change]] = {}
        for parcel in held:
            together.setdefault(parcel.app_id, []).extend(parcel.changes)
        for app_id, changes in together.items():
            self.box.outbox.put(app_id, changes, now)

    def _problems(self, step: Step, refusal: str, attempts: tuple[Attempt, ...]) -> tuple[str, ...]:
        problems: list[str] = []
        if refusal and not step.refused:
            problems.append(f"Meta refused: {refusal}")
        if step.refused and not refusal:
            problems.append("Meta must refuse it, and did not.")
        problems += [self._wrong_answer(one, step) for one in attempts if one.status != step.answer and not one.chaos]
        return tuple(problems)

    def _wrong_answer(self, attempt: Attempt, step: Step) -> str:
        name = self.box.world.apps[attempt.app_id].name
        return f"{name}: answered {attempt.status or 'nothing'}, not {step.answer}. {attempt.answer}".rstrip()
