"""The core stays pure: no I/O, no clock, no environment, no randomness, no logging, no waiting."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import partnerhook.core

CORE = Path(partnerhook.core.__file__).parent
MODULES = sorted(CORE.rglob("*.py"))

ALLOWED_IMPORTS = {
    "__future__",
    "base64",
    "binascii",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "fnmatch",
    "functools",
    "hashlib",
    "heapq",
    "ipaddress",
    "hmac",
    "itertools",
    "json",
    "math",
    "operator",
    "partnerhook",
    "re",
    "typing",
    "urllib.parse",
}
"""A module that is not here is thought about before it comes in."""

FORBIDDEN_CALLS = re.compile(
    r"(?:^|\.)(?:now|utcnow|today|time_ns|perf_counter|monotonic|sleep|getenv|environ|urandom|uuid[14])$"
    r"|^(?:open|print|input|exec|eval|compile|breakpoint|__import__)$"
    r"|^time\.|^os\.|^random\.|^secrets\.|^logging\.|^sys\."
)


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in it, in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "the core imports by full name"
            yield node.module or ""


def impurities(tree: ast.AST) -> list[str]:
    """What in it would read a clock, wait, or touch anything outside of its arguments."""
    found = [name for name in imported(tree) if not _allowed(name)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and FORBIDDEN_CALLS.search(ast.unparse(node.func)):
            found.append(ast.unparse(node.func))
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global | ast.Nonlocal):
            found.append(type(node).__name__)
    return found


def _allowed(name: str) -> bool:
    if name.startswith("partnerhook"):
        return name == "partnerhook.core" or name.startswith("partnerhook.core.")
    return name in ALLOWED_IMPORTS or name.partition(".")[0] in ALLOWED_IMPORTS


def test_the_core_is_looked_at():
    """A scan of nothing would pass as well."""
    assert {"signature.py", "wire.py", "lifecycle.py"} <= {path.name for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_of_the_core_is_pure(path: Path):
    """All it knows comes in as an argument."""
    assert impurities(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import time",
        "import urllib.request",
        "def f():\n    import random",
        "from logging import getLogger",
        "from asyncio import sleep",
        "from partnerhook.store import engine",
        "from pathlib import Path",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "open('x')",
        "print('x')",
        "async def f(): pass",
        "def f():\n    global x\n    x = 1",
    ],
)
def test_the_scan_finds_what_it_is_for(source: str):
    """Each of these would be a crack in the core."""
    assert impurities(ast.parse(source))


@pytest.mark.parametrize("source", ["datetime.fromtimestamp(at, UTC)", "from urllib.parse import parse_qsl", "x.time"])
def test_the_scan_lets_pass_what_is_pure(source: str):
    """A conversion of a time is not a clock."""
    assert not impurities(ast.parse(source))
