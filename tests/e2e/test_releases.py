"""Updates from a release: from its manifest to the application that runs, or back again."""

import json

import pytest
from appupdates import NAME, SIMULATED, SUMMARY, release, update
from update.archive import application
from updatecamera import STAT, Camera


@pytest.fixture(scope="module")
def files():
    return application(SIMULATED)[0]


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Camera(tmp_path_factory.mktemp("camera"), broker) as made:
        yield made


def state(camera):
    return json.loads(camera.client.command("update"))


def wait_state(camera, since, **wanted):
    """Wait until the state of updates has these values; return it."""

    def matches(message):
        found = json.loads(message.payload)
        return all(found[key] == value for key, value in wanted.items())

    return json.loads(camera.client.wait(STAT + "update", matches, 40, since).payload)


def offer(camera, url, version):
    """Let the camera find a release; return the number of messages before, and the state."""
    since = len(camera.client.messages)
    camera.client.command("otaurl", url)
    return since, wait_state(camera, since, latest_version=version)


def test_from_the_manifest_to_installed(camera, files, tmp_path):
    camera.client.command("otaurl", "1")
    before = state(camera)
    installed = before["installed_version"]
    assert before["latest_version"] == installed
    data = update(files, tmp_path, "7.1.0")
    with release(tmp_path / "release", "7.1.0", data) as url:
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


def test_rolled_back_release_stays_on_offer(camera, files, tmp_path):
    installed = state(camera)["installed_version"]
    data = update(files, tmp_path, "7.2.0", **{"app/led.mpy": b"broken"})
    with release(tmp_path / "release", "7.2.0", data) as url:
        since, _ = offer(camera, url, "7.2.0")
        camera.client.command("upgrade", "1")
        camera.report("rolled back", since, 60)
        since = len(camera.client.messages)
        camera.client.command("update", "1")  # at once
        after = wait_state(camera, since, latest_version="7.2.0", in_progress=False)
    assert after["installed_version"] == installed
    assert after["release_summary"].startswith(f"{NAME} 7.2.0 was rolled back: ")
    assert after["release_summary"].endswith(SUMMARY)
