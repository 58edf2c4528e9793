"""A real Home Assistant core as a subprocess, controlled through its HTTP and WebSocket API."""

import itertools
import json
import subprocess
import time
from pathlib import Path

import httpx
from mosquitto import HOST, free_port
from websockets.sync.client import connect

_CONFIGURATION = """\
homeassistant:
  name: Home
  latitude: 0
  longitude: 0
  elevation: 0
  unit_system: metric
  time_zone: UTC
  media_dirs: {{local: {media}}}
  auth_providers:
    - {{type: trusted_networks, trusted_networks: [{host}], allow_bypass_login: true}}
    - type: homeassistant
http:
  server_host: {host}
  server_port: {port}
api:
websocket_api:
config:
onboarding:
{more}logger:
  default: warning
"""
_USER = {"client_id": "http://127.0.0.1/", "name": "Owner", "username": "owner",
         "password": "correct horse", "language": "en"}  # fmt: skip
_ONBOARDING = {"version": 4, "key": "onboarding",
               "data": {"done": ["core_config", "analytics", "integration"]}}  # fmt: skip
_START_S = 120
_LIMIT_S = 30


class HomeAssistant:
    """One hub; a context manager that starts it, creates its user and connects it to a broker.

    program: path of `hass`. more: text that is added to its configuration. broker: what the
    dialog of the MQTT integration asks for, besides the port. Browsers on this computer need no
    login.
    """

    def __init__(self, program, folder, broker_port, more="", port=None, **broker):
        self._folder = Path(folder)
        self.media.mkdir(parents=True, exist_ok=True)
        self._broker = {"broker": HOST, "port": broker_port, **broker}
        self.port = port or free_port()
        text = _CONFIGURATION.format(host=HOST, port=self.port, media=self.media, more=more)
        (self._folder / "configuration.yaml").write_text(text)
        (self._folder / ".storage").mkdir(exist_ok=True)
        (self._folder / ".storage" / "onboarding").write_text(json.dumps(_ONBOARDING))
        self._line = [str(program), "--config", str(self._folder), "--skip-pip"]
        self._process = self._socket = self.token = None
        self._ids = itertools.count(1)

    def __enter__(self):
        self.start()
        self._create_user()
        self._connect()
        self._add_broker()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with open(self._folder / "output", "ab") as output:
            self._process = subprocess.Popen(self._line, stdout=output, stderr=output)
        self.wait(self._answers, _START_S, "Home Assistant")

    def stop(self):
        if self._socket:
            self._socket.close()
            self._socket = None
        self._process.terminate()
        self._process.wait(30)

    def restart(self):
        """Restart the hub; what it knows afterwards comes from its files and from the broker."""
        self.stop()
        self.start()
        self._connect()

    @property
    def media(self):
        """Folder of the hub's media."""
        return self._folder / "media"

    @property
    def url(self):
        return f"http://{HOST}:{self.port}"

    @property
    def output(self):
        return (self._folder / "output").read_text(errors="replace")

    def wait(self, condition, limit_s=_LIMIT_S, what=""):
        """Poll `condition()` until it is true and return its value."""
        deadline = time.monotonic() + limit_s
        while not (value := condition()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"not within {limit_s} s: {what}\n{self.output[-3000:]}")
            time.sleep(0.1)
        return value

    def _answers(self):
        """Return True once the hub takes its first user, or runs with the one it has."""
        path = "/api/config" if self.token else "/api/onboarding"
        try:
            response = httpx.get(self.url + path, headers=self._login, trust_env=False)
        except httpx.HTTPError:
            return False
        is_there = response.status_code == 200
        return is_there and (not self.token or response.json()["state"] == "RUNNING")

    @property
    def _login(self):
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _create_user(self):
        code = self._post("/api/onboarding/users", json=_USER)["auth_code"]
        grant = {"grant_type": "authorization_code", "code": code}
        grant["client_id"] = _USER["client_id"]
        self.token = self._post("/auth/token", data=grant)["access_token"]

    def _post(self, path, **content):
        response = httpx.post(
            self.url + path, headers=self._login, timeout=_LIMIT_S, trust_env=False, **content
        )
        assert response.status_code in (200, 201), (path, response.text)
        return response.json()

    def _connect(self):
        address = f"ws://{HOST}:{self.port}/api/websocket"
        self._socket = connect(address, max_size=None, proxy=None)
        assert json.loads(self._socket.recv())["type"] == "auth_required"
        self._socket.send(json.dumps({"type": "auth", "access_token": self.token}))
        assert json.loads(self._socket.recv())["type"] == "auth_ok"

    def _add_broker(self):
        self.add("mqtt", self._broker)

    def add(self, integration, *entered):
        """Set up an integration as its dialog does, with the values of each of its pages."""
        path = "/api/config/config_entries/flow"
        flow = self._post(path, json={"handler": integration})
        for values in entered:
            flow = self._post(f"{path}/{flow['flow_id']}", json=values)
        assert flow["type"] == "create_entry", flow

    def set_state(self, entity_id, state):
        """Set the state of an entity that no integration has, such as the sun here."""
        self._post("/api/states/" + entity_id, json={"state": state})

    def picture(self, entity_id):
        """Return the picture of a camera."""
        path = f"{self.url}/api/camera_proxy/{entity_id}"
        response = httpx.get(path, headers=self._login, timeout=_LIMIT_S, trust_env=False)
        assert response.status_code == 200, response.text
        return response.content

    def ask(self, kind, **arguments):
        """Send a WebSocket command and return its result."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "type": kind, **arguments}))
        while True:
            message = json.loads(self._socket.recv(_LIMIT_S))
            if message["type"] == "result" and message["id"] == number:
                assert message["success"], message
                return message["result"]

    def states(self):
        """Return {entity id: its state as a dictionary}."""
        return {state["entity_id"]: state for state in self.ask("get_states")}

    def state(self, entity_id):
        """Return an entity's state as text, None if there is none."""
        found = self.states().get(entity_id)
        return found and found["state"]

    def call(self, entity_id, service, **data):
        """Call a service of an entity, such as `turn_on`."""
        domain = entity_id.partition(".")[0]
        self.ask("call_service", domain=domain, service=service, service_data=data,
                 target={"entity_id": entity_id})  # fmt: skip

    def entities(self):
        """Return the entity registry: {entity id: entry}."""
        rows = self.ask("config/entity_registry/list")
        return {row["entity_id"]: row for row in rows if row["platform"] == "mqtt"}

    def devices(self):
        """Return the devices of the MQTT integration."""
        rows = self.ask("config/device_registry/list")
        return [row for row in rows if ["mqtt", "DVES_A1B2C3"] in row["identifiers"]]
