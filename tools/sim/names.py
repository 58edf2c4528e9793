"""Look-ups of host names: the PC's own, with the faults of a bad DNS server."""

import asyncio
import socket

from errors import UsageError, os_error

NTP = 123
_FAILURE = -202
_TIME_SERVER = "192.0.2.123"  # of every host name for port 123, because the runner answers there


class Names:
    """Look-ups in progress; each is polled, so that none delays other calls of the firmware."""

    def __init__(self):
        self._lookups = {}
        self._answer = "ok"
        self._delay_s = 0

    def reset(self):
        for lookup in self._lookups.values():
            lookup.cancel()
        self._lookups.clear()

    def resolve(self, host, port, reachable):
        """Return an IPv4 address, None until the look-up is done; an address needs no network."""
        if _is_address(host):
            return host
        if not reachable:
            self.reset()
            raise os_error(_FAILURE)
        if (host, port) not in self._lookups:
            self._lookups[host, port] = asyncio.ensure_future(self._look_up(host, port))
        if not self._lookups[host, port].done():
            return None
        return self._lookups.pop((host, port)).result()

    async def _look_up(self, host, port):
        await asyncio.sleep(self._delay_s)
        if self._answer == "fail":
            raise os_error(_FAILURE)
        if self._answer != "ok":
            return self._answer
        if port == NTP:
            return _TIME_SERVER
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, family=socket.AF_INET)
        except (OSError, UnicodeError):
            raise os_error(_FAILURE) from None
        return found[0][4][0]

    def change(self, answer="ok", delay_ms=0):
        """Set the answer: ok, an address, or fail, as lwIP reports any error."""
        if answer not in ("ok", "fail") and not _is_address(answer):
            raise UsageError("answer must be ok, fail or an IPv4 address")
        self._answer = answer
        self._delay_s = delay_ms / 1000


def _is_address(host):
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return False
    return True
