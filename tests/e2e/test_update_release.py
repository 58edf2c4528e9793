"""Update from a release, from its manifest to the application that runs."""

import json

import pytest
from appupdates import NAME, SIMULATED, SUMMARY, release, update
from update.archive import application
from updatecamera import STAT, Camera


@pytest.fixture
def camera(broker, tmp_path):
    with Camera(tmp_path / "camera", broker) as made:
        yield made


def wait_state(camera, since, **wanted):
    """Wait until the state of updates has these values; return it."""

    def matches(message):
        found = json.loads(message.payload)
        return all(found[key] == value for key, value in wanted.items())

    return json.loads(camera.client.wait(STAT + "update", matches, 40, since).payload)


def test_from_the_manifest_to_installed(camera, tmp_path):
    before = json.loads(camera.client.command("update"))
    assert before["installed_version"] == before["latest_version"]
    data = update(application(SIMULATED)[0], tmp_path, "7.1.0")
    with release(tmp_path / "release", "7.1.0", data) as url:
        since = len(camera.client.messages)
        camera.client.command("otaurl", url)
        assert wait_state(camera, since, latest_version="7.1.0") == {
            "installed_version": before["installed_version"],
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
