"""What the documents say is there: every link, command, option, setting, metric, flag, file and function."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from cyclopts import App
from markdown_it import MarkdownIt
from markdown_it.token import Token

import partnerhook
from partnerhook.cli import app as command_line
from partnerhook.config import OTHER_VARIABLES
from partnerhook.core.names import Flag
from partnerhook.core.receipts import Fate
from partnerhook.core.timeline import Effect
from partnerhook.services.meters import Meters, Refusal
from partnerhook.settings import TABLES, AppSettings, Settings

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/partnerhook"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
DECISION_HEADINGS = ["Context", "Decision", "Consequences"]

CALL = re.compile(r"^(?:\.venv/bin/)?partnerhook(?: |$)")
PLACEHOLDER = re.compile(r"[A-Z]{2,}\b|\.\.\.$")
CODE_PLACE = re.compile(r"^((?:\w+/)*\w+\.py)(?::(\w+))?$")
LOCKED = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)


def name_of(path: Path) -> str:
    """A document's path for messages and test ids."""
    return str(path.relative_to(ROOT))


every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


@cache
def tokens(document: Path) -> list[Token]:
    """The document as Markdown, nested tokens among the others."""
    parsed = MarkdownIt("commonmark").enable("table").parse(document.read_text(encoding="utf-8"))
    return [token for outer in parsed for token in (outer, *(outer.children or ()))]


def links(document: Path) -> list[str]:
    """Where its links lead."""
    return [str(token.attrs["href"]) for token in tokens(document) if token.type == "link_open"]


def spans(document: Path) -> list[str]:
    """Its `code` in running text and tables."""
    return [token.content for token in tokens(document) if token.type == "code_inline"]


def fences(document: Path, language: str) -> list[str]:
    """Its blocks of code of one language."""
    return [token.content for token in tokens(document) if token.type == "fence" and token.info == language]


def headings(document: Path) -> list[tuple[str, str]]:
    """(h2, its text) and so on."""
    pairs = pairwise(tokens(document))
    return [(token.tag, following.content) for token, following in pairs if token.type == "heading_open"]


def anchor(heading: str) -> str:
    """As repository hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def first_cells(document: Path, heading: str) -> list[str]:
    """The first column of the tables under a heading, without code marks."""
    section = re.split(r"^#+ ", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = [part for part in section if part.partition("\n")[0] == heading]
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")]
    return [cell.replace("`", "") for cell in rows if cell.startswith("`")]


class Call(NamedTuple):
    """A `partnerhook` command line that a document shows."""

    document: Path
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{name_of(self.document)}: partnerhook {' '.join(self.words)}"


def spoken_of() -> Iterator[Call]:
    """Every command line in running text or tables."""
    for document in DOCUMENTS:
        for span in spans(document):
            if CALL.match(span):
                yield Call(document, words_of(span))


def to_be_run() -> Iterator[Call]:
    """Every command line in a block that readers will copy."""
    for document in DOCUMENTS:
        for line in "\n".join(fences(document, "sh")).splitlines():
            if CALL.match(line.strip()):
                yield Call(document, words_of(line.strip()))


def words_of(line: str) -> tuple[str, ...]:
    """The arguments of a command line, up to where a shell would take over."""
    words = shlex.split(line, comments=True)[1:]
    ends = [number for number, word in enumerate(words) if word in ("|", ">", "&&", "&")]
    return tuple(words[: ends[0]] if ends else words)


def find_command(words: tuple[str, ...]) -> tuple[App, tuple[str, ...]]:
    """The command that `words` call, and its arguments."""
    found: App = command_line
    for number, word in enumerate(words):
        if word.startswith("-") or word not in found:
            return found, words[number:]
        found = found[word]
    return found, ()


def all_commands(parent: App = command_line, *path: str) -> Iterator[tuple[str, App]]:
    """Each command that does something, with how it is called."""
    for name in parent:
        if not name.startswith("-"):
            child = parent[name]
            if child.default_command is not None:
                yield " ".join((*path, name)), child
            yield from all_commands(child, *path, name)


def options(command: App) -> set[str]:
    """Everything with two dashes that it takes."""
    if command.default_command is None:
        return {"--help", "--version"}
    of_it = {name for one in command.assemble_argument_collection() for name in one.names if name.startswith("--")}
    return of_it | {"--help"}


@every_document
def test_links_lead_somewhere(document: Path):
    """Every relative link names a file of this repository, and a heading of it where it names one."""
    for link in links(document):
        if re.match(r"https?://", link):
            continue
        path, _, fragment = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if fragment:
            assert fragment in {anchor(text) for _, text in headings(target)}, link


def test_every_document_is_reached_from_the_readme():
    """Nothing is written that nobody finds."""
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document not in reached:
            reached.add(document)
            targets = (
                (document.parent / link.partition("#")[0]).resolve() for link in links(document) if link[0] != "#"
            )
            waiting += [target for target in targets if target.suffix == ".md" and target.exists()]

    assert reached >= set(DOCUMENTS)


@pytest.mark.parametrize("call", list(spoken_of()), ids=str)
def test_commands_that_are_spoken_of_exist(call: Call):
    """So do their options, wherever they are mentioned."""
    command, arguments = find_command(call.words)

    assert command is not command_line or set(arguments) <= {"--help", "--version"}
    assert command.default_command is not None or not {word for word in arguments if not PLACEHOLDER.match(word)} - {
        "--help"
    }
    assert {word for word in arguments if word.startswith("--")} <= options(command)


@pytest.mark.parametrize("call", list(to_be_run()), ids=str)
def test_command_lines_to_be_copied_are_understood(call: Call):
    """The real parser takes them, arguments and all."""
    command, _, _ = command_line.parse_args(list(call.words), print_error=False, exit_on_error=False)

    assert command is not None


@pytest.mark.parametrize("document", ["README.md", "docs/commands.md"])
def test_every_command_is_documented(document: str):
    """In the README's table, and with all of its options in the generated document."""
    text = (ROOT / document).read_text(encoding="utf-8")

    for name, command in all_commands():
        assert re.search(rf"\b{name}\b", text), name
        if document == "docs/commands.md":
            assert not [option for option in options(command) if option not in text], name


def test_every_setting_is_documented():
    """Key and variable; the README names those that are needed most, and none that is not there."""
    configuration = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    keys = {*Settings.model_fields, *AppSettings.model_fields}

    for key in keys:
        assert f"`{key}`" in configuration, key
    for key in set(Settings.model_fields) - set(TABLES):
        assert f"PARTNERHOOK_{key.upper()}" in configuration, key


@every_document
def test_variables_that_are_named_exist(document: Path):
    """Each PARTNERHOOK_ variable is a setting, or names the configuration file."""
    known = {f"PARTNERHOOK_{key.upper()}" for key in Settings.model_fields} | {"PARTNERHOOK_"} | OTHER_VARIABLES
    named = set(re.findall(r"PARTNERHOOK_[A-Z_]*", document.read_text(encoding="utf-8")))

    of_tables = tuple(f"PARTNERHOOK_{table.upper()}__" for table in TABLES)
    assert {name for name in named if not name.startswith(of_tables)} <= known


def test_every_metric_is_documented():
    """With the name that a scraper sees, and nothing else is."""
    named = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in Meters().registry.collect()
    }

    assert {name for name in first_cells(ROOT / "docs/http.md", "Metrics") if name.startswith("partnerhook_")} == named


def test_every_reason_of_refusal_is_documented():
    """In the table that says how each is answered."""
    cells = first_cells(ROOT / "docs/http.md", "Metrics")
    reasons = {reason for cell in cells if not cell.startswith("partnerhook_") for reason in cell.split(", ")}

    assert reasons == set(Refusal)


@pytest.mark.parametrize(
    ("heading", "words"), [("Flags and anomalies", Flag), ("Fates", Fate), ("Effects", Effect)], ids=str
)
def test_the_glossary_has_every_word_of_ours(heading: str, words: type[Flag | Fate | Effect]):
    """In the order of the code, one row each."""
    assert first_cells(ROOT / "docs/glossary.md", heading) == [str(word) for word in words]


def test_the_whole_library_is_documented():
    """Each name that `partnerhook` offers, and none that it does not."""
    named = {name for cell in first_cells(ROOT / "docs/library.md", "Names") for name in cell.split(", ")}
    mentioned = set(spans(ROOT / "docs/library.md"))

    assert named <= set(partnerhook.__all__)
    assert set(partnerhook.__all__) <= mentioned


@pytest.mark.parametrize("framework", ["fastapi", "django"])
def test_examples_are_shown_as_they_are(framework: str):
    """Word for word from the files that are run by the tests."""
    example = (ROOT / f"examples/{framework}_app.py").read_text(encoding="utf-8")
    marker = {"fastapi": "@app.post", "django": "@csrf_exempt"}[framework]

    (shown,) = [block for block in fences(ROOT / "docs/library.md", "python") if marker in block]

    assert shown.strip() in example


def test_the_readme_lists_the_licence_of_every_package():
    """Of all that is installed at run time, and of nothing else."""
    lock = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    installed = {name for name in LOCKED.findall(lock) if f"\n{name}==" not in only_elsewhere(lock)}
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Licence")[2]
    rows = [line.split("|")[2] for line in section.splitlines() if line.startswith("|")][2:]

    listed = [name.split()[0] for row in rows for name in row.split(",")]

    assert sorted(listed) == sorted(installed)


def only_elsewhere(lock: str) -> str:
    """The lines of packages that no supported system installs."""
    return "\n" + "\n".join(line for line in lock.splitlines() if "sys_platform == 'emscripten'" in line)


def test_every_dependency_has_its_reason():
    """A row in ADR 0009 for each that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[<>=\[]", dependency)[0] for dependency in project["dependencies"]}
    text = (ROOT / "docs/adr/0009-dependencies.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| ([a-z0-9-]+) \|", text, re.MULTILINE)) - {"package"} == named


@pytest.mark.parametrize("decision", DECISIONS, ids=name_of)
def test_decisions_have_one_form(decision: Path):
    """Number and title as in the file's name, then context, decision, consequences."""
    (title, *rest) = headings(decision)

    number, _, words = title[1].partition(". ")
    assert decision.stem.startswith(f"{number}-")
    assert words[0].isupper()
    assert rest == [("h2", heading) for heading in DECISION_HEADINGS]
    assert re.match(r"# .*\n\nAccepted, \d{4}-\d\d-\d\d\.\n\n## ", decision.read_text(encoding="utf-8"))


def test_decisions_are_numbered_and_listed():
    """Without gaps; the list has each with its title."""
    listed = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")

    assert [path.stem[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    for path in DECISIONS:
        number, _, title = headings(path)[0][1].partition(". ")
        assert f"| [{number}]({path.name}) | {title} |" in listed


@pytest.mark.parametrize(
    "document",
    [document for document in DOCUMENTS if document.parent.name in ("docs", "adr") or document.parent == ROOT],
    ids=name_of,
)
def test_places_in_the_code_exist(document: Path):
    """`room/file.py:name` is a function, class or constant of that file, or a test."""
    for span in spans(document):
        place = CODE_PLACE.match(span)
        if place is None:
            continue
        path, name = place.groups()
        file = next((root / path for root in (SOURCE, ROOT, ROOT / "tests") if (root / path).is_file()), None)
        assert file is not None, span
        assert name is None or name in defined_in(file), span


@cache
def defined_in(file: Path) -> set[str]:
    """What a module defines at its top level."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


@every_document
def test_make_targets_that_are_named_exist(document: Path):
    """In running text, tables and blocks."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [*spans(document), *"\n".join(fences(document, "sh")).splitlines()]
    named = {word for line in lines if line.startswith("make ") for word in line.partition("#")[0].split()[1:]}

    assert named - {"--keep"} <= targets


def test_the_version_is_in_the_changelog():
    """Each version has its part, the newest on top."""
    newest = next(text for tag, text in headings(ROOT / "CHANGELOG.md") if tag == "h2")

    assert newest.startswith(f"[{partnerhook.__version__}]")


def test_sources_that_are_cited_are_listed():
    """Each key in brackets, such as [PS], is a row of docs/sources.md."""
    sources = (ROOT / "docs/sources.md").read_text(encoding="utf-8")
    keys = {key for line in sources.splitlines() if line.startswith("| ") for key in line.split("|")[1].split(", ")}
    known = {key.strip() for key in keys}

    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for cited in re.findall(r"\[((?:[A-Z]{2}[A-Z-]*|O\d\d)(?:, (?:[A-Z]{2}[A-Z-]*|O\d\d))*)\](?!\()", text):
            assert set(cited.split(", ")) <= known, f"{name_of(document)}: {cited}"
