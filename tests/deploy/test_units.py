"""The systemd unit, the alert rules and the dashboard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from partnerhook.services.meters import Meters
from running import BIN, Serve, webhook

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "deploy/systemd"
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
DASHBOARD = ROOT / "deploy/grafana/partnerhook.json"
OF_PROMETHEUS = {"le", "instance", "job"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(
    "name",
    [
        *(f"partnerhook@{role}.service" for role in ("all", "receiver", "worker")),
        "partnerhook-litestream.service",
        "partnerhook-copy.timer",
    ],
)
def test_the_unit_is_right(tmp_path: Path, name: str):
    """As systemd sees it beside the others, with the programs where they are here."""
    for unit in SYSTEMD.iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/partnerhook/bin", str(BIN.parent)))

    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / name)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_units_that_share_the_file_share_the_user():
    """And its folder: else systemd gives it to the one that was started last."""
    sharing = [unit.read_text() for unit in SYSTEMD.glob("*.service")]

    assert len(sharing) == 3
    for text in sharing:
        assert "\nDynamicUser=yes\nUser=partnerhook\nStateDirectory=partnerhook" in text


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_the_rules_are_right():
    """As Prometheus reads them."""
    done = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_the_rules_are_heard():
    """Each where it should be, and none where all is well."""
    story = Path(__file__).with_name("alerts_test.yml")

    done = subprocess.run(["promtool", "test", "rules", story.name], cwd=story.parent, capture_output=True, check=False)

    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    rules = set(re.findall(r"- alert: (\w+)", ALERTS.read_text()))
    told = re.findall(r"alertname: (\w+)", story.read_text())
    assert all(told.count(rule) >= 2 for rule in rules)


def test_every_label_is_one_of_its_metric():
    """A query with a label that is not there answers nothing, and looks as if all were well."""
    collectors = Meters().registry._names_to_collectors
    labels = {name: {*getattr(one, "_labelnames", ())} for name, one in collectors.items()}
    labels["partnerhook_answer_seconds"] = {"app"}  # counted by a class of its own
    panels = json.loads(DASHBOARD.read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    expressions += re.findall(r"expr: (?:>-\n)?(.*?)\n        (?:for|labels)", ALERTS.read_text(), re.DOTALL)

    for expression in expressions:
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", expression))))
        for metric, chosen in re.findall(r"(partnerhook_\w+)(?:{([^}]*)})?", expression):
            asked = grouped | set(re.findall(r"(\w+)=", chosen))
            assert asked <= labels[metric.removesuffix("_bucket")] | OF_PROMETHEUS, expression


@pytest.mark.parametrize("file", [ALERTS, DASHBOARD], ids=lambda file: file.name)
def test_every_metric_is_one_of_ours(serve: Serve, file: Path):
    """As a running server shows them."""
    server = serve()
    server.post(webhook())
    shown = server.get("/metrics", server.admin_url).body.decode()
    known = set(re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE))
    known |= {f"{name}_{ending}" for name in known for ending in ("bucket", "sum", "count", "total")}

    used = set(re.findall(r"partnerhook_\w+", file.read_text()))

    assert used
    assert used <= known


def test_the_dashboard_is_one():
    """JSON with panels that have a query and a place."""
    dashboard = json.loads(DASHBOARD.read_text())

    assert len(dashboard["panels"]) >= 8
    for panel in dashboard["panels"]:
        assert panel["gridPos"]["w"] <= 24
        assert all(target["expr"] for target in panel["targets"])
        assert panel["title"]
