"""Simulated camera that is updated: by MQTT, from a web server, by upload."""

import json
import threading
import time

import httpx
from listener import Listener
from sim import TOPIC, Simulator, wait_until

STAT = f"stat/{TOPIC}/"


class Camera(Simulator):
    """Board with a listener on its broker."""

    def __init__(self, folder, broker, settings=None, args=(), fast=True):
        super().__init__(folder, broker.uri, {"pubinterval": "0", **(settings or {})}, args, fast)
        self._broker = broker

    def __enter__(self):
        self.client = Listener(self._broker.port).__enter__()
        super().__enter__()
        self.client.wait(STAT + "timer")
        self.id = self.facts["device_id"]
        return self

    def __exit__(self, *how):
        super().__exit__(*how)
        self.client.__exit__(*how)

    @property
    def running(self):
        return self.control("flash")["running"]

    def report(self, state, since=0, limit_s=40):
        """Wait for this state on `stat/<topic>/ota`; return the report."""
        message = self.client.wait(
            STAT + "ota", lambda m: json.loads(m.payload)["state"] == state, limit_s, since
        )
        return json.loads(message.payload)

    def push(self, data, argument="1"):
        """Send an image by MQTT; return the number of messages before it."""
        since = len(self.client.messages)
        assert self.client.command("mqttotastart", argument) == "on"
        self.client.send(f"OTA/{self.id}/data", data)
        return since

    def confirm_trial(self, since):
        """Wait for the restart into the new image, and confirm it."""
        self.report("trial", since)
        assert self.command("mqttotaconfirm 1") == "Confirmed OTA image"
        assert self.command("mqttotaconfirm 1") == "OTA image already confirmed"

    def upload(self, data, headers=None):
        """POST an update, as bytes or an iterator of them; return the response."""
        how = {"headers": headers, "timeout": 60, "trust_env": False}
        return httpx.post(self.url + "/update", content=data, **how)

    def fetch(self, url):
        """Start a download; return the number of messages before it."""
        since = len(self.client.messages)
        self.client.command("otaurl", url)
        assert self.client.command("upgrade", "1").startswith("Upgrade ")
        return since

    def wait_idle(self):
        """Wait for the end of an update."""
        wait_until(lambda: self.command("mqttotastart") == "off", 10, "the end of an update")

    def check_working(self):
        """Wait for the end of an update; fail unless the camera takes pictures again."""
        self.wait_idle()
        assert self.get("/capture").status_code == 200


class StatusPoller(threading.Thread):
    """Poll the status until `done()`; `slowest` is the longest response time in seconds."""

    def __init__(self, camera, done):
        super().__init__()
        self._camera, self._done = camera, done
        self.slowest, self.lost = 0, []
        self.start()

    def run(self):
        while not self._done():
            with self._camera.stopwatch() as took:
                status = httpx.get(
                    self._camera.url + "/api/status", timeout=20, trust_env=False
                ).json()
            self.slowest = max(self.slowest, took.s)
            if not status["broker"]["state"].startswith("connected"):
                self.lost.append(status["broker"])
            time.sleep(0.3)
