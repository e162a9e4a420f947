"""The names and types of all metrics, against the golden list beside this file: dashboards and alerts go by them."""
import pathlib
import re

GOLDEN = pathlib.Path(__file__).parent / "metrics.txt"


def test_metrics_are_those_of_the_golden_list(server):
    student = server.register("student")
    server.get("/api/bookings", student["token"])
    text = server.get("/metrics").text
    found = sorted(f"{name} {kind}" for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert found == GOLDEN.read_text().splitlines()


def test_writes_that_wait_are_shown(server):
    text = server.get("/metrics").text
    assert "\nreprise_writes_waiting 0\n" in text
    assert "\nreprise_writes_not_acknowledged_total 0\n" in text
