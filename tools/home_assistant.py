"""Run Home Assistant beside `make run`; it discovers the simulated camera by itself.

    make home-assistant
    make home-assistant ARGS="--broker mqtt://user:PASSWORD@192.168.1.2"

The first start installs Home Assistant into build/hubs/. Its settings are in a temporary folder,
so each start is a new one.
"""

import argparse
import json
import signal
import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import hubs

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests" / each) for each in ("e2e", "hubs")]

from homeassistant import HomeAssistant  # noqa: E402 - found on the path above

RECORD = ROOT / "build" / "state" / "runner.json"  # `make run` keeps its broker there
_BROKER = "mqtt://127.0.0.1:1883"
_OWN = 'To use a Home Assistant that you have: make run ARGS="--broker mqtt://ITS-BROKER"'
_PORT = 8123
_DISCOVERY_S = 30


class NoHub(Exception):
    """Home Assistant cannot be run; the text is for people."""


def last_broker(record=RECORD):
    """Return the URI of the broker that the last `make run` used."""
    try:
        return json.loads(record.read_text())["mqtthost"]
    except (OSError, ValueError, KeyError):
        return _BROKER


def entered(uri):
    """Return (port, further values) for the dialog of the MQTT integration; raises NoHub."""
    try:
        parts = urlsplit(uri)
        port = parts.port or 1883
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "mqtt" or not parts.hostname:
        raise NoHub(f"{uri} is not a broker's address such as {_BROKER}")
    values = {"broker": parts.hostname}
    if parts.username:
        values["username"] = unquote(parts.username)
        values["password"] = unquote(parts.password or "")
    return port, values


def check(host, port):
    """Raise NoHub unless something listens there, because Home Assistant does not say why."""
    try:
        socket.create_connection((host, port), 5).close()
    except OSError as exc:
        hint = "Is `make run` running in another terminal?"
        raise NoHub(f"no broker at {host}:{port} ({exc.strerror or exc}). {hint}") from None


def free(port):
    """Return the port, or None if it is taken."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return None
    return port


def wait_for_camera(hub, limit_s=_DISCOVERY_S):
    """Wait until the hub has discovered a camera and has its picture; raises NoHub."""
    try:
        hub.wait(lambda: _shows_picture(hub), limit_s)
    except AssertionError:
        text = "no camera on this broker has sent a picture within {} s. Is its pubinterval 0?"
        raise NoHub(text.format(limit_s)) from None


def _serve(hub):
    """Say where the hub is, and wait for Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        wait_for_camera(hub)
        print(f"The camera is on the dashboard of Home Assistant: {hub.url}/")
    except NoHub as exc:  # it may still come
        print(f"home_assistant.py: {exc} Home Assistant is at {hub.url}/")
    print("Press Ctrl-C to stop.", flush=True)
    signal.pause()


def _shows_picture(hub):
    pictures = [row["state"] for name, row in hub.states().items() if name.startswith("image.")]
    return any(state not in ("unknown", "unavailable") for state in pictures)


def main(argv=None):
    parser = argparse.ArgumentParser(prog="home_assistant.py", description=__doc__.split(";")[0])
    text = "MQTT broker of the camera; default: that of the last `make run`"
    parser.add_argument("--broker", metavar="URI", default=last_broker(), help=text)
    arguments = parser.parse_args(argv)
    try:
        port, broker = entered(arguments.broker)
        check(broker["broker"], port)
        hubs.home_assistant()
        program = hubs.program("hass")
        print("Home Assistant starts; this takes about 20 s.", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            with HomeAssistant(program, folder, port, port=free(_PORT), **broker) as hub:
                _serve(hub)
    except hubs.InstallError as exc:
        print(f"home_assistant.py: {exc}. {_OWN}", file=sys.stderr)
        return 1
    except NoHub as exc:
        print(f"home_assistant.py: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
