"""Deep sleep: a picture at each wake, and commands that the broker has kept."""

import json

import pytest
from images import image
from listener import Listener
from mosquitto import Mosquitto
from pictures import Viewer, check
from sim import TOPIC, Simulator, wait_until
from telnet_client import TelnetClient
from updatecamera import Camera

IMAGE, STATE, LWT = f"data/{TOPIC}/image", f"tele/{TOPIC}/STATE", f"tele/{TOPIC}/LWT"
LED, LAMP, PWDN = "33", "4", "32"
SETTINGS = {"sleepwait": "1", "pubinterval": "0", "poweratreset": "off"}


def asleep(camera):
    return camera.control("sleep")["asleep"]


def fall_asleep(camera):
    """Wait until the camera sleeps; return the levels of its pins."""
    wait_until(lambda: asleep(camera), what="a camera that sleeps")
    return camera.control("pins")["pins"]


def wake(camera, cause="timer"):
    """End the sleep and wait until the camera serves."""
    boots = camera.facts["boots"]
    camera.control("wake", cause=cause)
    camera.wait_boot(boots + 1)


def report(client, since):
    """Return the telemetry of a wake about its sleep; check that there is a new picture."""
    check(client.wait(IMAGE, lambda message: not message.retain, since=since).payload)
    state = client.wait(STATE, lambda message: not message.retain, since=since)
    return json.loads(state.payload)["Sleep"]


def test_sleeps_between_pictures_and_runs_what_the_broker_has_kept(broker, tmp_path):
    with Listener(broker.port) as client, Simulator(tmp_path, broker.uri, SETTINGS) as camera:
        client.wait(LWT, b"Online")
        client.publish(f"cmnd/{TOPIC}/deepsleep", "600")
        levels = fall_asleep(camera)
        assert (levels[LED], levels[LAMP], levels[PWDN]) == (1, 0, 1)
        assert 590 < camera.control("sleep")["left_s"] <= 600
        with Listener(broker.port, LWT) as late:
            assert late.wait(LWT, lambda message: message.retain).payload == b"Sleeping"

        client.publish(f"cmnd/{TOPIC}/pubmaxbytes", "400000")
        client.publish(f"cmnd/{TOPIC}/power", "on")
        client.publish(f"cmnd/{TOPIC}/live", "0")
        since = client.catch_up()
        wake(camera)
        told = report(client, since)
        assert (told["Wake"], told["Missed"], told["Reason"]) == ("timer", 0, "")
        assert 0 <= told["Awake"] < 30 and told["LastAwake"] >= 1
        client.wait(f"stat/{TOPIC}/pubmaxbytes", b"400000", since=since)
        client.wait(f"stat/{TOPIC}/power", b"on", since=since)
        client.wait(f"stat/{TOPIC}/live", b"0", since=since)
        assert fall_asleep(camera)[LAMP] == 1
        client.catch_up()
        changes = [message.payload for message in client.on(LWT)]
        assert changes[-3:] == [b"Sleeping", b"Online", b"Sleeping"]


@pytest.mark.slow
def test_a_wake_changes_nothing_and_the_button_keeps_it_awake(broker, tmp_path):
    with Listener(broker.port) as client, Simulator(tmp_path, broker.uri, SETTINGS) as camera:
        client.wait(LWT, b"Online")
        client.command("power", "on")
        client.command("loglevel", "debug")
        client.publish(f"cmnd/{TOPIC}/deepsleep", "600")
        fall_asleep(camera)
        before = camera.control("flash")["operations"]
        for _ in range(2):
            since, scans = client.catch_up(), camera.output.count("access points in range")
            wake(camera)
            report(client, since)
            assert camera.output.count("access points in range") == scans
            assert fall_asleep(camera)[LAMP] == 1
        assert camera.control("flash")["operations"] == before
        lamp = [level for _, level in camera.control("pins")["lamp"]]
        assert lamp == [0, 1]  # it does not flicker, although `poweratreset` is off

        boots = camera.facts["boots"]
        camera.control("press")
        camera.wait_boot(boots + 1)
        camera.wait_status("awake (for 2")  # minutes, because somebody is there
        with TelnetClient(camera.facts["telnet"]):
            with Viewer(camera.facts["http"]):
                camera.wait_status("awake (there is a viewer)")
                state = camera.get("/api/status").json()["sleep"]
                assert state == {"every_s": 600, "awake": "there is a viewer"}
            camera.wait_status("awake (telnet is in use)")
        camera.command("timer 5")
        camera.wait_status("awake (the power output is timed)")
        camera.command("smartconfig 1")
        camera.wait_status("awake (the access point is open)")
        camera.command("deepsleep 0")
        wait_until(lambda: "awake (" not in camera.status())


@pytest.mark.slow
def test_sleeps_without_a_broker_and_tells_about_it(tmp_path):
    """It waits for the broker in real time."""
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as client:
        with Simulator(tmp_path / "camera", broker.uri, SETTINGS) as camera:
            client.wait(LWT, b"Online")
            client.publish(f"cmnd/{TOPIC}/deepsleep", "600")
            fall_asleep(camera)
            broker.stop()
            wake(camera)
            wait_until(lambda: asleep(camera), limit_s=90)
            broker.start()
            with Listener(broker.port) as other:  # the first one may be late
                wake(camera)
                told = report(other, 0)
            assert told["Missed"] == 1 and told["Reason"].startswith("no broker: ")
            fall_asleep(camera)
            assert camera.control("sleep")["left_s"] > 595


@pytest.mark.slow
def test_an_image_on_trial_does_not_sleep(broker, tmp_path):
    """A sleep would roll it back."""
    with Camera(tmp_path, broker, {**SETTINGS, "deepsleep": "600"}) as camera:
        since = camera.push(image("v9.0.1"))
        camera.report("trial", since)
        camera.wait_status("awake (an update is on trial)")
        camera.client.command("deepsleep", "60")  # ends the minutes after a restart
        running = camera.running
        camera.confirm_trial(since)
        fall_asleep(camera)
        wake(camera)
        assert camera.running == running


def power_fails(camera, cut, mode):
    """Wake the camera; return True if the power fails at that flash operation, else it sleeps."""
    boots, last = camera.facts["boots"], camera.control("flash")["operations"] + cut

    def failed():
        return camera.control("flash")["operations"] >= last

    camera.control("power_cut", after_ops=cut, mode=mode)
    camera.control("wake")
    wait_until(lambda: failed() or camera.facts["boots"] > boots, what="a wake")
    wait_until(lambda: failed() or asleep(camera), what="the end of the wake")
    return failed()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["before", "torn"])
def test_power_cut_at_every_flash_operation_of_a_wake(broker, tmp_path, mode):
    """Each command that the broker has kept is in force or not; the camera works and sleeps."""
    stored = {"place": "", "pubmaxbytes": "0"}
    with Listener(broker.port) as client, Simulator(tmp_path, broker.uri, SETTINGS) as camera:
        client.wait(LWT, b"Online")
        for cut in range(1, 100):
            client.publish(f"cmnd/{TOPIC}/deepsleep", str(600 + cut))  # ends the five minutes
            fall_asleep(camera)
            wanted = {"place": f"{cut / 10},11.5", "pubmaxbytes": str(100_000 + cut)}
            for name, value in wanted.items():
                client.publish(f"cmnd/{TOPIC}/{name}", value)
            boots = camera.facts["boots"]
            if not power_fails(camera, cut, mode):
                break
            camera.control("power_on")
            camera.wait_boot(boots + 2)
            for name, value in wanted.items():
                assert camera.command(name) in (stored[name], value), (cut, name)
                stored[name] = camera.command(name)
            assert camera.command("deepsleep") == str(600 + cut)
            camera.wait_status("mqtt connected")
        assert 3 < cut < 99
