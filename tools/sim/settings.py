"""Settings given on the command line, stored as the firmware's own table says."""

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
        from app import password
        from app.settings import schema

        self._password = password
        self._schema = schema
        self._nvs = nvs
        self._files = files
        self._memory = state / "runner.json"

    async def write(self, given, broker, chosen_broker, unconfigured):
        """Write (name, text) pairs; a first boot gets what a camera on the simulated board needs.

        `unconfigured` erases what was set before. The broker's URI follows the runner's from start
        to start, unless the setting has been changed in between.
        """
        if unconfigured:
            self._forget()
        values = {} if not self._nvs.empty or unconfigured else dict(FIRST_BOOT)
        if broker and not unconfigured and (chosen_broker or self._broker_is_ours()):
            values[_BROKER] = broker
            self._memory.write_text(json.dumps({_BROKER: broker}))
        values.update(given)
        for name, text in values.items():
            await self._write(name, text)

    def _forget(self):
        self._nvs.wipe()
        for row in self._schema.SCHEMA:
            if row[self._schema.KIND] == self._schema.FILE:
                (self._files / row[self._schema.KEY]).unlink(missing_ok=True)

    def _broker_is_ours(self):
        key = self._schema.find(_BROKER)[self._schema.KEY]
        stored = self._nvs.peek(self._schema.NAMESPACE, key)
        if stored is None:
            return self._nvs.empty
        try:
            ours = json.loads(self._memory.read_text())[_BROKER]
        except (OSError, ValueError, KeyError):
            return False
        return bytes.fromhex(stored).decode() == ours

    async def _write(self, name, text):
        row = self._schema.find(name)
        if row is None:
            names = ", ".join(each[self._schema.NAME] for each in self._schema.SCHEMA)
            raise UsageError(f"no setting is named {name}; there are: {names}")
        _, key, kind, _, check, flags, *_ = row
        data = _bytes(name, text)
        if kind == self._schema.FILE:
            (self._files / key).write_bytes(data)
            return
        try:
            value = check(data.decode())
        except Exception as exc:
            raise UsageError(f"{name}: {exc}") from None
        if flags & self._schema.HASHED:
            value = await self._password.hashed(value)
        stored = value if kind == self._schema.INT else value.encode().hex()
        self._nvs.put(self._schema.NAMESPACE, key, stored)


def _bytes(name, text):
    """Return the bytes of a value: @FILE is the content of the file."""
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as exc:
        raise UsageError(f"{name}: {exc}") from None
