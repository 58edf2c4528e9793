"""Settings: the power fails at each operation of the flash while they are saved."""

import contextlib
import itertools

import httpx
import pytest
import trustme
from errors import PowerFailure
from flashed import MODES
from flashsettings import board_with, in_force, is_password, patched, save, settings_of
from probe import NO_BROKER
from scenarios import at_once
from sim import Simulator, wait_until

from app.settings.schema import CHECK, DEFAULT, FLAGS, HASHED, HIDDEN, KEY, NAME, SCHEMA, find
from proto.values import BadArgument

TEXTS = (  # each setting accepts two of them
    *("first-value", "other-value", "7", "8", "2", "0", "1", "11", "12"),
    *("%topic%/%prefix%", "%prefix%/%topic%"),
    *("mqtt://first", "http://first/x", "10.1.2.3", "10.1.2.4", "UTC1", "UTC2"),
    *("255.0.0.0", "255.255.0.0", "https://first/x", "sun", "06:00-07:00", "1,2", "3,4"),
    *("learn", "ab" * 32, "ab" * 24, "cd" * 24),
)
SEVERAL = ("ssid", "password", "mqtthost", "mqttuser", "mqttpass", "mqttca", "topic", "pulse")
PEM_FILES = [find(name)[KEY] for name in ("mqttca", "mqttcert", "mqttkey")]
RECOVERY = 9  # operations of a recovery, at most


@pytest.fixture
def files(monkeypatch):
    return patched(monkeypatch)


def two_texts(row):
    """Return two texts that mean different values, the default last."""
    accepted = {}
    for text in TEXTS:
        with contextlib.suppress(BadArgument):
            accepted.setdefault(row[CHECK](text), text)
    return [accepted[value] for value in sorted(accepted, key=row[DEFAULT].__eq__)][:2]


class Saves:
    """Saves of settings on boards in this process, all of which start with `old`."""

    def __init__(self, files):
        self._files = files
        board = board_with(files)  # also lets the fixture's checks accept any text
        rows = [row for row in SCHEMA if not row[FLAGS] & HIDDEN]
        self.old, self.new = ({row[NAME]: two_texts(row)[n] for row in rows} for n in range(2))
        key = self.old.pop("otakey")  # once set, it stays
        self.new["otakey"] = key
        for _ in range(2):  # new topics force a clean session once
            save(self.old)
        self._cells = board.cells()
        self.before = self.stored()

    def stored(self):
        """Return the settings after a start of the board; of a password its text."""
        values = in_force(settings_of(), self._files)
        for name in (row[NAME] for row in SCHEMA if row[FLAGS] & HASHED):
            texts = (self.old[name], self.new[name])
            values[name] = [text for text in texts if is_password(text, values[name])]
        return values

    def board(self, cells=None, seed=0):
        return board_with(self._files, cells or self._cells, seed)

    def after(self, values):
        """Return the settings after a save of {name: text} without a fault."""
        self.board()
        save(values)
        return self.stored()

    def cut(self, values, number, mode):
        """Cut the power at an operation of a save; return the flash, None if it has fewer."""
        board = self.board(seed=number)
        board.flash.plan(number, mode)
        try:
            save(values)
            return None
        except PowerFailure:
            return board.cells()

    def every_cut(self, values, mode):
        """Yield the settings after a cut at each operation of a save, and after none."""
        for number in itertools.count(1):
            cells = self.cut(values, number, mode)
            if cells:
                self.board(cells)
            yield self.stored()
            if not cells:
                break

    def names(self):
        return self._files.names()


def check_order(seen, before, after):
    """Fail unless all states are old, and then all are new."""
    assert before != after
    assert all(state in (before, after) for state in seen)
    news = [state == after for state in seen]
    assert news == sorted(news) and news[-1]


def test_v1_power_cut_while_a_setting_is_saved(files, row, tmp_path):
    """Each setting is old or new, and no other one changes; then commands on the whole camera."""
    saves = Saves(files)
    names = list(saves.new)
    if not row.full:
        names = ["ssid", "pulse", "mqttca", "topic", *row.chance.sample(names, 4)]
    for name in names:
        values = {name: saves.new[name]}
        after = saves.after(values)
        for mode in MODES:
            with row.injection(f"{name} {mode}"):
                seen = list(saves.every_cut(values, mode))
                check_order(seen, saves.before, after)
                row.count(len(seen) - 2)
    if row.full:
        cuts = at_once(*(lambda mode=mode: typed(tmp_path / mode, mode) for mode in MODES))
        row.count(sum(cuts))
        row.figure("on the whole camera", sum(cuts), "cuts")


def test_v2_power_cut_in_a_save_of_several(files, row, tmp_path):
    """Texts, numbers and a file are all old or all new; then the API of the whole camera."""
    saves = Saves(files)
    several = {name: saves.new[name] for name in SEVERAL}
    for values in (
        several,
        {**several, "mqttuser": "", "mqttpass": ""},
        {**several, "mqttca": ""},
    ):
        after = saves.after(values)
        for mode in MODES:
            with row.injection(mode):
                seen = list(saves.every_cut(values, mode))
                check_order(seen, saves.before, after)
                assert len(seen) > len(SEVERAL) + 1
                row.count(len(seen) - 2)
    if row.full:
        cuts = at_once(*(lambda mode=mode: posted(tmp_path / mode, mode) for mode in MODES))
        row.count(sum(cuts))
        row.figure("on the whole camera", sum(cuts), "cuts")


def test_v5_second_power_cut_during_the_recovery(files, row):
    """The second cut hits the start after the first one; then a save works."""
    saves = Saves(files)
    several = {name: saves.new[name] for name in SEVERAL}
    after = saves.after(several)
    length = next(n for n in itertools.count(1) if not saves.cut(several, n, "before")) - 1
    interrupted = 0
    for number in range(row.times(500, 60)):
        first = row.chance.randint(1, length), row.chance.choice(MODES)
        second = row.chance.randint(1, RECOVERY), row.chance.choice(MODES)
        with row.injection(f"{first} {second}"):
            board = saves.board(saves.cut(several, *first), number)
            board.flash.plan(*second)
            try:
                settings_of()
            except PowerFailure:
                interrupted += 1
            saves.board(board.cells())
            assert saves.stored() in (saves.before, after)
            save(several)
            assert saves.stored() == after
            assert sorted(saves.names()) == PEM_FILES  # none is left from a save
    assert interrupted > row.injected / 10
    row.figure("recoveries interrupted", interrupted)


# The whole camera

OLD = {"topic": "old", "pulse": "1", "timezone": "UTC1", "mqttuser": "before"}
NEW = {"topic": "new", "pulse": "2", "timezone": "UTC2", "mqttuser": "behind"}
UNTOUCHED = {"STA_SSID": "sim", "STA_PASS": "simulated", "MQTT_PUBINTERV": 77}


def held(camera, names):
    """Return {name: text} of what NVS holds."""
    entries = camera.control("nvs")["nvs"]["syscfg"]
    return {name: str(entries.get(find(name)[KEY], "")) for name in names}


def operations(camera):
    return camera.control("flash")["operations"]


def wait_held(camera, values):
    wait_until(lambda: held(camera, values) == values, 10, "the save")


def type_all(camera, values):
    """Type all commands at once so that one save writes them; `topic` restarts the camera."""
    boots = camera.facts["boots"]
    camera.type("".join(f"{name} {value}\n" for name, value in values.items()))
    return boots + 1


def typed(folder, mode):
    """Cut the power at every operation of a save of four commands; return the number of cuts."""
    settings = {**OLD, "pubinterval": "77"}
    with Simulator(folder, NO_BROKER, settings) as camera:
        for number in itertools.count(1):
            if held(camera, OLD) != OLD:
                camera.wait_boot(type_all(camera, OLD))
                wait_held(camera, OLD)
            before = operations(camera)
            camera.control("power_cut", after_ops=number, mode=mode)
            boot = type_all(camera, NEW)
            wait_cut_or_boot(camera, before + number, boot)
            reached = operations(camera) - before >= number
            camera.control("power_on")
            camera.wait_boot(boot)
            found = held(camera, NEW)
            assert all(found[name] in (OLD[name], NEW[name]) for name in NEW), found
            assert all(camera.command(name) == found[name] for name in NEW)
            entries = camera.control("nvs")["nvs"]["syscfg"]
            assert {key: entries[key] for key in UNTOUCHED} == UNTOUCHED
            assert camera.get("/").status_code == 200
            if not reached:
                assert number > len(NEW)  # at least one for each setting
                return number - 1


def wait_cut_or_boot(camera, count, boot):
    """Wait for an operation of the flash, or for a start."""

    def seen():
        return operations(camera) >= count or camera.facts["boots"] >= boot

    wait_until(seen, 10, "the cut, or the restart", 0.05)


def posted(folder, mode):
    """Cut the power at every operation of a POST of six settings, one of them a file.

    Return the number of cuts.
    """
    both = [
        {
            "ntpserver": f"{word} server",
            "otaurl": f"http://{word}/x",
            "mqttuser": f"{word} user",
            "mqttpass": f"{word} secret",
            "timezone": zone,
            "mqttca": trustme.CA().cert_pem.bytes().decode(),
        }
        for word, zone in (("old", "UTC1"), ("new", "UTC2"))
    ]
    with Simulator(folder, NO_BROKER) as camera:
        for number in itertools.count(1):
            if state(camera, both[0]) != both[0]:
                assert post(camera, both[0]).json()["saved"]
            boots, before = camera.facts["boots"], operations(camera)
            camera.control("power_cut", after_ops=number, mode=mode)
            response = None
            with contextlib.suppress(httpx.TransportError):
                response = post(camera, both[1])
            reached = operations(camera) - before >= number
            if not reached:
                assert response.json()["saved"]
                camera.control("power_cut")
            camera.control("power_on")
            camera.wait_boot(boots + 1)
            assert state(camera, both[1]) in (both if reached else both[1:]), number
            assert camera.get("/").status_code == 200
            if not reached:
                return number - 1


def post(camera, values):
    return httpx.post(camera.url + "/api/settings", json=values, timeout=10, trust_env=False)


def state(camera, values):
    """Return what is stored of {name: value}, files included."""
    path = find("mqttca")[KEY]
    is_there = path in camera.files.paths()
    return {**held(camera, values), "mqttca": camera.files.read(path).decode() if is_there else ""}
