"""Updates by MQTT, from a web server and by upload; refused, confirmed, rolled back."""

import re
import shlex
import subprocess
import sys
import threading

import httpx
import pytest
from images import KB, image
from mosquitto import HOST, Mosquitto
from sim import ROOT
from update.file import Update
from update.keys import generate, read_private
from update.serve import server
from updatecamera import STAT, Camera

VERSIONS = (f"v9.0.{number}" for number in range(1, 100))  # each newer than the last


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Camera(tmp_path_factory.mktemp("camera"), broker) as made:
        yield made


@pytest.fixture
def web(tmp_path):
    """Return a folder served over HTTP, and its URL."""
    with server(tmp_path, HOST) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield tmp_path, f"http://{HOST}:{made.server_port}/"
        made.shutdown()


def run_line(line, camera, broker, folder):
    """Run a line of the reference with this camera and broker."""
    line = line.replace("DVES_A1B2C3", camera.id)
    line = line.replace("-h broker", f"-h {HOST} -p {broker.port}")
    subprocess.run(shlex.split(line), check=True, cwd=folder, timeout=10)


def test_readme_by_mosquitto(camera, broker, tmp_path):
    """Run the commands of the reference as they are written."""
    version, boots = next(VERSIONS), camera.facts["boots"]
    (tmp_path / "firmware.bin").write_bytes(image(version))
    text = (ROOT / "config" / "README.md").read_text()
    section = text[text.index("### Updates over MQTT\n") :]
    lines = re.findall(r"^    (mosquitto_pub .*)$", section, re.MULTILINE)[:3]
    running = camera.running
    for line, reply in zip(lines, ("on", None, "Confirmed OTA image"), strict=True):
        since = len(camera.client.messages)
        run_line(line, camera, broker, tmp_path)
        if reply:
            name = line.split("/")[2].split()[0]
            camera.client.wait(STAT + name, reply.encode(), since=since)
        else:
            assert camera.report("installed", since)["version"] == version
            camera.wait_boot(boots + 1)
            assert camera.report("trial", since)["version"] == version
    assert camera.running != running
    since = len(camera.client.messages)
    camera.control("reset")
    camera.wait_boot(boots + 2)
    assert camera.running != running
    camera.client.wait(STAT + "timer", since=since)


def test_unconfirmed_is_rolled_back_and_reported(camera):
    version, running, boots = next(VERSIONS), camera.running, camera.facts["boots"]
    since = camera.push(image(version))
    camera.report("trial", since)
    for refused in ("mqttotastart", "upgrade"):
        camera.client.command("otaurl", "http://127.0.0.1:1/x")
        assert camera.client.command(refused, "1") == "Running image not confirmed"
    upload = httpx.post(camera.url + "/update", content=image(version), trust_env=False)
    assert (upload.status_code, upload.json()) == (409, {"error": "Running image not confirmed"})
    camera.power_cut()
    assert camera.report("rolled back", since) == {
        "state": "rolled back",
        "version": version,
        "reason": "it restarted unconfirmed",
    }
    assert (camera.running, camera.facts["boots"]) == (running, boots + 2)
    since = camera.push(image(version))  # refused from now on
    assert "failed already" in camera.report("failed", since)["reason"]
    camera.client.wait(STAT + "mqttotastart", b"off", since=since)
    camera.wait_idle()


def test_download(camera, web):
    folder, url = web
    version, since = next(VERSIONS), len(camera.client.messages)
    (folder / "fw.bin").write_bytes(image(version, size=256 * KB))
    camera.client.command("otaurl", url + "fw.bin")
    assert "unsigned" in camera.status()
    assert camera.client.command("upgrade", "1").startswith("Upgrade v")
    camera.confirm_trial(since)
    assert camera.client.command("upgrade", "0") == "off"  # none is under way
    assert camera.client.command("upgrade", "2", reply="SYNTAX").startswith(
        "upgrade: 1 to upgrade"
    )


def test_failed_downloads_are_reported(camera, web):
    _, url = web
    for address, reason in (
        (url + "nothing.bin", "404"),
        ("http://127.0.0.1:1/x", "refused"),
        (url, "not a firmware image"),  # a page that lists the files
        ("https://127.0.0.1:1/x", "no CA"),
    ):
        since = len(camera.client.messages)
        camera.client.command("otaurl", address)
        camera.client.command("upgrade", "1")
        assert reason in camera.report("failed", since)["reason"]
        camera.wait_idle()
    assert "password" not in camera.client.command("otaurl", "ftp://x/y")
    assert "http://" in camera.client.command("upgrade", "1", reply="SYNTAX")
    assert camera.client.command("otaurl", "1") == ""


def test_upload(camera, tmp_path):
    """Upload as curl and browsers do; meanwhile the camera serves all but pictures."""
    version, since = next(VERSIONS), len(camera.client.messages)
    data = image(version, size=512 * KB)
    captures = []

    def slowly():
        for at in range(0, len(data), 16 * KB):
            if at == 256 * KB:
                camera.wait_output("writing micropython " + version)
                assert camera.client.command("mqttotastart", "1") == "busy"
                captures.append(camera.get("/capture"))
            yield data[at : at + 16 * KB]

    headers = {"Content-Length": str(len(data))}
    response = httpx.post(
        camera.url + "/update", content=slowly(), headers=headers, timeout=20, trust_env=False
    )
    assert response.status_code == 200 and version in response.json()["message"]
    assert captures[0].status_code == 503 and "update" in captures[0].text
    camera.confirm_trial(since)
    assert camera.get("/capture").status_code == 200


def test_tool_pushes_and_confirms(camera, broker, tmp_path):
    version = next(VERSIONS)
    (tmp_path / "fw.bin").write_bytes(image(version))
    line = [sys.executable, ROOT / "tools" / "ota.py", "push", tmp_path / "fw.bin"]
    line += ["--broker", broker.uri, "--device", camera.id]
    done = subprocess.run([*line, "--confirm"], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert f"micropython {version} runs, confirmed" in done.stderr
    (tmp_path / "fw.bin").write_bytes(image("v0.0.1"))
    done = subprocess.run(line, capture_output=True, text=True, timeout=50)
    assert done.returncode == 1 and "older" in done.stderr
    camera.wait_idle()
    done = subprocess.run(
        [*line[:-1], "DVES_000000", "--patience", "1"], capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 3 and "did not respond" in done.stderr


def test_images_without_a_name_need_force(camera, broker, tmp_path):
    """To MicroPython's own image with the tool, and back by upload; each says what is lost."""
    official, version, running = image("", ""), next(VERSIONS), camera.running
    refused = httpx.post(camera.url + "/update", content=official, trust_env=False)
    assert refused.status_code == 422 and "may not contain this appl" in refused.json()["error"]
    (tmp_path / "fw.bin").write_bytes(official)
    line = [sys.executable, ROOT / "tools" / "ota.py", "push", tmp_path / "fw.bin", "--force"]
    line += ["--broker", broker.uri, "--device", camera.id, "--confirm"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=50)
    printed = " ".join(done.stderr.split())
    assert done.returncode == 0 and "an image without a name runs, confirmed" in printed, printed
    assert "forced although the image has no project name or version" in printed
    assert camera.running != running
    refused = httpx.post(camera.url + "/update", content=image(version), trust_env=False)
    assert refused.status_code == 422 and "camera driver, is replaced" in refused.json()["error"]
    since = len(camera.client.messages)
    forced = {"params": {"force": "1"}, "content": image(version), "trust_env": False}
    accepted = httpx.post(camera.url + "/update", **forced)
    assert accepted.status_code == 200 and "is replaced" in accepted.json()["message"]
    camera.confirm_trial(since)
    bad = httpx.post(camera.url + "/update?force=yes", content=image(version), trust_env=False)
    assert bad.status_code == 400 and "force must be 0 or 1" in bad.text


def test_only_signed_images(tmp_path):
    """With a key set, every source requires its signature; the image confirms itself."""
    private, public = generate(tmp_path / "key", 2048)
    _, other = generate(tmp_path / "other", 2048)
    settings = {"otaconfirm": "auto"}
    readme = (ROOT / "config" / "README.md").read_text()
    set_key = re.search(r"^    (mosquitto_pub .* -f porch.pub.pem)$", readme, re.MULTILINE)[1]
    (tmp_path / "porch.pub.pem").write_bytes(public.read_bytes())
    plain, good = Update(image("v9.1.0")), Update(image("v9.1.0"))
    wrong = Update(image("v9.1.0"))
    good.sign(read_private(private))
    wrong.sign(read_private(tmp_path / "other.key.pem"))
    with Mosquitto(tmp_path / "broker") as broker:
        with (
            Camera(tmp_path / "camera", broker, settings) as camera,
            server(tmp_path, HOST) as made,
        ):
            threading.Thread(target=made.serve_forever, daemon=True).start()
            run_line(set_key, camera, broker, tmp_path)
            camera.client.wait(STAT + "otakey")
            camera.client.command("otaurl", f"http://{HOST}:{made.server_port}/fw.bin")
            for update, reason in ((plain, "not signed"), (wrong, "another key")):
                response = httpx.post(camera.url + "/update", content=update.data, trust_env=False)
                assert (response.status_code, response.json()["error"].split("with ")[-1]) == (
                    422,
                    reason,
                )
                assert reason in camera.report("failed", camera.push(update.data))["reason"]
                camera.wait_idle()
                (tmp_path / "fw.bin").write_bytes(update.data)
                since = len(camera.client.messages)
                camera.client.command("upgrade", "1")
                assert reason in camera.report("failed", since)["reason"]
                camera.wait_idle()
            assert "otakey: there is a key" in camera.client.command(
                "otakey", other.read_text(), reply="SYNTAX"
            )
            assert "unsigned" not in camera.status()
            since = camera.push(good.data)
            assert camera.report("confirmed", since)["version"] == "v9.1.0"
            assert camera.command("mqttotaconfirm 1") == "OTA image already confirmed"
            made.shutdown()
