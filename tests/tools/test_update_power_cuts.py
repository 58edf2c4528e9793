"""Power cuts at every flash operation of an update: the old or the new image starts.

The firmware's own code and the simulator's bootloader run in-process on one flash.
"""

import itertools
import random

import pytest
from errors import PowerFailure
from flashed import OLD
from images import KB, image
from inprocess import Board, Firmware, finished

from proto.values import BadArgument

UPDATE = "v9.9.9"
IMAGE = image(UPDATE, size=64 * KB)
SMALL = image(UPDATE, size=12 * KB)
MODES = ("before", "torn", "after")
SETTINGS = {"STA_SSID": "73696d", "MQTT_PUBINTERV": 77}


class Bytes:
    """Update as read from a source."""

    def __init__(self, data, piece=1_460):
        self._data = memoryview(data)
        self._piece = piece
        self.left = len(data)

    async def read(self, view):
        part = await self.read_some(len(view))
        view[: len(part)] = part
        return len(part)

    async def read_some(self, most):
        at = len(self._data) - self.left
        part = self._data[at : at + min(most, self._piece)]
        self.left -= len(part)
        return part


class Server(Bytes):
    """Stands in for the network, with one response of a web server."""

    def __init__(self, data):
        super().__init__(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    async def connect(self, host, port, context):
        return self

    async def send(self, data):
        pass

    def recv_into(self, view, stall_ms=0):
        return self.read(view)

    def close(self):
        pass


def by_upload(board, force=False, data=IMAGE):
    finished(Firmware(board).install(Bytes(data).read, len(data), force))


def by_mqtt(board):
    assert Firmware(board).push(Bytes(IMAGE, 2_048)) == ""


def by_http(board):
    firmware = Firmware(board, Server(IMAGE), otaurl="http://host/fw.bin")
    assert firmware.pull() == "Upgrade " + OLD
    assert firmware.state == "installed"


SOURCES = (by_upload, by_mqtt, by_http)


@pytest.fixture(scope="module")
def new():
    """Return a function that creates boards with settings after one start of the old image."""
    first = Board()
    for key, value in SETTINGS.items():
        first.nvs.put("syscfg", key, value)
    assert first.start() == OLD
    cells = first.cells()
    return lambda seed=0: Board(cells, seed)


def after_trial(board):
    """Return the firmware after its first minute."""
    firmware = Firmware(board)
    finished(firmware.trial.judge())
    return firmware


def to_the_end(board, update=by_upload):
    """Start, update if the old image runs, and confirm the new one, without a cut."""
    version = board.start()
    if version == OLD:
        after_trial(board)
        update(board)
        version = board.start()
    assert version == UPDATE
    firmware = after_trial(board)
    if firmware.trial.unconfirmed:
        assert firmware.cmd_mqttotaconfirm("1") == "Confirmed OTA image"
    assert board.start() == board.start() == UPDATE
    after_trial(board)
    assert board.nvs.report() == {"nvs": {"syscfg": {"STA_SSID": "sim", "MQTT_PUBINTERV": 77}}}
    assert board.flash.unerased == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_every_operation(new, source, mode):
    for number in itertools.count(1):
        board = new(number)
        assert board.start() == OLD
        board.flash.plan(number, mode)
        try:
            source(board)
            break  # the update has fewer operations
        except PowerFailure:
            pass
        assert board.start() in (OLD, UPDATE), number
        after_trial(board)
        if board.boot.running.name == "ota_0":
            assert board.nvs.peek("syscfg", "OTA_TRIED") is None
            to_the_end(board, source)
    assert number > 2 * len(IMAGE) // 4096 + 3  # each block was erased and written


def run_update(board):
    """Run from the start of the old image to the confirmed start of the new one."""
    while board.start() == OLD:
        after_trial(board)
        try:
            by_upload(board, data=SMALL)
        except BadArgument as refused:
            assert "failed already" in str(refused)  # cut before the confirmation
            by_upload(board, force=True, data=SMALL)
    firmware = after_trial(board)
    if firmware.trial.unconfirmed:
        firmware.cmd_mqttotaconfirm("1")
    assert board.start() == UPDATE
    after_trial(board)


def test_two_random_cuts(new):
    board = new()
    run_update(board)
    length = board.flash.operations
    chance = random.Random(7)
    for pair in range(500):
        board = new(pair)
        cuts = [(chance.randrange(1, length + 1), chance.choice(MODES)) for _ in range(2)]
        for cut in cuts:
            board.flash.plan(*cut)
            try:
                run_update(board)
                break  # the new image is confirmed before the cut
            except PowerFailure:
                pass
        board.flash._cut_at = None
        run_update(board)
        assert board.start() == board.start() == UPDATE, cuts
        held = board.nvs.report()["nvs"]["syscfg"]
        assert held == {"STA_SSID": "sim", "MQTT_PUBINTERV": 77}, cuts
        assert board.flash.unerased == 0


def test_any_byte_of_the_body(new):
    """Images with random bit flips are refused and never start."""
    chance = random.Random(11)
    board = new()
    assert board.start() == OLD
    places = [*range(320), *(chance.randrange(len(SMALL)) for _ in range(2000))]
    for at in places:
        data = bytearray(SMALL)
        data[at] ^= 1 << chance.randrange(8)
        with pytest.raises(BadArgument):
            by_upload(board, data=bytes(data))
    assert board.start() == OLD
    assert board.nvs.peek("syscfg", "OTA_TRIED") is None


@pytest.mark.parametrize("size", [0, 1, 287, *range(4096, 64 * KB, 4096), 64 * KB - 1])
def test_truncated(new, size):
    board = new()
    assert board.start() == OLD
    with pytest.raises(BadArgument):
        by_upload(board, data=IMAGE[:size])
    assert board.start() == OLD
