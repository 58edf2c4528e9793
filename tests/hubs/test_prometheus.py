"""/metrics in a real Prometheus, with config/recipes/prometheus.yml."""

import functools
import json
import subprocess

import pytest
from prometheus import Prometheus
from recipes import recipe
from sim import ROOT, Simulator, wait_until

WORD = "open, sesame!"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    settings = {"metrics": "on", "pubinterval": "1", "adminpass": WORD}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        made.wait_status("mqtt connected")
        yield made


@pytest.fixture(scope="module")
def server(program, camera, tmp_path_factory):
    text = recipe("prometheus.yml", camera).replace("scrape_interval: 30s", "scrape_interval: 1s")
    text = text.replace("# basic_auth", "basic_auth").replace("PASSWORD", json.dumps(WORD))
    with Prometheus(program("prometheus"), tmp_path_factory.mktemp("server"), text) as made:
        wait_until(lambda: made.query('up{job="cameras"} == 1'), what="a scrape", every_s=0.2)
        yield made


def test_configuration_is_valid(program, server):
    subprocess.run([program("promtool"), "check", "config", server.file], check=True)


def test_metrics_have_no_fault(program, camera):
    """promtool also checks names, units and help texts."""
    page = subprocess.run(
        ["curl", "--fail", "--silent", "--user", "admin:" + WORD, camera.url + "/metrics"],
        check=True,
        capture_output=True,
    )
    result = subprocess.run(
        [program("promtool"), "check", "metrics"], input=page.stdout, capture_output=True
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


def test_series_follow_the_camera(camera, server):
    assert server.query("esp32cam_mqtt_connected") == {(): 1}
    assert server.query('esp32cam_memory_free_bytes{pool="heap"}') != {}
    pictures = "increase(esp32cam_mqtt_pictures_total[1m]) > 0"
    wait_until(lambda: server.query(pictures), what=pictures, every_s=0.2)
    camera.control("camera", fault="truncate", count=2)
    failures = 'esp32cam_capture_failures_total{reason="damaged picture"} == 2'
    wait_until(lambda: server.query(failures), what=failures, every_s=0.2)


def test_dashboard_shows_values(camera, server):
    """Each expression of the dashboard finds series, with the camera selected as in Grafana."""
    dashboard = json.loads((ROOT / "config" / "grafana" / "dashboard.json").read_text())
    selected = camera.url.removeprefix("http://")
    for target in [target for panel in dashboard["panels"] for target in panel["targets"]]:
        found = functools.partial(server.query, target["expr"].replace("$camera", selected))
        wait_until(found, what=target["expr"], every_s=0.2)


def test_lost_camera_is_down(camera, server):
    camera.control("power_cut")
    wait_until(lambda: server.query('up{job="cameras"} == 0'), what="down", every_s=0.2)
