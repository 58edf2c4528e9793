"""Settings from the command line, stored according to the firmware's schema."""

import json
import sys
from pathlib import Path

from errors import UsageError

_ROOT = Path(__file__).resolve().parents[2]
FIRST_BOOT = {"ssid": "sim", "password": "simulated", "pubinterval": "5"}
_BROKER = "mqtthost"


class Settings:
    """Writes settings to the NVS and the file system (BoardFiles) before the board starts."""

    def __init__(self, nvs, files, state):
        for folder in ("tools/pc", "lib", ""):
            sys.path.append(str(_ROOT / folder))
        from app import password
        from app.settings import schema

        self._password = password
        self._schema = schema
        self._nvs = nvs
        self._files = files
        self._record = state / "runner.json"

    async def write(self, given, broker, chosen_broker, unconfigured):
        """Write (name, text) pairs; the first boot also gets the settings in FIRST_BOOT.

        `unconfigured` erases all settings first. The broker's URI is updated at each start of the
        runner, unless the setting has been changed in the meantime. Raise UsageError for an
        unknown name or an invalid value.
        """
        if unconfigured:
            self._erase()
        values = {} if not self._nvs.empty or unconfigured else dict(FIRST_BOOT)
        if broker and not unconfigured and (chosen_broker or self._broker_unchanged()):
            values[_BROKER] = broker
            self._record.write_text(json.dumps({_BROKER: broker}))
        values.update(given)
        for name, text in values.items():
            await self._write(name, text)

    def _erase(self):
        self._nvs.wipe()
        for row in self._schema.SCHEMA:
            if row[self._schema.KIND] == self._schema.FILE:
                self._files.remove(row[self._schema.KEY])

    def _broker_unchanged(self):
        key = self._schema.find(_BROKER)[self._schema.KEY]
        stored = self._nvs.peek(self._schema.NAMESPACE, key)
        if stored is None:
            return self._nvs.empty
        try:
            written = json.loads(self._record.read_text())[_BROKER]
        except (OSError, ValueError, KeyError):
            return False
        return bytes.fromhex(stored).decode() == written

    async def _write(self, name, text):
        row = self._schema.find(name)
        if row is None:
            names = ", ".join(each[self._schema.NAME] for each in self._schema.SCHEMA)
            raise UsageError(f"no setting is named {name}; there are: {names}")
        _, key, kind, _, check, flags, *_ = row
        data = _bytes(name, text)
        if kind == self._schema.FILE:
            self._files.write(key, data)
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
