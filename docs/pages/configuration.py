"""docs/configuration.md: every key from the texts that `config show` and `config init` use too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pages.markdown import code, document, fence, generated, table
from partnerhook.cli.keys import Described, describe_keys, describe_table
from partnerhook.config import DEFAULT_FILE, FILE_VARIABLE, variable
from partnerhook.settings import ALTERNATIVES, SECRETS, Settings

INTRODUCTION: Final = f"""
Keys stand in `{DEFAULT_FILE}` in the working directory or in the environment. Another file: `--config`, or
`{FILE_VARIABLE}`. `partnerhook config init` writes a commented file with a fresh verify token,
`partnerhook config show` tells each value and where it comes from, `partnerhook config check` all that is wrong.
"""

COMBINED: Final = """
- The environment wins, key by key: what it does not set is taken from the file, then from the default.
- An empty variable counts as not set.
- A key of the file that does not exist is an error. A variable that does not exist is none, for the environment is
  shared; `config check` names it.
- Relative paths, `sqlite:///` included, are relative to the folder that the program is started in.
- Without an app secret and a verify token for every app `serve` does not start. The message names the variable, never
  a value.
- A running `serve` takes over app secrets, verify tokens, destinations and forward targets on SIGHUP, or when
  `partnerhook reload` asks for it, without losing a request. A wrong file changes nothing, and the log says why. All
  else needs a restart: what was answered 200 is stored, and Meta sends the rest again.
"""

FROM_FILES: Final = """
Each of these may also be in a file of its own, as secret stores mount them; the key or variable that names the file
ends in `_file` or `_FILE`. White space around the content does not count. A file that is empty or cannot be read is an
error. Of the keys in one row the configuration file may set one, and the environment may set one, which counts.
"""

ROTATION: Final = f"""
Reset the app secret in the App Dashboard, put both in place of `{variable(("app_secret",))}`, the new one first:
`{variable(("app_secrets",))}=NEW,OLD` (in TOML `app_secrets = ["NEW", "OLD"]`), and start again. What comes in
between with the new one is answered 401, and Meta sends it again. Which secret signs what Meta sends again is not
documented, so keep the old one for as long as Meta retries, 7 days. `trigger` and `signature sign` use the newest.
"""

APPS_TEXT: Final = f"""
The keys of the top level are the app `default`, at `/webhook`. More Meta apps are tables `[apps.NAME]` (the key is
`apps`), each with its own secrets, verify token and path. No two may have the same path. A name has small letters,
digits, `-` and `_`. In a variable it is in capitals, with `_` for `-`:
`{variable(("apps", "my-app", "app_secret"))}` is `app_secret` of `[apps.my-app]` where the file has this table, else
of an app `my_app`.
"""

EXAMPLE: Final = """
database_url = "sqlite:///solutions.db"
log_format = "json"

[apps.onboarding]
app_secret_file = "onboarding.secret"
verify_token = "a text of your choice"

[apps.support]
app_secrets = ["the new secret", "the old secret"]
verify_token = "another text of your choice"
path = "/hooks/meta"
"""

EXAMPLE_TEXT: Final = """
Two apps, the first at `/webhook/onboarding`, the second at a path that existed before and in the middle of a rotation:
"""


DESTINATIONS_TEXT: Final = f"""
Each is a table `[[destinations]]` (the key is `destinations`) with a `name` of its own; small letters, digits, `-` and
`_`. What they get and how is in [deliveries.md](deliveries.md). Secrets may also come from the environment:
`{variable(("destinations", "crm", "secret"))}` is `secret` of the destination `crm`.
"""

FORWARD_TEXT: Final = """
Each is a table `[[forward]]` (the key is `forward`) with a `name`, told apart from those of the destinations. It gets
the POSTs themselves, byte for byte.
"""

TARGETS_EXAMPLE: Final = """
[[destinations]]
name = "crm"
url = "https://crm.example.com/partner-solutions"
secret_file = "crm.secret"
types = ["solution.activated", "solution.deactivated"]

[[forward]]
name = "inbox"
url = "http://10.0.0.7:8000/whatsapp"
internal = true
fields = ["messages", "message_template_status_update"]
"""


def page() -> str:
    """The whole document."""
    return document(
        "# Configuration",
        generated("settings/__init__.py", "settings/targets.py", "cli/keys.py"),
        INTRODUCTION,
        "## Keys",
        _keys(describe_keys()),
        "## How file and environment combine",
        COMBINED,
        "## Secrets from files",
        FROM_FILES,
        table(["ways to say the same", "variables"], _alternatives()),
        "## Rotation",
        ROTATION,
        "## Several apps",
        APPS_TEXT,
        _keys(describe_table("apps", "NAME")),
        EXAMPLE_TEXT,
        fence("toml", EXAMPLE.strip().splitlines()),
        "## Destinations",
        DESTINATIONS_TEXT,
        _keys(describe_table("destinations", "NAME")),
        "## Pass-through",
        FORWARD_TEXT,
        _keys(describe_table("forward", "NAME")),
        fence("toml", TARGETS_EXAMPLE.strip().splitlines()),
    )


def _keys(described: Iterable[Described]) -> str:
    rows = [[code(one.key[-1]), code(one.variable), code(one.default), one.description] for one in described]
    return table(["key", "variable", "default", "what it is for"], rows)


def _alternatives() -> Iterator[list[str]]:
    for row in ALTERNATIVES:
        if SECRETS.intersection(row) and row[0] in Settings.model_fields:
            yield [", ".join(code(key) for key in row), ", ".join(code(variable((key,))) for key in row)]
