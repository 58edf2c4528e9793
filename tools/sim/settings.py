"""Settings given on the command line, written as the firmware's own table says they are stored."""

import json
import sys
from pathlib import Path

from errors import UsageError

_ROOT = Path(__file__).resolve().parents[2]
FIRST_BOOT = {"ssid": "sim", "password": "simulated", "pubinterval": "5"}
_BROKER = "mqtthost"


class Settings:
    """Puts settings into the NVS and the file system before the board starts."""

    def __init__(self, nvs, files, state):
        for folder in ("tools/pc", "lib"):
            sys.path.append(str(_ROOT / folder))
        from app.settings import schema

        self._schema = schema
        self._rows = {row[0]: row for row in schema.all_rows()}
        self._nvs = nvs
        self._files = files
        self._memory = state / "runner.json"

    def write(self, given, broker, chosen_broker, unconfigured):
        """Write what was given; a first boot gets what a camera on the simulated board needs.

        `given` are (name, text) pairs; `unconfigured` forgets what was set before. The broker's
        URI follows the runner's from start to start, unless the setting has been changed in
        between.
        """
        if unconfigured:
            self._forget()
        values = {} if not self._nvs.empty or unconfigured else dict(FIRST_BOOT)
        if broker and not unconfigured and (chosen_broker or self._broker_is_ours()):
            values[_BROKER] = broker
            self._memory.write_text(json.dumps({_BROKER: broker}))
        values.update(given)
        for name, text in values.items():
            self._write(name, text)

    def _forget(self):
        self._nvs.wipe()
        for _, key, kind, *_ in self._rows.values():
            if kind == "file":
                (self._files / key).unlink(missing_ok=True)

    def _broker_is_ours(self):
        held = self._nvs.peek(self._schema.NAMESPACE, self._rows[_BROKER][1])
        if held is None:
            return self._nvs.empty
        try:
            ours = json.loads(self._memory.read_text())[_BROKER]
        except (OSError, ValueError, KeyError):
            return False
        return bytes.fromhex(held).decode() == ours

    def _write(self, name, text):
        if name not in self._rows:
            raise UsageError(f"no setting is named {name}; there are: {', '.join(self._rows)}")
        _, key, kind, *_ = self._rows[name]
        data = _bytes(name, text)
        if kind == "file":
            (self._files / key).write_bytes(data)
            return
        try:
            value = self._schema.check_of(self._rows[name], {})(data.decode())
        except Exception as exc:
            raise UsageError(f"{name}: {exc}") from None
        stored = value if kind == "int" else str(value).encode().hex()
        self._nvs.put(self._schema.NAMESPACE, key, stored)


def _bytes(name, text):
    """What a value stands for: @file is the contents of that file."""
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as exc:
        raise UsageError(f"{name}: {exc}") from None
