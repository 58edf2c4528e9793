"""hal.sntp: only a valid response to its own request reaches `ntptime`."""

import struct
import sys
import unittest

import suite

SERVER, OTHER = ("192.0.2.1", 123), ("192.0.2.66", 123)
T2027 = 4_007_836_800  # 2027-01-02 UTC, in NTP's seconds
NTP_1970 = 2_208_988_800


class Network:
    """Stands in for the module `socket`; `responses(request)` returns the received packets."""

    AF_INET = SOCK_DGRAM = 2
    responses = None
    opened = closed = 0

    def getaddrinfo(self, host, port):
        if host == "no.example":
            raise OSError(-2)
        return [(2, 2, 0, "", SERVER)]

    def socket(self, *args):
        self.opened += 1
        return Socket(self)


class Socket:
    def __init__(self, network):
        self._network = network
        self.timeout = None

    def settimeout(self, seconds):
        self.timeout = seconds

    def sendto(self, data, address):
        assert self.timeout and address == SERVER
        self._queue = list(self._network.responses(bytes(data)))
        return len(data)

    def recvfrom(self, size):
        if not self._queue:
            raise OSError(110)
        data, address = self._queue.pop(0)
        return data[:size], address

    def close(self):
        self._network.closed += 1


class NTPTime:
    """Like MicroPython's `ntptime`, accepts any packet."""

    socket = host = None

    def time(self):
        query = bytearray(48)
        query[0] = 0x1B
        address = self.socket.getaddrinfo(self.host, 123)[0][-1]
        s = self.socket.socket(self.socket.AF_INET, self.socket.SOCK_DGRAM)
        try:
            s.settimeout(1)
            s.sendto(query, address)
            message = s.recv(48)
        finally:
            s.close()
        return struct.unpack("!I", message[40:44])[0] - NTP_1970


class Machine:
    """Stands in for the chip's real-time clock."""

    set_to = None

    def __init__(self):
        self.RTC = lambda: self

    def datetime(self, fields):
        self.set_to = fields


network, machine = Network(), Machine()
sys.modules["socket"] = network
sys.modules["ntptime"] = NTPTime()
sys.modules["machine"] = machine
from hal import sntp  # noqa: E402


def response(request, first=0x1C, stratum=2, cookie=None, transmit=T2027):
    packet = bytearray(48)
    packet[0], packet[1] = first, stratum
    packet[24:32] = request[40:48] if cookie is None else cookie
    packet[40:44] = struct.pack("!I", transmit)
    return bytes(packet)


def ask(*responses, host="ntp.example"):
    """Return the time from responses, each a function of the request or (function, address)."""
    network.responses = lambda request: [
        (r[0](request), r[1]) if isinstance(r, tuple) else (r(request), SERVER) for r in responses
    ]
    try:
        seconds, address = sntp.query(host)
        assert address == SERVER[0]
        return seconds
    finally:
        assert network.opened == network.closed, "a socket is still open"


class TestAsk(unittest.TestCase):
    def test_valid_response(self):
        self.assertEqual(ask(response), T2027 - NTP_1970)
        for stratum in (1, 15):
            self.assertEqual(ask(lambda q, n=stratum: response(q, stratum=n)), T2027 - NTP_1970)

    def test_invalid_response_is_an_oserror(self):
        invalid = {
            "stratum 0": lambda q: response(q, stratum=0),
            "kiss of death": lambda q: response(q, stratum=0)[:12] + b"RATE" + response(q)[16:],
            "stratum 16": lambda q: response(q, stratum=16),
            "not synchronised": lambda q: response(q, first=0xDC),
            "a client's packet": lambda q: response(q, first=0x1B),
            "broadcast": lambda q: response(q, first=0x1D),
            "short": lambda q: response(q)[:47],
            "cut in the cookie": lambda q: response(q)[:28],
            "empty": lambda q: b"",
            "no time": lambda q: response(q)[:40] + bytes(8),
            "no cookie": lambda q: response(q, cookie=bytes(8)),
            "wrong cookie": lambda q: response(q, cookie=b"\x5a" * 8),
            "echo": lambda q: q,
        }
        for name, packet in invalid.items():
            with self.assertRaises(OSError, msg=name):
                ask(packet)

    def test_packet_from_another_address_or_port_is_ignored(self):
        for address in (OTHER, (SERVER[0], 124)):
            with self.assertRaises(OSError):
                ask((response, address))

    def test_strays_before_the_response_are_ignored(self):
        forged = lambda q: response(q, transmit=T2027 + 1_000_000)  # noqa: E731
        stale = lambda q: response(q, cookie=b"\1" * 8)  # noqa: E731
        self.assertEqual(ask((forged, OTHER), stale, response), T2027 - NTP_1970)

    def test_flood_of_strays_ends(self):
        with self.assertRaises(OSError):
            ask(*[(response, OTHER)] * 1_000)

    def test_timeout_and_unknown_host(self):
        with self.assertRaises(OSError):
            ask()
        with self.assertRaises(OSError):
            ask(response, host="no.example")

    def test_each_request_has_its_own_cookie(self):
        seen = []
        for _ in range(20):
            ask(lambda q: seen.append(q) or response(q))
        self.assertEqual(len({q[40:48] for q in seen}), 20)
        self.assertTrue(all(len(q) == 48 and q[0] == 0x1B for q in seen))

    def test_old_response_is_refused_for_a_new_request(self):
        kept = []
        ask(lambda q: kept.append(response(q)) or kept[0])
        with self.assertRaises(OSError):
            ask(lambda q: kept[0])

    def test_sets_the_chips_clock(self):
        sntp.set_clock(T2027 - NTP_1970 + 3_723)
        import time

        if time.gmtime(0)[0] == 1970:
            self.assertEqual(machine.set_to, (2027, 1, 2, 5, 1, 2, 3, 0))


suite.main()
