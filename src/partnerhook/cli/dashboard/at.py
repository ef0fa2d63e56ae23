"""The emulator that the commands speak to, and the apps and solutions in it, by id or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from partnerhook import bootstrap
from partnerhook.cli.trigger import checked_url
from partnerhook.core.errors import PartnerhookError

if TYPE_CHECKING:
    from partnerhook.services.views import Json

URL: Final = "http://127.0.0.1:9090"
"""Where `partnerhook emulate` listens."""

Url = Annotated[str, Parameter(name="--url", converter=checked_url, help="The emulator's URL.")]
SolutionId = Annotated[
    str, Parameter(help="The solution's id, or its name where only one is called that.", show_default=False)
]
AppId = Annotated[str, Parameter(help="The app's id, or its name.", show_default=False)]


class Emulator:
    """The control API, with what is there looked up."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, method: str, path: str, document: Json | None = None, **params: str) -> Any:
        """One request. Raises PartnerhookError with the emulator's own sentence."""
        with bootstrap.emulator_at(self._url) as remote:
            return remote.ask(method, path, document, **params)

    def overview(self) -> Json:
        """Everything there is."""
        told: Json = self.ask("GET", "/")
        return told

    def app(self, wanted: str) -> Json:
        """The app of an id or a name. Raises PartnerhookError."""
        return _find(self.overview()["apps"], wanted, "app", key="app_id")

    def solution_id(self, wanted: str) -> str:
        """The id of a solution. Raises PartnerhookError."""
        return str(_find(self.overview()["solutions"], wanted, "solution", key="solution_id")["solution_id"])

    def waba_id(self, wanted: str) -> str:
        """The id of a customer's account. Raises PartnerhookError."""
        return str(_find(self.overview()["customers"], wanted, "customer", key="waba_id")["waba_id"])

    def parties(self, owner: str | None, partner: str | None) -> tuple[str, str]:
        """The ids of the two apps of a new solution: those named, else the first and the second."""
        apps = self.overview()["apps"]
        if len(apps) != 2 and (owner is None or partner is None):
            raise PartnerhookError(
                f"There are {len(apps)} apps ({_names(apps)}); name both with --owner and --partner."
            )
        ids = [_find(apps, wanted, "app", key="app_id")["app_id"] if wanted else None for wanted in (owner, partner)]
        if ids[0] is None:
            ids[0] = next(app["app_id"] for app in apps if app["app_id"] != ids[1])
        if ids[1] is None:
            ids[1] = next(app["app_id"] for app in apps if app["app_id"] != ids[0])
        return str(ids[0]), str(ids[1])


def _find(items: list[Json], wanted: str, what: str, *, key: str) -> Json:
    found = [one for one in items if one[key] == wanted] or [one for one in items if one["name"] == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one[key] for one in found)
        raise PartnerhookError(f"Several {what}s are called {wanted!r}; name one by its id: {ids}.")
    raise PartnerhookError(f"There is no {what} {wanted!r}. `partnerhook dashboard show` shows what there is.")


def _names(apps: list[Json]) -> str:
    return ", ".join(app["name"] for app in apps)
