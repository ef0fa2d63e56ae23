"""The systemd unit, the alert rules and the dashboard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from running import BIN, Serve, webhook

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy/systemd/partnerhook@.service"
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
DASHBOARD = ROOT / "deploy/grafana/partnerhook.json"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("role", ["all", "receiver", "worker"])
def test_the_unit_is_right(tmp_path: Path, role: str):
    """As systemd sees it, with the program where it is here."""
    unit = tmp_path / f"partnerhook@{role}.service"
    unit.write_text(UNIT.read_text().replace("/opt/partnerhook/bin/partnerhook", str(BIN)))

    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_the_rules_are_right():
    """As Prometheus reads them."""
    done = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", [ALERTS, DASHBOARD], ids=lambda file: file.name)
def test_every_metric_is_one_of_ours(serve: Serve, file: Path):
    """And every label that is asked for."""
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
