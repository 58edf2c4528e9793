"""boot.py and hal.appslot: which copy of the application starts, whatever went wrong before."""

import os
import sys
import unittest

import vfs
from fakeboard import NVS, Partition, PowerCut, Reset, machine

from hal import appslot, chip

A, B, OWN = "app_a", "app_b", ""
POWER, HARD, WDT = machine.PWRON_RESET, machine.HARD_RESET, machine.WDT_RESET


EMPTY = bytes(1_024)  # an archive without files


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def start(cause=HARD):
    """Run boot.py as a start does; the copy that it chose."""
    machine.cause, machine.watchdogs = cause, []
    path = list(sys.path)
    sys.modules.pop("boot", None)
    try:
        __import__("boot")
        if sys.path == path:
            return OWN
        vfs.umount(sys.path[0])
        return sys.path[0][1:]
    finally:
        sys.path[:] = path


def starts(count, cause=HARD):
    """The copies of so many starts in a row, none of which comes to anything."""
    return [start(cause) for _ in range(count)]


class BadTarFS:
    error = None

    def __init__(self, path):
        pass

    def mount(self, read_only, make):
        raise BadTarFS.error


class BadModule:
    """Stands for hal.tarfs."""

    TarFS = BadTarFS


class BootTestCase(unittest.TestCase):
    """A board with both copies, that starts from what the firmware holds."""

    def setUp(self):
        NVS.stored, NVS.full, NVS.cut, NVS.writes = {}, False, None, 0
        Partition.image = b"v1.0.0"
        for copy in (A, B):
            write(copy + ".tar", EMPTY)

    def confirmed(self, *copies):
        """One update after the other, each confirmed."""
        for copy in copies:
            appslot.choose(copy)
            self.assertEqual(start(), copy)
            self.assertTrue(appslot.confirm())
            chip.healthy()


class TestUpdate(BootTestCase):
    def test_new_board(self):
        self.assertEqual(starts(2, POWER), [OWN, OWN])
        self.assertEqual((appslot.running(), appslot.spare(), appslot.failed()), (OWN, A, ""))
        self.assertFalse(appslot.unconfirmed())
        self.assertFalse(appslot.confirm())
        self.assertEqual(NVS.writes, 0)

    def test_confirmed_copy_stays(self):
        self.confirmed(A)
        self.assertEqual((appslot.running(), appslot.spare()), (A, B))
        self.assertEqual(starts(4, POWER), [A] * 4)
        self.confirmed(B)
        self.assertEqual((appslot.running(), appslot.spare()), (B, A))
        self.assertFalse(appslot.unconfirmed())

    def test_unconfirmed_copy_is_given_up_by_any_restart(self):
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

    def test_soft_reset_is_no_restart(self):
        appslot.choose(A)
        self.assertEqual(start(), A)
        self.assertEqual(start(machine.SOFT_RESET), A)
        self.assertEqual(machine.watchdogs, [])
        self.assertTrue(appslot.unconfirmed())
        self.assertEqual(start(), OWN)

    def test_failed_one_can_be_tried_again(self):
        appslot.choose(A)
        self.assertEqual(starts(2), [A, OWN])
        self.confirmed(A)
        self.assertEqual(start(), A)
        self.assertEqual(appslot.failed(), "")

    def test_copy_that_is_gone_or_damaged(self):
        self.confirmed(A, B)
        os.remove("app_b.tar")
        self.assertEqual(starts(2), [A, A])
        self.assertEqual(appslot.failed(), B)
        write("app_a.tar", b"x" * 1_024)
        self.assertEqual(start(), OWN)

    def test_folder_of_an_earlier_firmware_does_no_harm(self):
        os.mkdir("app_a")
        write("app_a/x.py", b"")
        self.confirmed(A, B)
        chip.forget([])
        with self.assertRaises(Reset):
            start()
        self.assertFalse("app_a" in os.listdir())

    def test_copy_that_cannot_be_mounted_is_a_start_that_failed(self):
        """Whatever mounting raises: the board starts again, with a watchdog, and falls back."""
        self.confirmed(A)
        appslot.choose(B)
        for error in (OSError(1), MemoryError(), AttributeError()):
            BadTarFS.error = error
            sys.modules["hal.tarfs"] = BadModule
            with self.assertRaises(Reset):
                start()
            self.assertEqual(machine.watchdogs, [60_000])
            self.assertEqual(start(), A)
            self.assertEqual(appslot.failed(), B)
            appslot.choose(B)

    def test_choosing_a_copy_that_is_not_there(self):
        self.confirmed(A)
        os.remove("app_b.tar")
        appslot.choose(B)
        self.assertEqual(starts(2), [A, A])

    def test_what_cannot_be_noted_is_not_tried(self):
        self.confirmed(A)
        appslot.choose(B)
        NVS.full = True
        self.assertEqual(starts(2), [OWN, OWN])
        NVS.full = False
        self.assertEqual(start(), B)


class TestFirmware(BootTestCase):
    """Another firmware image brings a copy of its own."""

    def test_copy_waits_for_its_firmware_to_come_back(self):
        self.confirmed(B, A)
        Partition.image = b"v2.0.0"
        self.assertEqual(starts(2), [OWN, OWN])
        self.assertEqual((appslot.running(), appslot.unconfirmed()), (OWN, False))
        chip.healthy()
        Partition.image = b"v1.0.0"  # it was rolled back
        self.assertEqual(starts(2), [A, A])
        self.assertEqual(appslot.spare(), B)

    def test_next_copy_belongs_to_the_new_firmware(self):
        self.confirmed(A)
        Partition.image = b"v2.0.0"
        start()
        appslot.choose(B)
        self.assertEqual(start(), B)
        self.assertEqual(start(), OWN)  # it was not confirmed: not back to the other firmware's
        self.confirmed(B)
        Partition.image = b"v1.0.0"
        self.assertEqual(start(), OWN)

    def test_crashes_of_any_firmware_count(self):
        self.confirmed(A)
        Partition.image = b"v2.0.0"
        self.assertEqual(starts(6), [OWN] * 6)
        self.assertTrue(appslot.safe_mode())
        chip.healthy()
        Partition.image = b"v1.0.0"
        self.assertEqual(start(), A)
        self.assertFalse(appslot.safe_mode())


class TestCrashes(BootTestCase):
    def test_three_then_the_other_copy_then_safe_mode(self):
        self.confirmed(A, B)
        self.assertEqual(starts(3), [B, B, B])
        self.assertEqual(starts(2, WDT), [A, A])
        self.assertEqual(appslot.failed(), B)
        self.assertFalse(appslot.safe_mode())
        self.assertEqual(starts(3), [OWN] * 3)
        self.assertTrue(appslot.safe_mode())

    def test_healthy_one_keeps_the_other_copy_for_good(self):
        self.confirmed(A, B)
        self.assertEqual(starts(4), [B, B, B, A])
        chip.healthy()
        self.assertEqual(starts(3), [A] * 3)

    def test_safe_mode_without_copies_ends_when_it_is_healthy(self):
        self.assertEqual(starts(5), [OWN] * 5)
        self.assertFalse(appslot.safe_mode())
        start()
        self.assertTrue(appslot.safe_mode())
        start(POWER)
        self.assertTrue(appslot.safe_mode())
        chip.healthy()
        start()
        self.assertFalse(appslot.safe_mode())

    def test_two_and_a_healthy_start_do_not_count(self):
        self.confirmed(A)
        for _ in range(5):
            self.assertEqual(starts(2), [A, A])
            chip.healthy()

    def test_switching_the_power_on_is_no_crash(self):
        self.confirmed(A)
        self.assertEqual(starts(10, POWER), [A] * 10)
        self.assertFalse(appslot.safe_mode())

    def test_quiet_starts_write_nothing(self):
        self.confirmed(A)
        before = NVS.writes
        starts(3, POWER)
        chip.healthy()
        self.assertEqual(NVS.writes, before)


GONE = "erase erase.new erase.fill ca.pem other.pem.new app_a.tar app_b.tar app_b.tar.new"


class TestFactoryReset(BootTestCase):
    """All of NVS and the files, before anything else runs, whatever interrupts it."""

    ALL = [((1, 2), block) for block in range(4)]

    def setUp(self):
        super().setUp()
        Partition.log, Partition.cut, Partition.only_image = [], None, False
        Partition.table = [(1, 2), (0, 16), (0, 17)]

    def asked(self):
        for name in ("ca.pem", "other.pem.new"):
            with open(name, "w") as f:
                f.write("canary" * 50)
        chip.forget(["ca.pem", "other.pem", "none.pem"])

    def erase(self):
        self.asked()
        write("app_b.tar.new", EMPTY)
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
            self.asked()
            Partition.cut = cut
            with self.assertRaises(PowerCut):
                start()
            Partition.cut, Partition.log = None, []
            with self.assertRaises(Reset):
                start(POWER)
            self.assertEqual(Partition.log, self.ALL)


class RAM:
    """Flash for a real littlefs; what was erased or freed stays to be seen."""

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
    def test_nothing_stays_behind_of_files_old_and_new(self):
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
    def test_any_number_starts_something(self):
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


def give_up(test):
    first_start(test)
    start()


def crash(test):
    starts(5)


class TestPowerCuts(BootTestCase):
    """At every write: afterwards one of the two copies starts, and an update still works."""

    def test_at_every_write(self):
        for story in (choose, first_start, confirm, give_up, crash):
            for after in (False, True):
                cut = 0
                while self.cut_at(story, cut, after):
                    cut += 1
                self.assertTrue(cut)

    def cut_at(self, story, cut, after):
        self.setUp()
        self.confirmed(B, A)
        NVS.writes, NVS.cut, NVS.after = 0, cut, after
        try:
            story(self)
            reached = False
        except PowerCut:
            reached = True
        NVS.cut = None
        trial = start(POWER)
        self.assertTrue(trial in (A, B), trial)
        if trial == B and not appslot.unconfirmed():
            self.assertTrue(story in (confirm, crash))
        elif story not in (confirm, crash):
            self.assertEqual(start(POWER), A)
        self.confirmed(A, B)
        return reached


unittest.main()
