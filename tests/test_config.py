"""Reading file and environment: which one wins, what is refused, and that no message tells a value."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerhook import config
from partnerhook.config import AppSettings, Settings, variable
from partnerhook.core.errors import ConfigurationInvalid
from partnerhook.settings import SECRETS, TABLES, split_listen
from strategies import examples

Write = Callable[..., Path]
PORTABLE_KEYS = sorted(set(Settings.model_fields) - set(TABLES))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment that says nothing."""
    for name in [name for name in os.environ if name.startswith("PARTNERHOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Write:
    """Write the configuration file."""

    def toml(*lines: str, name: str = "partnerhook.toml") -> Path:
        path = folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return toml


@pytest.fixture
def setenv(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set variables, named without their prefix."""

    def set_all(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"PARTNERHOOK_{name}", value)

    return set_all


def problems() -> list[str]:
    """All that is wrong, a sentence each."""
    return [*config.read().problems]


def the_problem() -> str:
    """The only thing that is wrong."""
    (problem,) = problems()
    return problem


def refused(given: Path | None = None) -> str:
    """The message with which it is refused as a whole."""
    with pytest.raises(ConfigurationInvalid) as refusal:
        config.load(given)
    return str(refusal.value)


def test_nothing_set_is_the_defaults():
    """Without file and variables: every key has a default but the secrets."""
    reading = config.read()

    assert (reading.origins, reading.file, reading.problems, reading.unknown_variables) == ({}, None, (), ())
    assert reading.settings == Settings()
    assert reading.settings.database_url.get_secret_value() == "sqlite:///partnerhook.db"
    assert (reading.settings.listen, reading.settings.admin_listen) == ("127.0.0.1:8080", "127.0.0.1:8081")


def test_the_environment_wins_key_by_key(write: Write, setenv: Callable[..., None]):
    """What the file alone says stays; origins tell which is which."""
    write('listen = "127.0.0.1:1"', 'log_format = "json"', "[apps.acme]", 'app_secret = "a"', 'path = "/a"')
    setenv(LISTEN="127.0.0.1:2", APPS__ACME__PATH="/b")

    reading = config.read()

    assert (reading.settings.listen, reading.settings.log_format) == ("127.0.0.1:2", "json")
    assert (reading.settings.apps["acme"].secrets, reading.settings.apps["acme"].path) == (("a",), "/b")
    assert reading.origins["listen",] == reading.origins["apps", "acme", "path"] == "environment"
    assert reading.origins["log_format",] == reading.origins["apps", "acme", "app_secret"] == "file"


def test_an_empty_variable_is_not_set(write: Write, setenv: Callable[..., None]):
    """As container files often have it; blanks around a value are not part of it."""
    write('listen = "127.0.0.1:1"')
    setenv(LISTEN=" ", ADMIN_LISTEN=" 127.0.0.1:3\n")

    settings = config.load()

    assert (settings.listen, settings.admin_listen) == ("127.0.0.1:1", "127.0.0.1:3")


@pytest.mark.parametrize("upper", ["app_secret", "app_secrets", "app_secret_file", "app_secrets_file"])
@pytest.mark.parametrize("lower", ["app_secret", "app_secrets", "app_secret_file", "app_secrets_file"])
def test_the_environment_wins_over_other_words_too(
    upper: str, lower: str, folder: Path, write: Write, setenv: Callable[..., None]
):
    """A secret beside a list of secrets is no contradiction where they come from two layers."""
    (folder / "of_file").write_text("of-file")
    (folder / "of_environment").write_text("of-environment")
    write(f'{lower} = "{"of_file" if "_file" in lower else "of-file"}"')
    setenv(**{upper.upper(): "of_environment" if "_file" in upper else "of-environment"})

    assert config.load().secrets == ("of-environment",)


def test_two_words_for_the_same_in_the_environment(setenv: Callable[..., None]):
    """The message names both variables."""
    setenv(APP_SECRET="hush", APP_SECRETS="hush,hush")

    assert the_problem() == "PARTNERHOOK_APP_SECRET and PARTNERHOOK_APP_SECRETS are both set; set one of them."


def test_two_words_for_the_same_in_the_file(write: Write):
    """The message names file and keys, those of an app too."""
    path = write('verify_token = "x"', 'verify_token_file = "partnerhook.toml"', "[apps.a]", 'app_secret = "x"')
    path.write_text(path.read_text() + 'app_secrets = ["x"]\n')

    assert problems() == [
        "verify_token in partnerhook.toml and verify_token_file in partnerhook.toml are both set; set one of them.",
        (
            "apps.a.app_secret in partnerhook.toml and apps.a.app_secrets in partnerhook.toml are both set;"
            " set one of them."
        ),
    ]


@pytest.mark.parametrize("content", ["hush", "hush\n", " hush\r\n", "\ufeffhush\n"], ids=ascii)
def test_secrets_from_files(content: str, folder: Path, setenv: Callable[..., None]):
    """Line ends, blanks and a byte order mark are not part of them."""
    (folder / "held").write_bytes(content.encode())
    setenv(APP_SECRET_FILE="held", VERIFY_TOKEN_FILE=str(folder / "held"))

    reading = config.read()

    assert reading.settings.secrets == ("hush",)
    assert reading.settings.verify_token is not None
    assert reading.settings.verify_token.get_secret_value() == "hush"
    assert reading.origins["app_secret",] == "environment"


@pytest.mark.parametrize("given", ["new,old", " new , old ,", '["new", "old"]', "new\\nold"])
def test_several_secrets_the_newest_first(given: str, folder: Path, write: Write):
    """As a list, with commas, from a file with a line each; in the order given."""
    if given.startswith("["):
        write(f"app_secrets = {given}")
    elif "\\n" in given:
        (folder / "held").write_text("new\nold\n")
        write('app_secrets_file = "held"')
    else:
        write(f'app_secrets = "{given}"')

    assert config.load().secrets == ("new", "old")


def test_several_apps(write: Write, setenv: Callable[..., None]):
    """From tables and from variables; the top level is app `default`, each has a path of its own."""
    write('app_secret = "d"', "[apps.acme-eu]", 'app_secret = "e"', "[apps.other]", 'path = "/legacy/hook"')
    setenv(APPS__ACME_EU__VERIFY_TOKEN="t", APPS__THIRD__APP_SECRET="x")

    apps = config.load().all_apps()

    assert list(apps) == ["default", "acme-eu", "other", "third"]
    assert [config.callback_path(name, app) for name, app in apps.items()] == [
        "/webhook",
        "/webhook/acme-eu",
        "/legacy/hook",
        "/webhook/third",
    ]
    assert apps["acme-eu"].verify_token is not None
    assert apps["acme-eu"].secrets == ("e",)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (['path = "/healthz"'], "App default and the health check have the same path /healthz"),
        (['path = "/health%7a"'], "App default and the health check have the same path /healthz"),
        (['verify_token = "t"', "[apps.a]", 'path = "/webhook"'], "App a and app default have the same path"),
        (["[apps.a]", 'path = "/x%2Fy"', "[apps.b]", 'path = "/x/y"'], "App b and app a have the same path /x/y"),
        (["[apps.a-b]", "[apps.a_b]"], "apps.a-b and apps.a_b have the same environment variables"),
        (["[apps.default]"], "apps.default: app default is set at the top level"),
        (["[apps.Acme]"], "apps.Acme: a name has small letters"),
        (['[apps."a/b"]'], "apps.a/b: a name has small letters"),
        (['listen = "127.0.0.1:80"', 'admin_listen = "127.0.0.1:80"'], "listen and admin_listen are the same"),
        (["bodies_in_flight_bytes_max = 1024"], "body_bytes_max is more than bodies_in_flight_bytes_max"),
    ],
)
def test_contradictions(lines: list[str], told: str, write: Write):
    """What is wrong although each key by itself is right."""
    write(*lines)

    assert the_problem().startswith(told)


def test_two_free_ports_are_no_contradiction(write: Write):
    """Port 0 picks a free one each time."""
    write('listen = "127.0.0.1:0"', 'admin_listen = "127.0.0.1:0"')

    assert problems() == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("connections_max = 0", "connections_max (PARTNERHOOK_CONNECTIONS_MAX): this should be greater than"),
        ('connections_max = "many"', "connections_max (PARTNERHOOK_CONNECTIONS_MAX): this should be a valid integer"),
        ("header_deadline_s = nan", "header_deadline_s (PARTNERHOOK_HEADER_DEADLINE_S): this should be"),
        ("raw_bodies_keep_days = inf", "raw_bodies_keep_days (PARTNERHOOK_RAW_BODIES_KEEP_DAYS): this should be"),
        ('log_format = "JSON"', "log_format (PARTNERHOOK_LOG_FORMAT): this should be 'console' or 'json'."),
        ("listen = 8080", "listen (PARTNERHOOK_LISTEN): this should be a valid string."),
        ('path = "webhook"', "path (PARTNERHOOK_PATH): this is not a path: it begins with /"),
        ('app_secret = ""', "app_secret (PARTNERHOOK_APP_SECRET): this is empty."),
        ('verify_token = " "', "verify_token (PARTNERHOOK_VERIFY_TOKEN): this is empty."),
        ('app_secrets = ["a", ""]', "app_secrets (PARTNERHOOK_APP_SECRETS): this is empty."),
        ('database_url = ""', "database_url (PARTNERHOOK_DATABASE_URL): this is empty."),
        ('[apps.acme-eu]\napp_secret = ""', "apps.acme-eu.app_secret (PARTNERHOOK_APPS__ACME_EU__APP_SECRET): this is"),
        ('lisen = "x"', "lisen (PARTNERHOOK_LISEN): there is no such key; the nearest is listen."),
        ("zzz = 1", "zzz (PARTNERHOOK_ZZZ): there is no such key."),
        ("[app.a]", "app (PARTNERHOOK_APP): there is no such key; the nearest is apps."),
        ('[apps.a]\nlisten = "x"', "apps.a.listen (PARTNERHOOK_APPS__A__LISTEN): there is no such key"),
        (
            '[apps.a]\napp_secert = "x"',
            "apps.a.app_secert (PARTNERHOOK_APPS__A__APP_SECERT): there is no such key; the",
        ),
        ('app_secret_file = "gone"', "app_secret_file (PARTNERHOOK_APP_SECRET_FILE): the file that this names cannot"),
        ('app_secret_file = "."', "app_secret_file (PARTNERHOOK_APP_SECRET_FILE): the file that this names cannot be"),
        ("app_secret_file = 5", "app_secret_file (PARTNERHOOK_APP_SECRET_FILE): "),
        ('app_secret_file = "\\u0000"', "app_secret_file (PARTNERHOOK_APP_SECRET_FILE): the file that this names"),
    ],
)
def test_what_is_wrong_with_a_key(line: str, told: str, write: Write):
    """Its name, its variable and why."""
    write(line)

    assert the_problem().startswith(told)


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "no text in UTF-8")]
)
def test_files_without_a_secret(content: bytes, told: str, folder: Path, setenv: Callable[..., None]):
    """Empty, or in the UTF-16 of another system."""
    (folder / "held").write_bytes(content)
    setenv(APP_SECRET_FILE="held")

    assert told in the_problem()


def test_a_secret_that_is_not_utf_8(monkeypatch: pytest.MonkeyPatch):
    """No signature can be made with what the environment cannot tell as text."""
    monkeypatch.setenv("PARTNERHOOK_APP_SECRET", os.fsdecode(b"\xff\xfe"))

    assert the_problem() == "app_secret (PARTNERHOOK_APP_SECRET): this is not UTF-8."


def test_all_that_is_wrong_at_once(write: Write, setenv: Callable[..., None]):
    """File and environment, single keys and contradictions; what is right is kept."""
    write("connections_max = 0", "zzz = 1", 'log_format = "json"', "[apps.a]", 'path = "/healthz"')
    setenv(LISTEN="nowhere", APP_SECRET="x", APP_SECRETS="x")

    reading = config.read()

    assert len(reading.problems) == 5
    assert reading.settings.log_format == "json"
    assert reading.settings.listen == Settings().listen
    assert refused().splitlines() == [*reading.problems]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("LISEN", "PARTNERHOOK_LISEN means nothing to this program; did you mean PARTNERHOOK_LISTEN?"),
        ("listen", "PARTNERHOOK_listen means nothing to this program; did you mean PARTNERHOOK_LISTEN?"),
        ("CONFG", "PARTNERHOOK_CONFG means nothing to this program; did you mean PARTNERHOOK_CONFIG?"),
        ("QQQ", "PARTNERHOOK_QQQ means nothing to this program."),
        ("APPS", "PARTNERHOOK_APPS means nothing to this program"),
        (
            "APPS__ACME__APP_SECERT",
            (
                "PARTNERHOOK_APPS__ACME__APP_SECERT means nothing to this program;"
                " did you mean PARTNERHOOK_APPS__ACME__APP_SECRET?"
            ),
        ),
    ],
)
def test_variables_that_mean_nothing(name: str, told: str, setenv: Callable[..., None]):
    """They are told of, with the nearest that does mean something, and are no error: others may share the prefix."""
    setenv(**{name: "hush"})

    reading = config.read()

    (warning,) = reading.unknown_variables
    assert warning.startswith(told)
    assert reading.problems == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"listen = ", "partnerhook.toml is not TOML: Invalid value (at end of document)."),
        (b"listen = 'a'\nlisten = 'b'", "partnerhook.toml is not TOML: Cannot overwrite a value"),
        (b"listen = '\xff'", "partnerhook.toml is not TOML: it is not UTF-8."),
        (b"a = " + b"9" * 5_000, "partnerhook.toml is not TOML: a number in it is too long."),
        (b"a = " + b"[" * 50_000, "partnerhook.toml is nested too deeply."),
        (b"apps = 5", "partnerhook.toml: each app is a table of its own, [apps.NAME]."),
        (b"[apps]\napp_secret = 'x'", "partnerhook.toml: each app is a table of its own, [apps.NAME]."),
    ],
    ids=["unfinished", "twice", "not UTF-8", "long number", "deep", "no table", "no name"],
)
def test_files_that_cannot_be_read(content: bytes, told: str, folder: Path):
    """One sentence with the file's name."""
    (folder / "partnerhook.toml").write_bytes(content)

    assert refused().startswith(told)


def test_a_file_with_a_byte_order_mark(folder: Path):
    """As editors of another system write it."""
    (folder / "partnerhook.toml").write_bytes(b'\xef\xbb\xbflog_format = "json"\r\n')

    assert config.load().log_format == "json"


def test_a_folder_in_place_of_the_file(folder: Path):
    """A mount that went wrong does not pass for a missing file."""
    (folder / "partnerhook.toml").mkdir()

    assert refused() == "partnerhook.toml cannot be read: Is a directory."


def test_which_file_is_read(folder: Path, write: Write, setenv: Callable[..., None]):
    """As given, else PARTNERHOOK_CONFIG, else partnerhook.toml."""
    here = write('log_format = "json"')
    named = write("connections_max = 1", name="named.toml")
    given = write("connections_max = 2", name="given.toml")

    assert config.read().file == here.relative_to(folder)
    setenv(CONFIG=str(named))
    assert config.read().file == named
    assert config.read(given).file == given
    assert config.load(given).connections_max == 2
    assert config.load(given).log_format == "console"


def test_a_file_that_is_named_must_be_there(folder: Path):
    """And the message says what writes one."""
    told = refused(folder / "gone.toml")

    assert told == f"There is no configuration file {folder}/gone.toml; `partnerhook config init` writes one."


@pytest.mark.parametrize(
    ("listen", "parts"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:65535", ("::1", 65535)),
        ("[::]:80", ("::", 80)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
        ("my-host.example:080", ("my-host.example", 80)),
    ],
)
def test_addresses(listen: str, parts: tuple[str, int]):
    """A host and a port; IPv6 in brackets."""
    assert split_listen(listen, "listen") == parts


@pytest.mark.parametrize(
    "listen",
    [
        *("", ":", ":80", "80", "host", "host:", "host:65536", "host:-1", "host:http", "host:٣", "host:80 ", "a b:80"),
        *("::1:80", "[]:80", "[:80", "[::1]", "[::1]80", "[host]:80", "http://host:80", "a@b:80", "h:" + "9" * 5_000),
    ],
)
def test_what_is_no_address(listen: str):
    """The message names the key, and not what was given."""
    with pytest.raises(ValueError, match=r"^listen is not HOST:PORT, such as") as refusal:
        split_listen(listen, "listen")

    assert str(refusal.value) == "listen is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"


def test_nothing_starts_without_a_secret():
    """Where no app is set at all, the message names both variables."""
    with pytest.raises(ConfigurationInvalid, match=r"^No app secret is set\. Set PARTNERHOOK_APP_SECRET") as refusal:
        config.require_apps(config.load())

    assert "PARTNERHOOK_VERIFY_TOKEN" in str(refusal.value)


def test_everything_that_is_missing(write: Write):
    """Of every app at once; a path alone makes an app."""
    write('path = "/x"', "[apps.a-b]", 'app_secret = "x"', "[apps.c]", 'verify_token = "x"', "[apps.d]")

    told = config.incomplete_apps(config.load())

    assert [re.findall(r"PARTNERHOOK_\w+", sentence)[0] for sentence in told] == [
        "PARTNERHOOK_APP_SECRET",
        "PARTNERHOOK_VERIFY_TOKEN",
        "PARTNERHOOK_APPS__A_B__VERIFY_TOKEN",
        "PARTNERHOOK_APPS__C__APP_SECRET",
        "PARTNERHOOK_APPS__D__APP_SECRET",
        "PARTNERHOOK_APPS__D__VERIFY_TOKEN",
    ]


def test_complete_apps(write: Write):
    """A secret, or a list of them, and a verify token."""
    write('app_secret = "x"', 'verify_token = "x"', "[apps.a]", 'app_secrets = ["x"]', 'verify_token = "x"')

    assert list(config.require_apps(config.load())) == ["default", "a"]


@pytest.mark.parametrize("key", PORTABLE_KEYS)
def test_every_key_has_a_variable(key: str, setenv: Callable[..., None]):
    """It is known, whatever is said of its value."""
    setenv(**{key.upper(): "1"})

    reading = config.read()

    assert reading.unknown_variables == ()
    assert reading.origins[key,] == "environment"
    assert variable((key,)) == f"PARTNERHOOK_{key.upper()}"


def test_a_repr_tells_no_secret(write: Write):
    """Nor does anything else that a traceback may show."""
    write(*(f'{key} = "hush-hush"' for key in sorted(SECRETS - {"app_secrets"})))

    assert "hush-hush" not in repr(config.read())


# The mark makes sure that a secret is none of our own words, which messages may hold.
secrets = st.text("0123456789abcdef", min_size=12, max_size=32).map("0x{}".format) | st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=12, max_size=32
).map("\N{SECTION SIGN}{}".format)
places = st.sampled_from([(key,) for key in [*PORTABLE_KEYS, "typo"]]) | st.sampled_from(
    [("apps", "acme", key) for key in [*AppSettings.model_fields, "typo"]]
)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Path]:
    """A folder for all examples of a property."""
    with TemporaryDirectory() as path:
        yield Path(path)


@given(secret=secrets, place=places, in_file=st.booleans())
@examples(300)
def test_no_message_tells_a_value(elsewhere: Path, secret: str, place: tuple[str, ...], in_file: bool):
    """Wherever a secret was put by mistake: no problem, no warning and no exception repeats it."""
    path = elsewhere / "any.toml"
    table = f"[{'.'.join(place[:-1])}]\n" if place[:-1] else ""
    path.write_text(
        f"{table}{place[-1]} = {json.dumps(secret, ensure_ascii=False)}\n" if in_file else "", encoding="utf-8"
    )

    with pytest.MonkeyPatch.context() as environment:
        if not in_file:
            environment.setenv(variable(place), secret)
        reading = config.read(path)

    told = [*reading.problems, *reading.unknown_variables, *config.incomplete_apps(reading.settings)]
    assert secret not in "\n".join(told)
    assert place[-1] not in SECRETS or secret not in repr(reading)
    assert place[-1] != "typo" or told[0].startswith(".".join(place) if in_file else variable(place))
