"""/metrics: in both text formats, checked with prometheus_client's strict parsers."""

import json
import re

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from sim import ROOT, Simulator, wait_until
from viewer import Viewer

OPEN = "application/openmetrics-text; version=1.0.0"
WORD = "open, sesame!"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    settings = {"metrics": "on", "pubinterval": "1"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        made.wait_status("mqtt connected")
        yield made


def scrape(camera, accept="*/*", parse=plain):
    """Return {(metric, label values): value}."""
    response = httpx.get(
        camera.url + "/metrics", headers={"Accept": accept}, timeout=10, trust_env=False
    )
    assert response.status_code == 200
    found = {}
    for family in parse(response.text):
        assert family.documentation and family.type in ("gauge", "counter"), family.name
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.values()))
            assert key not in found
            found[key] = sample.value
    return found


def test_both_formats_have_the_same_figures(camera):
    camera.command("pubinterval 0")
    both = scrape(camera), scrape(camera, OPEN, openmetrics)
    assert both[0].keys() == both[1].keys()
    assert len(both[0]) > 30
    assert all(name.startswith("esp32cam_") for name, *_ in both[0])


def test_content_types(camera):
    for accept, kind in (("*/*", "text/plain; version=0.0.4"), (OPEN, OPEN)):
        response = httpx.get(
            camera.url + "/metrics", headers={"Accept": accept}, timeout=10, trust_env=False
        )
        assert response.headers["content-type"].startswith(kind)


def test_figures_follow_the_camera(camera, client):
    camera.command("pubinterval 1")
    before = scrape(camera)
    assert before["esp32cam_mqtt_connected",] == 1
    assert before["esp32cam_wifi_joined",] == 1
    assert -90 < before["esp32cam_wifi_rssi_dbm",] < 0
    assert before["esp32cam_memory_free_bytes", "heap"] > 10_000
    with Viewer(camera.url):
        assert scrape(camera)["esp32cam_stream_viewers",] == 1
    camera.control("camera", fault="truncate", count=2)
    name = "esp32cam_capture_failures_total"
    wait_until(lambda: scrape(camera)[name, "damaged picture"] == 2, every_s=0.2)
    since = len(client.messages)
    client.wait("data/esp32-mqtt-cam/image", lambda m: not m.retain, since=since)
    after = scrape(camera)
    for counter in ("frames_total", "mqtt_pictures_total", "mqtt_picture_bytes_total"):
        assert after["esp32cam_" + counter,] > before["esp32cam_" + counter,], counter
    assert after["esp32cam_frame_bytes",] > 10_000
    camera.get("/nothing")
    assert scrape(camera)["esp32cam_http_responses_total", "4xx"] >= 1


def test_dashboard_uses_metrics_that_exist(camera):
    dashboard = json.loads((ROOT / "config" / "grafana" / "dashboard.json").read_text())
    exist = {name for name, *_ in scrape(camera)}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            used = re.findall(r"esp32cam_\w+", target["expr"])
            assert used and set(used) <= exist, panel["title"]
            assert target["expr"].count('{instance=~"$camera"}') == len(used), panel["title"]


def test_switched_off(camera):
    camera.command("metrics off")
    response = camera.get("/metrics")
    assert response.status_code == 404 and "setting metrics" in response.text
    camera.command("metrics on")


def test_password(camera):
    camera.command("adminpass " + WORD)
    try:
        assert camera.get("/metrics").status_code == 401
        response = httpx.get(
            camera.url + "/metrics", auth=("admin", WORD), timeout=10, trust_env=False
        )
        assert "esp32cam_auth_failures_total 0\n" in response.text
    finally:
        camera.command("adminpass 1")
