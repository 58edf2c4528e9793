"""Improv Wi-Fi: a browser or an app on the UART sets up the Wi-Fi network."""

from micropython import const

from app.settings.schema import CHECK, find
from config import limits
from proto.improv import (
    ERROR,
    FAILED,
    INVALID,
    NO_ERROR,
    NOT_CONNECTED,
    PROVISIONED,
    PROVISIONING,
    READY,
    RPC,
    STATE,
    UNKNOWN,
    packet,
    result,
    strings,
)
from proto.values import BadArgument

_SET_WIFI, _GET_STATE, _GET_INFO, _SCAN = const(1), const(2), const(3), const(4)  # commands


class Improv:
    """Handles the commands of an Improv client, one after the other.

    info: (firmware, version, chip), as text. The network is saved only after the camera has
    joined it, so a wrong password or a power cut leaves the settings as they were.
    """

    def __init__(self, settings, wifi, log, info, join_ms=limits.IMPROV_JOIN_MS):
        self._settings = settings
        self._wifi = wifi
        self._log = log
        self._info = info
        self._join_ms = join_ms
        self._error = NO_ERROR  # the last one that the client was told
        self._commands = {
            _SET_WIFI: self._set_wifi,
            _GET_STATE: self._send_state,
            _GET_INFO: self._send_info,
            _SCAN: self._scan,
        }

    async def answer(self, kind, data, send):
        """Handle a packet; `await send(packet)` writes one. `data` is None if it is damaged."""
        if kind != RPC:  # from a device: the line echoes
            return
        if data is None or len(data) < 2 or data[1] != len(data) - 2:
            await self._fail(INVALID, send)
            return
        command = self._commands.get(data[0])
        if not command:
            await self._fail(UNKNOWN, send)
            return
        try:
            await command(data[2:], send)
        except Exception as e:  # a bug of ours: log it, and keep the console
            self._log.error("improv", "command {}: {!r}".format(data[0], e))
            await self._fail(FAILED, send)

    async def _fail(self, error, send):
        self._error = error
        await send(packet(ERROR, bytes((error,))))

    async def _enter(self, state, send):
        """Report a state, and that an error is over."""
        if self._error:
            self._error = NO_ERROR
            await send(packet(ERROR, bytes((NO_ERROR,))))
        await send(packet(STATE, bytes((state,))))

    async def _send_state(self, _, send):
        if self._wifi.up.is_set():
            await self._enter(PROVISIONED, send)
            await self._send_url(_GET_STATE, send)
        else:
            await self._enter(READY, send)

    async def _send_url(self, command, send):
        await send(result(command, ("http://{}/".format(self._wifi.address()),)))

    async def _send_info(self, _, send):
        await send(result(_GET_INFO, self._info + (self._settings["topic"],)))

    async def _scan(self, _, send):
        for ssid, rssi, secured in await self._wifi.scan():
            await send(result(_SCAN, (ssid, str(rssi), "YES" if secured else "NO")))
        await send(result(_SCAN, ()))

    async def _set_wifi(self, data, send):
        try:
            ssid, password = strings(data)
        except ValueError:
            await self._fail(INVALID, send)
            return
        await self._enter(PROVISIONING, send)
        failure = _refusal(ssid, password)
        failure = failure or await self._wifi.attempt(ssid, password, self._join_ms)
        if failure:
            self._log.error("improv", "the network is not saved: " + failure)
            await self._fail(NOT_CONNECTED, send)
            await send(packet(STATE, bytes((READY,))))
        elif not self._save(ssid, password):  # it is in use, and the log says why it is not saved
            await self._fail(FAILED, send)
        else:
            await self._enter(PROVISIONED, send)
            await self._send_url(_SET_WIFI, send)

    def _save(self, ssid, password):
        """Put a network in force that the camera has joined; return True if it is in flash."""
        self._settings.keep("ssid", ssid)
        self._settings.keep("password", password)
        return self._settings.flush()


def _refusal(ssid, password):
    """Return the reason why the settings do not accept a network, or ""."""
    for name, text in (("ssid", ssid), ("password", password)):
        try:
            find(name)[CHECK](text)
        except BadArgument as e:
            return "{}: {}".format(name, e)
    return ""
