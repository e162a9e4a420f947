"""docs/monitoring: alerts and dashboard use metrics that exist, with labels that exist, in expressions that Prometheus reads."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
FOLDER = HERE.parent.parent / "docs" / "monitoring"
GOLDEN = dict(line.split() for line in (HERE / "metrics.txt").read_text().splitlines())
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool: Debian's package prometheus has it")


def dashboards_expressions():
    dashboard = json.loads((FOLDER / "grafana.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_each_metric_is_one_of_the_golden_list():
    text = "\n".join([(FOLDER / "alerts.yml").read_text(), (FOLDER / "alerts_test.yml").read_text(), *dashboards_expressions()])
    names = set(re.findall(r"\b(?:reprise|bookings|http)_[a-z0-9_]+\b", text))
    assert len(names) >= 12
    for name in names:
        of_histogram = re.sub("_(bucket|sum|count)$", "", name)
        assert name in GOLDEN or GOLDEN.get(of_histogram) == "histogram", name


@needs_promtool
def test_rules_are_read_and_fire_when_they_should():
    for arguments in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
        done = subprocess.run(["promtool", *arguments], cwd=FOLDER, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_expressions_of_the_dashboard_are_read(tmp_path):
    rules = [{"record": f"panel:{i}", "expr": each.replace("$__rate_interval", "5m").replace("$instance", ".*")}
             for i, each in enumerate(dashboards_expressions())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", "rules.yml"], cwd=tmp_path, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_labels_that_are_asked_for_are_given(server):
    server.get("/api/gigs")
    given = {label: set(re.findall(rf'{label}="([^"]*)"', server.get("/metrics").text)) for label in ("result", "prefix", "queue")}
    text = "\n".join([(FOLDER / "alerts.yml").read_text(), *dashboards_expressions()])
    for label, value in re.findall(r'\b(result|prefix|queue)!?="([^"]+)"', text):
        assert value in given[label], f"{label}={value}"
