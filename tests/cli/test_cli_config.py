"""`partnerhook config show | check | init`."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from commands import Command

from partnerhook.settings import TABLES, AppSettings, Settings
from partnerhook.settings.targets import DestinationSettings, ForwardSettings

SECRET, TOKEN, PASSWORD = "hush-the-secret", "hush-the-token", "hush-the-password"


def test_init_writes_a_file_that_needs_the_app_secret_alone(empty: Command):
    """Readable by its owner alone; loads as it is; with the secret filled in, it is right."""
    path = empty.folder / "partnerhook.toml"

    told = empty.run("config", "init")
    before = empty.run("config", "check")
    path.write_text(path.read_text().replace('#app_secret = ""', f'app_secret = "{SECRET}"', 1))
    after = empty.run("config", "check")

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("Wrote partnerhook.toml, readable by you alone, with a fresh verify token.\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (before.returncode, before.stdout) == (1, "1 to mend.\n")
    assert before.stderr.startswith("App default has no app secret. Set PARTNERHOOK_APP_SECRET")
    assert (after.returncode, after.stderr) == (0, "")
    assert after.stdout == "app default: callback URL /webhook\nThe configuration is right.\n"


def test_the_written_file_has_every_key(empty: Command):
    """With its default, commented out; its text and its variable above it. Uncommented, it is TOML."""
    empty.lines("config", "init")

    text = (empty.folder / "partnerhook.toml").read_text()
    top, _, tables = text.partition("#[apps.NAME]")
    document = tomllib.loads(re.sub(r"^#(?=[a-z\[])", "", text, flags=re.MULTILINE))
    defaults = Settings().model_dump(mode="json", exclude={*TABLES, *AppSettings.model_fields, "database_url"})

    assert set(document) == set(Settings.model_fields)
    assert set(document["apps"]["NAME"]) == set(AppSettings.model_fields)
    assert set(document["destinations"][0]) == {"name", *DestinationSettings.model_fields}
    assert set(document["forward"][0]) == {"name", *ForwardSettings.model_fields}
    assert document | {key: value for key, value in defaults.items() if value is not None} == document
    assert document["database_url"] == "sqlite:///partnerhook.db"
    for key, field in Settings.model_fields.items():
        assert (field.description or "") in text.replace("\n# ", " ")
        assert key in TABLES or f"# PARTNERHOOK_{key.upper()}\n" in top
    for kind, model in TABLES.items():
        assert all(f"# PARTNERHOOK_{kind.upper()}__NAME__{key.upper()}\n" in tables for key in model.model_fields)
    assert max(map(len, text.splitlines())) <= 100


def test_init_never_writes_over_a_file_unasked(empty: Command):
    """With --force it does, with another token, and the new file is private whatever the old one was."""
    path = empty.folder / "own.toml"
    first = empty.run("config", "init", "--config", "own.toml")
    written = path.read_text()
    path.chmod(0o644)

    refused = empty.run("config", "init", "--config", "own.toml")
    kept = path.read_text()
    forced = empty.json("config", "init", "--config", "own.toml", "--force")

    assert first.returncode == 0
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "own.toml is there already; --force writes over it" in refused.stderr
    assert kept == written
    assert forced == {"file": "own.toml"}
    assert path.stat().st_mode & 0o777 == 0o600
    tokens = [tomllib.loads(text)["verify_token"] for text in (written, path.read_text())]
    assert tokens[0] != tokens[1]
    assert min(map(len, tokens)) >= 32
    assert [one.name for one in empty.folder.iterdir()] == ["own.toml"]


def test_init_where_nothing_can_be_written(empty: Command):
    """In one sentence; nothing is left behind."""
    (empty.folder / "partnerhook.toml").mkdir()

    no_folder = empty.run("config", "init", "--config", "gone/partnerhook.toml")
    no_file = empty.run("config", "init", "--force")

    assert (no_folder.returncode, no_file.returncode) == (1, 1)
    assert no_folder.stderr == "partnerhook: gone/partnerhook.toml cannot be written: No such file or directory.\n"
    assert no_file.stderr == "partnerhook: partnerhook.toml cannot be written: Is a directory.\n"
    assert [one.name for one in empty.folder.iterdir()] == ["partnerhook.toml"]


@pytest.fixture
def configured(tmp_path: Path) -> Command:
    """Two apps; a secret in the environment, one in a file of its own, two in partnerhook.toml; a database with one."""
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "partnerhook.toml").write_text(
        f'verify_token_file = "token"\nlog_format = "json"\nconnections_max = 7\n'
        f'[apps.acme]\napp_secrets = ["{SECRET}"]\nverify_token = "{TOKEN}"\npath = "/legacy"\n'
    )
    return Command(
        tmp_path, APP_SECRET=SECRET, DATABASE_URL=f"sqlite:///{PASSWORD}.db", CONNECTIONS_MAX="8", LISEN="127.0.0.1:1"
    )


def test_show_tells_where_each_value_comes_from(configured: Command):
    """Of secrets: set or not set. Of every app: its path."""
    ended = configured.run("config", "show", "--format", "json")

    rows = {row["key"]: (row["value"], row["origin"]) for row in json.loads(ended.stdout)}
    assert (ended.returncode, ended.stderr) == (0, "")
    assert rows["app_secret"] == ("set", "environment")
    assert rows["app_secrets"] == ("not set", "default")
    assert rows["verify_token"] == ("set", "file")
    assert rows["verify_token_file"] == ("token", "file")
    assert rows["database_url"] == ("set", "environment")
    assert rows["connections_max"] == ("8", "environment")
    assert rows["log_format"] == ("json", "file")
    assert rows["listen"] == ("127.0.0.1:8080", "default")
    assert rows["path"] == ("/webhook", "default")
    assert rows["apps.acme.app_secrets"] == ("set", "file")
    assert rows["apps.acme.path"] == ("/legacy", "file")
    assert set(rows) == set(Settings.model_fields) - set(TABLES) | {
        f"apps.acme.{key}" for key in AppSettings.model_fields
    }
    assert not [secret for secret in (SECRET, TOKEN, PASSWORD) if secret in ended.stdout]


def test_show_for_people(configured: Command):
    """A line for each key; which file it was, and what means nothing, go to stderr."""
    ended = configured.run("config", "show")

    lines = ended.stdout.splitlines()
    assert ended.returncode == 0
    assert len(lines) == len(Settings.model_fields) - len(TABLES) + len(AppSettings.model_fields)
    (line,) = [line for line in lines if line.startswith("connections_max")]
    assert re.match(r"connections_max +8 +environment +Open connections", line)
    assert ended.stderr.splitlines() == [
        "The file is partnerhook.toml.",
        "Warning: PARTNERHOOK_LISEN means nothing to this program; did you mean PARTNERHOOK_LISTEN?",
    ]
    assert not [secret for secret in (SECRET, TOKEN, PASSWORD) if secret in ended.stdout]


def test_check_of_what_is_right(configured: Command):
    """The callback path of every app; a variable that means nothing is a warning, and no failure."""
    ended = configured.run("config", "check", "--format", "json")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == {
        "right": True,
        "problems": [],
        "warnings": ["PARTNERHOOK_LISEN means nothing to this program; did you mean PARTNERHOOK_LISTEN?"],
        "callbacks": {"default": "/webhook", "acme": "/legacy"},
    }


def test_check_of_all_that_is_wrong(configured: Command):
    """Wrong, contradictory, missing, not writable: all at once, exit 1, and no secret."""
    configured.settings |= {
        "PARTNERHOOK_APP_SECRETS": SECRET,
        "PARTNERHOOK_LISTEN": PASSWORD,
        "PARTNERHOOK_APPS__ACME__PATH": "/webhook",
        "PARTNERHOOK_APPS__OTHER__APP_SECRET_FILE": SECRET,
        "PARTNERHOOK_DATABASE_URL": f"sqlite:////gone/{PASSWORD}.db",
    }

    ended = configured.run("config", "check")

    problems = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (1, "7 to mend.\n")
    assert [problem.partition(" ")[0] for problem in problems] == [
        "PARTNERHOOK_APP_SECRET",
        "apps.other.app_secret_file",
        "listen",
        "App",
        "App",
        "App",
        "database_url",
        "Warning:",
    ]
    assert not [secret for secret in (SECRET, TOKEN, PASSWORD) if secret in ended.stderr]


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://someone:{PASSWORD}@127.0.0.1/db",
        f"sqlite://{PASSWORD}@host/db",
        f"sqlite:///a.db?key={PASSWORD}",
        PASSWORD,
        ".",
    ],
)
def test_databases_that_cannot_be(url: str, empty: Command):
    """Told before anything starts, without the password that may be in it."""
    empty.settings = {
        "PARTNERHOOK_APP_SECRET": SECRET,
        "PARTNERHOOK_VERIFY_TOKEN": TOKEN,
        "PARTNERHOOK_DATABASE_URL": url,
    }

    ended = empty.run("config", "check")

    assert (ended.returncode, ended.stdout) == (1, "1 to mend.\n")
    assert ended.stderr.startswith("database_url ")
    assert PASSWORD not in ended.stderr


def test_a_file_that_is_no_toml(empty: Command):
    """Check tells it in its JSON; show cannot go on."""
    (empty.folder / "partnerhook.toml").write_text(f'app_secret = "{SECRET}')

    check = empty.run("config", "check", "--format", "json")
    show = empty.run("config", "show")

    (problem,) = json.loads(check.stdout)["problems"]
    assert (check.returncode, check.stderr) == (1, "")
    assert (show.returncode, show.stdout, show.stderr) == (1, "", f"partnerhook: {problem}\n")
    assert problem.startswith("partnerhook.toml is not TOML: ")
    assert SECRET not in problem


def test_a_wrong_call(empty: Command):
    """Exit 2, and what there is."""
    ended = empty.run("config", "tell")

    assert ended.returncode == 2
    assert "show, check, init" in ended.stderr


def test_init_writes_through_a_link(tmp_path: Path):
    """To where the file really is; the link stays."""
    (tmp_path / "real.toml").write_text("")
    (tmp_path / "partnerhook.toml").symlink_to("real.toml")

    ended = Command(tmp_path).run("config", "init", "--force")

    assert ended.returncode == 0
    assert (tmp_path / "partnerhook.toml").is_symlink()
    assert "verify_token" in (tmp_path / "real.toml").read_text()
