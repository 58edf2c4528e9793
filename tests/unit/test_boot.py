"""boot.py, hal.bootnote and hal.appslot: the copy of the application that starts after a fault."""

import os
import sys
import unittest

import suite
import vfs
from fakeboard import NVS, Partition, PowerCut, Reset, machine

from hal import appslot, bootnote, chip

A, B, OWN = "app_a", "app_b", ""
POWER, HARD, WDT = machine.PWRON_RESET, machine.HARD_RESET, machine.WDT_RESET


EMPTY = b"PK\x05\x06" + bytes(18)  # an archive without files
searched = []  # sys.path as boot.py leaves it


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def start(cause=HARD):
    """Run boot.py as the board does; return the copy that it selects."""
    machine.cause, machine.watchdogs = cause, []
    path = list(sys.path)
    sys.modules.pop("boot", None)
    try:
        __import__("boot")
        searched[:] = sys.path
        first = sys.path[0]
        if first[1:] not in (A, B):
            return OWN
        vfs.umount(first)
        return first[1:]
    finally:
        sys.path[:] = path


def starts(count, cause=HARD):
    """Return the copies selected by `count` consecutive failing starts."""
    return [start(cause) for _ in range(count)]


class BadZipFS:
    error = None

    def __init__(self, path):
        pass

    def mount(self, read_only, make):
        raise BadZipFS.error


class BadModule:
    """Stands in for hal.zipfs."""

    ZipFS = BadZipFS


class BootTestCase(unittest.TestCase):
    """Board with both copies that starts from the firmware's own application."""

    def setUp(self):
        NVS.stored, NVS.full, NVS.cut, NVS.writes = {}, False, None, 0
        Partition.image = b"v1.0.0"
        for copy in (A, B):
            write(copy + ".zip", EMPTY)

    def confirmed(self, *copies):
        """Install and confirm each copy in turn."""
        for copy in copies:
            appslot.choose(copy)
            self.assertEqual(start(), copy)
            self.assertTrue(appslot.confirm())
            chip.healthy()


class TestWithoutWiFi(BootTestCase):
    def test_starts_are_counted_but_never_lead_to_safe_mode(self):
        NVS.stored.clear()
        start(POWER)
        counts = []
        for _ in range(9):
            counts.append(chip.count_start_without_wifi())
            start(HARD)
            self.assertFalse(appslot.safe_mode())
        self.assertEqual(counts, [0, 1, 2, 3, 4, 5, 5, 5, 5])
        chip.healthy()
        self.assertEqual(chip.count_start_without_wifi(), 0)

    def test_full_flash(self):
        NVS.stored.clear()
        start(POWER)
        for _ in range(5):
            start(HARD)
        NVS.full = True
        self.assertEqual(chip.count_start_without_wifi(), 5)

    def test_failing_copy_is_given_up(self):
        self.confirmed(A, B)
        for expected in (B, B, B, A):
            chip.count_start_without_wifi()
            self.assertEqual(start(HARD), expected)


class TestUpdate(BootTestCase):
    def test_new_board(self):
        self.assertEqual(starts(2, POWER), [OWN, OWN])
        self.assertEqual((appslot.running(), appslot.spare(), appslot.failed()), (OWN, A, ""))
        self.assertFalse(appslot.unconfirmed())
        self.assertFalse(appslot.confirm())
        self.assertEqual(NVS.writes, 0)

    def test_copy_comes_first_and_files_last(self):
        """The PC has a folder /lib, as a board with the application as files has."""
        before = [place for place in sys.path if place not in ("", "/lib")]
        path, sys.path[:] = sys.path[:], ["", before[0], "/lib"] + before[1:]
        try:
            start()
            self.assertEqual(searched, before + ["/lib", ""])
            self.confirmed(A)
            self.assertEqual(searched, ["/app_a"] + before + ["/lib", ""])
        finally:
            sys.path[:] = path

    def test_confirmed_copy_stays(self):
        self.confirmed(A)
        self.assertEqual((appslot.running(), appslot.spare()), (A, B))
        self.assertEqual(starts(4, POWER), [A] * 4)
        self.confirmed(B)
        self.assertEqual((appslot.running(), appslot.spare()), (B, A))
        self.assertFalse(appslot.unconfirmed())

    def test_any_restart_rejects_an_unconfirmed_copy(self):
        for cause in (POWER, HARD, WDT):
            self.setUp()
            self.confirmed(A)
            appslot.choose(B)
            self.assertEqual(start(HARD), B)
            self.assertTrue(appslot.unconfirmed())
            self.assertEqual(machine.watchdogs, [60_000])
            self.assertEqual(start(cause), A)
            self.assertEqual(machine.watchdogs, [])
            self.assertFalse(appslot.unconfirmed())
            self.assertEqual((appslot.failed(), appslot.spare()), (B, B))

    def test_soft_reset_is_not_a_restart(self):
        appslot.choose(A)
        self.assertEqual(start(), A)
        self.assertEqual(start(machine.SOFT_RESET), A)
        self.assertEqual(machine.watchdogs, [])
        self.assertTrue(appslot.unconfirmed())
        self.assertEqual(start(), OWN)

    def test_failed_copy_can_be_retried(self):
        appslot.choose(A)
        self.assertEqual(starts(2), [A, OWN])
        self.confirmed(A)
        self.assertEqual(start(), A)
        self.assertEqual(appslot.failed(), "")

    def test_missing_or_damaged_copy(self):
        self.confirmed(A, B)
        os.remove("app_b.zip")
        self.assertEqual(starts(2), [A, A])
        self.assertEqual(appslot.failed(), B)
        write("app_a.zip", b"x" * 1_024)
        self.assertEqual(start(), OWN)

    def test_folder_of_an_earlier_firmware_is_ignored_and_erased(self):
        os.mkdir("app_a")
        write("app_a/x.py", b"")
        self.confirmed(A, B)
        chip.forget([])
        with self.assertRaises(Reset):
            start()
        self.assertFalse("app_a" in os.listdir())

    def test_mount_error_counts_as_a_failed_start(self):
        """After any mount error the board restarts under a watchdog and falls back."""
        self.confirmed(A)
        appslot.choose(B)
        for error in (OSError(1), MemoryError(), AttributeError()):
            BadZipFS.error = error
            sys.modules["hal.zipfs"] = BadModule
            with self.assertRaises(Reset):
                start()
            self.assertEqual(machine.watchdogs, [60_000])
            self.assertEqual(start(), A)
            self.assertEqual(appslot.failed(), B)
            appslot.choose(B)

    def test_missing_copy_cannot_be_selected(self):
        self.confirmed(A)
        os.remove("app_b.zip")
        appslot.choose(B)
        self.assertEqual(starts(2), [A, A])

    def test_copy_is_not_tried_when_the_note_cannot_be_saved(self):
        self.confirmed(A)
        appslot.choose(B)
        NVS.full = True
        self.assertEqual(starts(2), [OWN, OWN])
        NVS.full = False
        self.assertEqual(start(), B)


class TestFirmware(BootTestCase):
    """Each firmware image runs its own copy."""

    def test_copy_runs_again_once_its_firmware_is_back(self):
        self.confirmed(B, A)
        Partition.image = b"v2.0.0"
        self.assertEqual(starts(2), [OWN, OWN])
        self.assertEqual((appslot.running(), appslot.unconfirmed()), (OWN, False))
        chip.healthy()
        Partition.image = b"v1.0.0"  # rolled back
        self.assertEqual(starts(2), [A, A])
        self.assertEqual(appslot.spare(), B)

    def test_next_copy_belongs_to_the_new_firmware(self):
        self.confirmed(A)
        Partition.image = b"v2.0.0"
        start()
        appslot.choose(B)
        self.assertEqual(start(), B)
        self.assertEqual(start(), OWN)  # unconfirmed; the previous copy belongs to another image
        self.confirmed(B)
        Partition.image = b"v1.0.0"
        self.assertEqual(start(), OWN)

    def test_crashes_of_every_firmware_count(self):
        self.confirmed(A)
        Partition.image = b"v2.0.0"
        self.assertEqual(starts(6), [OWN] * 6)
        self.assertTrue(appslot.safe_mode())
        chip.healthy()
        Partition.image = b"v1.0.0"
        self.assertEqual(start(), A)
        self.assertFalse(appslot.safe_mode())


class TestCrashes(BootTestCase):
    def test_three_crashes_select_the_other_copy_then_safe_mode(self):
        self.confirmed(A, B)
        self.assertEqual(starts(3), [B, B, B])
        self.assertEqual(starts(2), [A, A])
        self.assertEqual(appslot.failed(), B)
        self.assertFalse(appslot.safe_mode())
        self.assertEqual(starts(3), [OWN] * 3)
        self.assertTrue(appslot.safe_mode())

    def test_watchdog_never_counts_against_a_confirmed_copy(self):
        self.confirmed(A, B)
        self.assertEqual(starts(10, WDT), [B] * 10)
        self.assertFalse(appslot.safe_mode())
        self.assertEqual(appslot.failed(), "")
        self.assertEqual(starts(2) + starts(2, WDT) + starts(2), [B] * 5 + [A])

    def test_watchdog_counts_without_a_copy(self):
        self.assertEqual(starts(6, WDT), [OWN] * 6)
        self.assertTrue(appslot.safe_mode())

    def test_healthy_start_keeps_the_other_copy(self):
        self.confirmed(A, B)
        self.assertEqual(starts(4), [B, B, B, A])
        chip.healthy()
        self.assertEqual(starts(3), [A] * 3)

    def test_safe_mode_without_copies_ends_with_a_healthy_start(self):
        self.assertEqual(starts(5), [OWN] * 5)
        self.assertFalse(appslot.safe_mode())
        start()
        self.assertTrue(appslot.safe_mode())
        start(POWER)
        self.assertTrue(appslot.safe_mode())
        chip.healthy()
        start()
        self.assertFalse(appslot.safe_mode())

    def attempt(self):
        """Let safe mode, which goes well, try a normal start; return True if it is one."""
        chip.healthy()
        with self.assertRaises(Reset):
            chip.attempt()
        start()
        return not appslot.safe_mode()

    def test_failed_attempt_of_a_normal_start_leads_back_to_safe_mode(self):
        starts(6)
        for count in range(1, 5):
            self.assertTrue(self.attempt())
            self.assertEqual(chip.attempts(), count)
            start()
            self.assertTrue(appslot.safe_mode())

    def test_attempt_that_goes_well_ends_safe_mode(self):
        starts(6)
        self.assertTrue(self.attempt())
        chip.healthy()
        self.assertEqual((chip.attempts(), start()), (0, OWN))
        self.assertFalse(appslot.safe_mode())

    def test_restart_by_a_user_forgets_the_attempts(self):
        starts(6)
        self.attempt()
        start()
        self.assertTrue(appslot.safe_mode())
        chip.healthy()
        with self.assertRaises(Reset):
            chip.reset()
        start()
        self.assertEqual((appslot.safe_mode(), chip.attempts()), (False, 0))

    def test_attempt_with_full_flash_restarts_all_the_same(self):
        starts(6)
        NVS.full = True
        with self.assertRaises(Reset):
            chip.attempt()

    def test_two_crashes_and_a_healthy_start_change_nothing(self):
        self.confirmed(A)
        for _ in range(5):
            self.assertEqual(starts(2), [A, A])
            chip.healthy()

    def test_power_on_is_not_a_crash(self):
        self.confirmed(A)
        self.assertEqual(starts(10, POWER), [A] * 10)
        self.assertFalse(appslot.safe_mode())

    def test_unchanged_notes_are_not_written(self):
        self.confirmed(A)
        before = NVS.writes
        starts(3, POWER)
        chip.healthy()
        self.assertEqual(NVS.writes, before)


GONE = "erase erase.new erase.fill ca.pem other.pem.new app_a.zip app_b.zip app_b.zip.new"


class TestFactoryReset(BootTestCase):
    """NVS and all files are erased before anything else runs, even after a power cut."""

    ALL = [((1, 2), block) for block in range(4)]

    def setUp(self):
        super().setUp()
        Partition.log, Partition.cut, Partition.only_image = [], None, False
        Partition.table = [(1, 2), (0, 16), (0, 17)]

    def request(self):
        for name in ("ca.pem", "other.pem.new"):
            with open(name, "w") as f:
                f.write("canary" * 50)
        chip.forget(["ca.pem", "other.pem", "none.pem"])

    def erase(self):
        self.request()
        write("app_b.zip.new", EMPTY)
        with self.assertRaises(Reset):
            start()
        for name in GONE.split():
            self.assertFalse(name in os.listdir(), name)

    def test_without_a_factory_image(self):
        self.erase()
        self.assertEqual(Partition.log, self.ALL)
        start()
        self.assertEqual(Partition.log, self.ALL)  # once

    def test_factory_image_is_chosen(self):
        Partition.table = [(1, 2), (0, 0), (0, 16)]
        self.erase()
        self.assertEqual(Partition.log, self.ALL + [((0, 0), "boot")])

    def test_factory_image_is_the_only_one(self):
        Partition.table, Partition.only_image = [(1, 2), (0, 0)], True
        self.erase()
        self.assertEqual(Partition.log, self.ALL)

    def test_power_cut_at_every_operation(self):
        for cut in range(4):
            self.setUp()
            self.request()
            Partition.cut = cut
            with self.assertRaises(PowerCut):
                start()
            Partition.cut, Partition.log = None, []
            with self.assertRaises(Reset):
                start(POWER)
            self.assertEqual(Partition.log, self.ALL)


class RAM:
    """Flash for a real littlefs; `cells` still shows freed data."""

    def __init__(self, blocks=48):
        self.cells = bytearray(b"\xff" * (4_096 * blocks))

    def readblocks(self, block, buffer, offset=0):
        at = 4_096 * block + offset
        buffer[:] = self.cells[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = 4_096 * block + offset
        self.cells[at : at + len(buffer)] = buffer

    def ioctl(self, request, block):
        if request == 6:
            self.cells[4_096 * block : 4_096 * (block + 1)] = b"\xff" * 4_096
        return {4: len(self.cells) // 4_096, 5: 4_096}.get(request, 0)


class TestLittlefs(BootTestCase):
    def test_no_data_of_old_or_new_files_remains_in_flash(self):
        ram = RAM()
        vfs.VfsLfs2.mkfs(ram)
        here = os.getcwd()
        vfs.mount(vfs.VfsLfs2(ram), "/flash")
        os.chdir("/flash")
        try:
            for text in ("canary-1 ", "canary-2 ", "canary-3 "):
                with open("ca.pem.new", "w") as f:
                    f.write(text * 600)
                os.rename("ca.pem.new", "ca.pem")
            with open("main.py", "w") as f:
                f.write("kept " * 1_000)
            self.assertTrue(b"canary-1" in ram.cells and b"canary-3" in ram.cells)
            chip.forget(["ca.pem"])
            with self.assertRaises(Reset):
                start()
            self.assertFalse(b"canary" in ram.cells)
            with open("main.py") as f:
                self.assertEqual(f.read(), "kept " * 1_000)
            self.assertEqual(os.listdir(), ["main.py"])
        finally:
            os.chdir(here)
            vfs.umount("/flash")


class TestNotes(BootTestCase):
    def test_stored_format(self):
        """Firmware and copies of all versions share the format, so no bit may move."""
        for number, *fields in (
            (2 << 4, 0, 0, bootnote.VALID, 0, 0, 0),
            (1 | 2 << 2, 1, 2, bootnote.NEW, 0, 0, 0),
            (2 | 1 << 2 | 1 << 4 | 5 << 6 | 1 << 9, 2, 1, bootnote.PENDING, 5, 1, 0),
            (0x7FFFF << 11 | 2 << 4 | 7 << 6, 0, 0, bootnote.VALID, 7, 0, 0x7FFFF),
        ):
            note = bootnote.Note(number)
            found = [note.copy, note.before, note.state, note.starts, note.failed, note.image]
            self.assertEqual(found, fields)
            self.assertEqual(note.number(), number)

    def test_firmware_copy_runs_if_modules_are_missing(self):
        self.confirmed(A)
        path = list(sys.path)
        sys.path[:] = [place for place in path if not place.endswith("/lib")]
        try:
            self.assertEqual(starts(2), [OWN, OWN])
        finally:
            sys.path[:] = path
        self.assertEqual(start(), A)

    def test_application_imports_its_own_modules(self):
        self.confirmed(A)
        for name in ("hal", "hal.bootnote", "hal.zipfs", "proto", "proto.zip"):
            self.assertFalse(name in sys.modules, name)
        self.assertFalse("config" in sys.modules or "config.limits" in sys.modules)

    def test_any_stored_number_starts_a_copy(self):
        appslot.choose(A)
        image = NVS.stored[("boot", "app")] >> 11 << 11
        notes = [image | low for low in range(0, 1 << 11, 61)]
        for note in notes + [0, 5, -1, 0x7FFFFFFF, -0x80000000]:
            for cause in (POWER, HARD, machine.SOFT_RESET):
                NVS.stored = {("boot", "app"): note}
                start(cause)
                self.assertTrue(appslot.spare() in (A, B))
                self.confirmed(A)
                self.assertEqual(start(), A)


def choose(test):
    appslot.choose(B)


def first_start(test):
    appslot.choose(B)
    start()


def confirm(test):
    first_start(test)
    appslot.confirm()


def reject(test):
    first_start(test)
    start()


def crash(test):
    starts(5)


class TestPowerCuts(BootTestCase):
    """After a power cut at any write, one of the two copies starts and an update works."""

    def test_at_every_write(self):
        for scenario in (choose, first_start, confirm, reject, crash):
            for after in (False, True):
                cut = 0
                while self.cut_at(scenario, cut, after):
                    cut += 1
                self.assertTrue(cut)

    def cut_at(self, scenario, cut, after):
        self.setUp()
        self.confirmed(B, A)
        NVS.writes, NVS.cut, NVS.after = 0, cut, after
        try:
            scenario(self)
            reached = False
        except PowerCut:
            reached = True
        NVS.cut = None
        trial = start(POWER)
        self.assertTrue(trial in (A, B), trial)
        if trial == B and not appslot.unconfirmed():
            self.assertTrue(scenario in (confirm, crash))
        elif scenario not in (confirm, crash):
            self.assertEqual(start(POWER), A)
        self.confirmed(A, B)
        return reached


suite.main()
