"""The example of docs/library.md runs as it is."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from partnerhook.testing import MetaInABox

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "graph_client.py"


def test_it_lists_what_an_app_was_invited_to(meta_in_a_box: MetaInABox):
    """Against Meta's box, as the partner."""
    solution_id = meta_in_a_box.create("Ours")
    app = meta_in_a_box.partner

    ended = subprocess.run(
        [sys.executable, EXAMPLE],
        env={
            "PATH": os.environ.get("PATH", ""),
            "APP_ID": app.app_id,
            "APP_SECRET": app.app_secret,
            "ACCESS_TOKEN": app.access_token,
            "GRAPH_URL": meta_in_a_box.url,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"{solution_id} Ours INITIATED PENDING_ACTIVATION\n"


def test_it_is_shown_as_it_is():
    """Word for word, but for its indentation."""
    page = (ROOT / "docs/library.md").read_text(encoding="utf-8")
    (block,) = [part for part in page.split("```python\n")[1:] if part.startswith("async with Graph(")]
    shown = block.partition("```")[0].replace("(access_token, app_secret=app_secret)", "(...)").strip()
    example = EXAMPLE.read_text(encoding="utf-8").replace("(access_token, app_secret=app_secret, url=url)", "(...)")

    assert textwrap.indent(shown, "    ") in example
