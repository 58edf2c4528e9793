"""Updates of boards in this process (inprocess.py), from each source."""

from errors import PowerFailure
from flashed import OLD
from inprocess import Board, Firmware, finished

from proto.values import BadArgument

NEW = "v9.9.9"  # version of the image that Updates install
SETTINGS = {"STA_SSID": "73696d", "MQTT_PUBINTERV": 77}
HELD = {"STA_SSID": "sim", "MQTT_PUBINTERV": 77}  # SETTINGS as NVS reports them


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

    async def send(self, *parts):
        pass

    def recv_into(self, view, stall_ms=0):
        return self.read(view)

    def close(self):
        pass


def by_upload(board, data, force=False, **settings):
    finished(Firmware(board, **settings).install(Bytes(data).read, len(data), force))


def by_mqtt(board, data, force=False):
    why = Firmware(board).push(Bytes(data, 2_048), force)
    if why:
        raise BadArgument(why)


def by_http(board, data, force=False):
    firmware = Firmware(board, Server(data), otaurl="http://host/fw.bin")
    firmware.pull(force)
    if firmware.state != "installed":
        raise BadArgument(firmware.reason)


def after_trial(board):
    """Return the firmware after its first minute."""
    firmware = Firmware(board)
    finished(firmware.trial.judge())
    return firmware


def held(board):
    """Return the settings that NVS holds."""
    return board.nvs.report()["nvs"]["syscfg"]


class Updates:
    """Updates of boards in this process from the old image to the new one."""

    def __init__(self, data, source=by_upload):
        self.data = data
        self._source = source
        first = Board()
        for key, value in SETTINGS.items():
            first.nvs.put("syscfg", key, value)
        assert first.start() == OLD
        self._cells = first.cells()

    def board(self, seed=0):
        return Board(self._cells, seed)

    def update(self, board, force=False):
        self._source(board, self.data, force)

    def operations(self):
        """Return the number of operations from the old image to the confirmed new one."""
        board = self.board()
        self.finish(board)
        return board.flash.operations

    def finish(self, board):
        """Run until the new image is confirmed; an image that failed once needs force."""
        force = False
        while board.start() == OLD:
            after_trial(board)
            try:
                self.update(board, force)
            except BadArgument as refused:
                assert "failed already" in str(refused)  # cut before the confirmation
                force = True
        self.confirm(board)

    def confirm(self, board):
        firmware = after_trial(board)
        if firmware.trial.unconfirmed:
            assert firmware.trial.cmd_mqttotaconfirm("1") == "Confirmed OTA image"
        assert board.start() == board.start() == NEW
        after_trial(board)
        assert held(board) == HELD and board.flash.unerased == 0

    def cut(self, number, mode):
        """Cut the power at an operation of the update; return False if it has fewer."""
        board = self.board(number)
        assert board.start() == OLD
        board.flash.plan(number, mode)
        try:
            self.update(board)
            return False
        except PowerFailure:
            pass
        runs = board.start()
        assert runs in (OLD, NEW)
        after_trial(board)
        if board.boot.running.name == "ota_0":
            assert runs == OLD and board.nvs.peek("syscfg", "OTA_TRIED") is None
        self.finish(board)
        return True
