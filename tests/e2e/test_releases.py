"""Updates from a release: from its manifest to the application that runs, or back again."""

import hashlib
import json
import threading

import pytest
from appupdates import NAME, SIMULATED, update
from mosquitto import HOST
from update.archive import application
from update.serve import server
from updatecamera import STAT, Camera

SUMMARY = "- Sharper pictures."


@pytest.fixture(scope="module")
def files():
    return application(SIMULATED)[0]


@pytest.fixture
def web(tmp_path):
    """Return the folder of a release, served over HTTP, and its URL."""
    folder = tmp_path / "release"
    folder.mkdir()
    with server(folder, HOST) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield folder, f"http://{HOST}:{made.server_port}/"
        made.shutdown()


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Camera(tmp_path_factory.mktemp("camera"), broker) as made:
        yield made


def release(folder, version, data, digest=None):
    """Write a release of the application, and its manifest as tools/release.py does."""
    name = f"{NAME}-{version}.tar"
    (folder / name).write_bytes(data)
    row = {"kind": "application", "name": name, "size": len(data), "bytecode": SIMULATED}
    row["sha256"] = digest or hashlib.sha256(data).hexdigest()
    manifest = {"format": 1, "project": NAME, "version": version, "min_version": "2.0.0"}
    manifest |= {"summary": SUMMARY, "key": None, "files": [row | {"signed": False}]}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))


def state(camera):
    return json.loads(camera.client.command("update"))


def wait_state(camera, since, limit_s=40, **wanted):
    """Wait until the state of updates has these values; return it."""

    def matches(message):
        found = json.loads(message.payload)
        return all(found[key] == value for key, value in wanted.items())

    return json.loads(camera.client.wait(STAT + "update", matches, limit_s, since).payload)


def offer(camera, url, version):
    """Let the camera find a release; return the number of messages before, and the state."""
    since = len(camera.client.messages)
    camera.client.command("otaurl", url + "manifest.json")
    return since, wait_state(camera, since, latest_version=version)


def test_from_the_manifest_to_installed(camera, web, files, tmp_path):
    folder, url = web
    camera.client.command("otaurl", "1")
    before = state(camera)
    installed = before["installed_version"]
    assert before["latest_version"] == installed
    release(folder, "7.1.0", update(files, tmp_path, "7.1.0"))
    since, offered = offer(camera, url, "7.1.0")
    assert offered == {
        "installed_version": installed,
        "latest_version": "7.1.0",
        "title": NAME,
        "release_summary": SUMMARY,
        "release_url": None,
        "in_progress": False,
        "update_percentage": None,
    }
    assert camera.client.command("upgrade", "1").startswith("Upgrade ")
    wait_state(camera, since, in_progress=True)
    assert camera.report("confirmed", since)["version"] == "7.1.0"
    camera.client.command("update", "1")  # at once
    both = {"installed_version": "7.1.0", "latest_version": "7.1.0"}
    wait_state(camera, since, in_progress=False, release_summary=SUMMARY, **both)


def test_rolled_back_release_stays_on_offer(camera, web, files, tmp_path):
    folder, url = web
    installed = state(camera)["installed_version"]
    release(folder, "7.2.0", update(files, tmp_path, "7.2.0", **{"app/led.mpy": b"broken"}))
    since, _ = offer(camera, url, "7.2.0")
    camera.client.command("upgrade", "1")
    camera.report("rolled back", since, 60)
    since = len(camera.client.messages)
    camera.client.command("update", "1")  # at once
    after = wait_state(camera, since, latest_version="7.2.0", in_progress=False)
    assert after["installed_version"] == installed
    assert after["release_summary"].startswith(f"{NAME} 7.2.0 was rolled back: ")
    assert after["release_summary"].endswith(SUMMARY)
