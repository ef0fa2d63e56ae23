"""`partnerhook scenario run | check`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from partnerhook import bootstrap, config
from partnerhook.cli.app_secrets import AppName, SecretFile, find_secrets
from partnerhook.cli.options import ConfigFile, Format
from partnerhook.cli.output import note, put, show_document
from partnerhook.cli.trigger import callback_url, checked_url
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.core.timeline import clock

if TYPE_CHECKING:
    from partnerhook.emulator.courier import Attempt
    from partnerhook.emulator.scenario.play import Played, Player

app = App(
    name="scenario",
    help="""Play a scenario against a callback, or check its file.

    A scenario is a TOML file that says who does what, and what must come of it: docs/scenarios.md, examples/scenarios.

    Example: `partnerhook scenario run examples/scenarios/late_and_twice.toml --url http://127.0.0.1:8080/webhook`
    """,
)

File = Annotated[Path, Parameter(help="The scenario file.", show_default=False)]


@app.command
def check(file: File, /, *, output: Format = "text") -> None:
    """Check a scenario file without playing it.

    Example: `partnerhook scenario check mine.toml`
    """
    script = bootstrap.read_scenario(file)
    steps = sum(len(scene.step) for scene in script.scene)
    if output == "json":
        show_document({"title": script.title, "scenes": len(script.scene), "steps": steps})
    else:
        put(f"{script.title}: {len(script.scene)} scenes, {steps} steps. The file is right.")


@app.command
def run(
    file: File,
    /,
    *,
    url: Annotated[
        str | None,
        Parameter(converter=checked_url, help="The callback to play it against. Without it: the configured one."),
    ] = None,
    party: Annotated[
        Literal["owner", "partner"], Parameter(name="--as", help="Which party's app has that callback.")
    ] = "owner",
    verify_token_file: Annotated[
        Path | None, Parameter(help="A file that holds the callback's verify token. Without it: the configured one.")
    ] = None,
    name: AppName = None,
    secret_file: SecretFile = None,
    config_file: ConfigFile = None,
    output: Format = "text",
) -> None:
    """Play a scenario: both parties act in Meta's box, and one party's webhooks go to a callback, whoever wrote it.

    Exit 0: every callback answered as the scenario says, and the solutions ended as it says; else 1, and each
    difference is named. The emulated clock takes no real time.

    Example: `partnerhook scenario run story.toml --as partner --secret-file app-secret`
    """
    script = bootstrap.read_scenario(file)
    secret = find_secrets(name, secret_file, config_file).own[0]
    token = _verify_token(verify_token_file, name, config_file)
    player = bootstrap.scenario_player(
        script, party=party, url=url or callback_url(name, config_file), verify_token=token, app_secret=secret
    )
    report = _Report(player, output)
    asyncio.run(_play(player, report))
    report.end()
    if report.problems:
        sys.exit(1)


async def _play(player: Player, report: _Report) -> None:
    async with bootstrap.acting(player.box):
        async for played in player.play():
            report.step(played)
        report.rest(await player.finish())


def _verify_token(file: Path | None, name: str | None, config_file: Path | None) -> str:
    if file is not None:
        try:
            return config.read_secret_file(file)
        except ConfigurationInvalid as problem:
            raise ConfigurationInvalid(f"The file that --verify-token-file names {problem}.") from None
    apps = config.load(config_file).all_apps()
    chosen = apps.get(name or config.DEFAULT_APP) or next(iter(apps.values()), None)
    if chosen is None or chosen.verify_token is None:
        raise ConfigurationInvalid(
            "No verify token is set. Set PARTNERHOOK_VERIFY_TOKEN, or name a file that holds it: --verify-token-file."
        )
    return chosen.verify_token.get_secret_value()


class _Report:
    """What came of each step, told at once or as one document at the end."""

    def __init__(self, player: Player, output: Literal["text", "json"]) -> None:
        self.problems: list[str] = []
        self._player = player
        self._text = output == "text"
        self._steps: list[dict[str, Any]] = []
        self._scene: object = None
        if self._text:
            put(player.script.title)

    def step(self, played: Played) -> None:
        step = played.step
        self.problems += [f"step {len(self._steps) + 1}: {problem}" for problem in played.problems]
        self._steps.append(
            {
                "at": clock(int(played.at)),
                "by": step.by,
                "does": step.does,
                "solution": step.solution,
                "solution_id": played.solution.id if played.solution else None,
                "refusal": played.refusal or None,
                "attempts": [_attempt(one) for one in played.attempts],
                "problems": list(played.problems),
            }
        )
        if not self._text:
            return
        if played.scene is not self._scene:
            self._scene = played.scene
            put("")
            put(played.scene.title)
        passed = " (passed over: a callback cannot be asked to)" if step.does == "reconcile" else ""
        put(f"{clock(int(played.at))}  {step.by} {step.does} {step.solution}".rstrip() + passed)
        if played.refusal:
            put(f"    {played.refusal}")
        for one in played.attempts:
            put(f"    {_line(one)}", at_once=True)

    def rest(self, attempts: list[Attempt]) -> None:
        """What was delivered after the last step."""
        late = [one for one in attempts if not one.delivered and not one.chaos]
        self.problems += [f"after the last step: {_line(one)}" for one in late[:10]]
        if self._text and attempts:
            delivered = sum(one.delivered for one in attempts)
            put("")
            put(f"After the last step: {len(attempts)} more attempts, {delivered} delivered.")

    def end(self) -> None:
        """The verdict."""
        self.problems += self._player.unmet_endings()
        if not self._text:
            show_document({"title": self._player.script.title, "steps": self._steps, "problems": self.problems})
            return
        put("")
        if not self.problems:
            put("All as the scenario says.")
        for problem in self.problems:
            put(f"- {problem}")
        if self.problems:
            note(f"{len(self.problems)} things are not as the scenario says.")


def _attempt(one: Attempt) -> dict[str, Any]:
    return {"status": one.status, "delivered": one.delivered, "changes": _changes(one), "answer": one.answer}


def _changes(one: Attempt) -> list[dict[str, Any]]:
    changes = (change for entry in json.loads(one.body)["entry"] for change in entry.get("changes", []))
    return [{"field": change["field"], **change["value"]} for change in changes]


def _line(one: Attempt) -> str:
    sent = ", ".join(
        f"{change.get('event', '')} {change.get('solution_status', '')}".strip() for change in _changes(one)
    )
    again = f" (attempt {one.number})" if one.number > 1 else ""
    answer = f"  {one.answer}" if one.answer and one.status != 200 else ""
    return f"{sent}{again}  ->  {one.status or 'no answer'}{answer}"
