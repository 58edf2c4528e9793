"""make home-assistant: the camera is on the dashboard, which needs no login."""

import re
import signal
import subprocess
import sys

import httpx
from sim import ROOT, Simulator


def test_camera_is_on_the_dashboard(program, broker, tmp_path):
    program("hass")
    tool = [sys.executable, str(ROOT / "tools" / "home_assistant.py"), "--broker", broker.uri]
    with Simulator(tmp_path / "camera", broker.uri, {"pubinterval": "1"}):
        process = subprocess.Popen(tool, stdout=subprocess.PIPE, text=True)
        try:
            printed = iter(process.stdout.readline, "Press Ctrl-C to stop.\n")
            url = re.search(r"dashboard of Home Assistant: (http://\S+)", "".join(printed))[1]
            providers = httpx.get(url + "auth/providers", trust_env=False).json()["providers"]
            assert providers[0]["type"] == "trusted_networks"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            process.stdout.close()
