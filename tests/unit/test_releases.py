"""app.ota: the manifest of a release, the update it offers, and the state for hubs."""

import asyncio
import hashlib
import json
import os
import sys
import unittest
from binascii import hexlify

import suite
import test_download as web
import test_signature as signing
from fakes import Deadlines, Direct, clock, ended, run, until
from test_updater import NEW, OLD, Camera, image

from aio.connect import Connector
from app.ota.releases import Releases, is_manifest
from app.ota.update_state import UpdateState
from config import limits, product
from proto.manifest import bytecode_name

HERE = bytecode_name(sys.implementation._mpy)
CHECK_MS, RETRY_MS = 240_000, 60_000
OURS = image(b"2.0.0", product.NAME.encode())
NEXT = image(b"9.1.0", product.NAME.encode(), data=bytes(range(256)) * 40)


def row(kind, name, data, **more):
    sha = hexlify(hashlib.sha256(data).digest()).decode()
    found = {"kind": kind, "name": name, "size": len(data), "sha256": sha, "signed": False}
    found.update(more)
    return found


def manifest(*files, version="9.1.0", **more):
    found = {"format": 1, "project": product.NAME, "version": version, "files": files}
    found.update({"min_version": "2.0.0", "summary": "- Sharper pictures."})
    found.update(more)
    return json.dumps(found).encode()


def response(data, status=b"200 OK"):
    head = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(data)
    return [head, data]


class Board(Camera):
    """Camera with the components of releases, and a web server for `otaurl`."""

    def __init__(self, server, deadlines, name="manifest.json", **settings):
        url = "http://127.0.0.1:{}/r/{}".format(server.port, name) if name else ""
        super().__init__(otaurl=url, mqttverify=0, mqttca="", **settings)
        self.board.slots[0].data[: len(OURS)] = OURS
        self._connector = Connector(Direct(), deadlines)
        self.wifi_up, self.clock_set = asyncio.Event(), asyncio.Event()
        self.wifi_up.set()
        self._releases = self.releases = Releases(
            self.settings,
            self._connector,
            self.wifi_up,
            self.clock_set,
            self.log,
            lambda: self.job,
            CHECK_MS,
            RETRY_MS,
        )
        self.changes = []  # states, with the time of each
        self.state_of_updates = UpdateState(
            self.settings, self.releases, self, self._report, self.trial, self._note
        )

    def _note(self, source):
        assert source == "update"
        self.changes.append((clock.now_ms(), self.shown()))

    def shown(self):
        return json.loads(self.state_of_updates.cmd_update(""))

    def reasons(self):
        return [text for _, text in self.log.errors]


class Case(unittest.TestCase):
    def run_case(self, scenario, *responses, name="manifest.json", **settings):
        async def main():
            deadlines = Deadlines(50)
            tasks = [asyncio.create_task(deadlines.run())]
            async with web.Server(*responses) as server:
                board = Board(server, deadlines, name, **settings)
                parts = board, board.releases, board.state_of_updates
                tasks += [asyncio.create_task(part.run()) for part in parts]
                try:
                    await scenario(board, server)
                finally:
                    for task in tasks:
                        await ended(task)

        run(main(), 500_000)


class TestReleases(Case):
    def test_names(self):
        for url in (
            "http://x/manifest.json",
            "https://x/a/M.JSON?token=1.bin",
            "http://x/a.json#",
        ):
            self.assertTrue(is_manifest(url), url)
        for url in ("", "http://x/fw.bin", "http://x/fw.bin?m.json", "http://x/json", "http://x/"):
            self.assertFalse(is_manifest(url), url)

    def test_checked_at_the_start_regularly_and_on_request(self):
        async def scenario(board, server):
            started = clock.now_ms()
            await until(lambda: board.releases.latest)
            self.assertTrue(1_000 <= clock.now_ms() - started < 13_000)
            self.assertIn("GET /r/manifest.json HTTP", server.requests[0])
            self.assertEqual(board.releases.summary, "- Sharper pictures.")
            await asyncio.sleep_ms(CHECK_MS - 2_000)
            self.assertEqual(len(server.requests), 1)
            await asyncio.sleep_ms(5_000)
            self.assertEqual((len(server.requests), board.releases.latest), (2, "9.2.0"))
            board.state_of_updates.cmd_update("1")
            await until(lambda: board.releases.latest == "9.3.0", limit_s=5)
            self.assertEqual(board.reasons(), [])

        found = [response(manifest(version=v)) for v in ("9.1.0", "9.2.0", "9.3.0")]
        self.run_case(scenario, *found)

    def test_first_checks_of_cameras_are_spread(self):
        def delay():
            found = []

            async def scenario(board, server):
                started = clock.now_ms()
                await until(lambda: server.requests)
                found.append(clock.now_ms() - started)

            self.run_case(scenario, response(manifest()))
            return found[0] // 500

        self.assertTrue(len({delay() for _ in range(8)}) > 1)

    def test_waits_for_wifi_and_the_end_of_an_update(self):
        async def scenario(board, server):
            board.wifi_up.clear()
            await asyncio.sleep_ms(20_000)
            board.wifi_up.set()
            board._begin("upload")
            await asyncio.sleep_ms(20_000)
            self.assertEqual((server.requests, board.releases.latest), ([], None))
            board._end()
            await until(lambda: board.releases.latest, limit_s=15)

        self.run_case(scenario, response(manifest()))

    def test_certificates_wait_for_the_time(self):
        async def scenario(board, server):
            url = board.settings["otaurl"].replace("http:", "HTTPS:")
            board.settings["otaurl"] = url
            await asyncio.sleep_ms(20_000)
            self.assertEqual(board.reasons(), [])
            board.clock_set.set()
            await until(board.reasons, limit_s=15)
            self.assertIn("no CA", board.reasons()[0])

        self.run_case(scenario)

    def test_failures_are_logged_once_and_tried_again(self):
        async def scenario(board, server):
            await asyncio.sleep_ms(2 * RETRY_MS - 15_000)
            self.assertEqual(board.reasons(), ["no manifest from otaurl: the server answered 404"])
            self.assertEqual(board.shown()["latest_version"], None)
            await asyncio.sleep_ms(RETRY_MS)
            self.assertEqual(board.shown()["latest_version"], "9.1.0")
            board.state_of_updates.cmd_update("1")
            await until(lambda: len(board.reasons()) == 2)
            self.assertEqual(board.shown()["latest_version"], "9.1.0")  # the newest that is known

        missing = response(b"", b"404")
        found = missing, missing, response(manifest()), response(b"<html>")
        self.run_case(scenario, *found)

    def test_unusable_manifests(self):
        long = manifest(summary="x" * limits.UPDATE_MANIFEST_BYTES)
        endless = b"HTTP/1.1 200 OK\r\n\r\n"
        for found, why in (
            (response(b"<!doctype html>"), "not a JSON object"),
            (response(manifest(project="other")), "another project"),
            (response(manifest(format=2)), "cannot read the format"),
            (response(long), "longer than 8192 bytes"),
            ([endless] + [b" " * 2_000] * 50, "longer than 8192 bytes"),
        ):

            async def scenario(board, server, why=why):
                await until(board.reasons)
                self.assertIn(why, board.reasons()[0])
                self.assertIsNone(board.releases.latest)

            self.run_case(scenario, found)

    def test_another_address_forgets_the_release(self):
        async def scenario(board, server):
            await until(lambda: board.releases.latest)
            url, board.settings["otaurl"] = board.settings["otaurl"], "http://x/fw.bin"
            await until(lambda: board.releases.latest is None, limit_s=2)
            self.assertIsNone(board.shown()["latest_version"])  # a file says nothing before
            board.settings["otaurl"] = ""
            state = board.shown()
            self.assertEqual(state["latest_version"], product.VERSION)
            board.settings["otaurl"] = url
            await until(lambda: board.releases.latest, limit_s=15)

        self.run_case(scenario, response(manifest()), response(manifest()))


class TestUpgrade(Case):
    def installed(self, board, data):
        spare = board.board.spare()
        return spare.bootable and bytes(spare.data[: len(data)]) == data

    def refused(self, why, *responses, otakey="", version=None, argument="1"):
        """Run `upgrade` after the first check; it is refused with a reason on `upgrade`."""

        async def scenario(board, server):
            await until(lambda: board.releases.latest)
            self.assertEqual(board.cmd_upgrade(argument), "Upgrade 2.0.0")
            await until(lambda: board.handler.replies)
            ((name, text),) = board.handler.replies
            self.assertEqual(name, "upgrade")
            self.assertIn(why, text)
            self.assertEqual(board.states(), [("failed", text)])
            await until(lambda: board.job is None)
            self.assertEqual(board.board.spare().erased, 0)
            self.assertIn(why, board.shown()["release_summary"])

        self.run_case(scenario, response(manifest()), *responses, otakey=otakey)

    def test_firmware_from_the_manifest(self):
        async def scenario(board, server):
            await until(lambda: board.releases.latest)
            board.cmd_upgrade("1")
            await until(lambda: board.state == "installed")
            self.assertTrue(self.installed(board, NEXT))
            self.assertIn("GET /r/cam.app-bin HTTP", server.requests[2])
            self.assertEqual((board.restart.requests, board.handler.replies), (1, []))
            state = board.shown()
            self.assertEqual((state["in_progress"], state["update_percentage"]), (True, 100))

        found = response(manifest(row("firmware", "cam.app-bin", NEXT)))
        self.run_case(scenario, found, found, response(NEXT))

    def test_newer_release_than_the_one_shown(self):
        async def scenario(board, server):
            await until(lambda: board.releases.latest)
            board.cmd_upgrade("1")
            await until(lambda: board.state == "installed")
            self.assertEqual(board.shown()["latest_version"], "9.1.0")

        found = response(manifest(row("firmware", "cam.app-bin", NEXT)))
        self.run_case(scenario, response(manifest(version="9.0.0")), found, response(NEXT))

    def test_application_where_another_firmware_runs(self):
        """The file is chosen; that a camera installs it is a test of the whole camera."""

        async def scenario(board, server):
            board.board.slots[0].data[: len(OLD)] = OLD
            await until(lambda: board.releases.latest)
            board.cmd_upgrade("1")
            await until(lambda: len(server.requests) == 3)
            self.assertIn("GET /r/cam.zip HTTP", server.requests[2])

        files = row("firmware", "cam.app-bin", NEXT), row("application", "cam.zip", NEW)
        files[1]["bytecode"] = HERE
        found = response(manifest(*files))
        self.run_case(scenario, found, found, response(b"", b"404"))

    def test_file_that_differs_is_never_started(self):
        changed = NEXT[:-40] + b"?" + NEXT[-39:]
        other = image(b"9.1.0", product.NAME.encode(), data=bytes(range(256)) * 39)
        for data in (changed, other, NEXT + b"x", NEXT[:-1], b""):

            async def scenario(board, server):
                await until(lambda: board.releases.latest)
                board.cmd_upgrade("1")
                await until(lambda: board.states())
                self.assertFalse(board.board.spare().bootable)
                await until(lambda: board.job is None)
                self.assertEqual((board.restart.requests, board.frames.paused), (0, 0))

            found = response(manifest(row("firmware", "cam.app-bin", NEXT)))
            self.run_case(scenario, found, found, response(data))

    def test_valid_image_with_another_digest(self):
        other = image(b"9.1.0", product.NAME.encode(), data=bytes(range(255, -1, -1)) * 40)

        async def scenario(board, server):
            await until(lambda: board.releases.latest)
            board.cmd_upgrade("1")
            await until(lambda: board.states())
            self.assertIn("is not the one in the manifest", board.states()[0][1])
            self.assertFalse(board.board.spare().bootable)

        self.assertEqual(len(other), len(NEXT))
        found = response(manifest(row("firmware", "cam.app-bin", NEXT)))
        self.run_case(scenario, found, found, response(other))

    def test_refused_manifests(self):
        file = row("firmware", "cam.app-bin", NEXT)
        self.refused("not a JSON object", response(b"<html>"))
        self.refused("404", response(b"", b"404 Not Found"))
        self.refused("runs already", response(manifest(file, version=product.VERSION)))
        self.refused("1.0.0 is older than", response(manifest(file, version="1.0.0")))
        self.refused("replaces 8.0.0 or newer", response(manifest(file, min_version="8.0.0")))
        self.refused("has no file for this camera", response(manifest()))
        self.refused("has no file for this camera", response(manifest()), argument="force")

    def test_unsigned_release_for_a_camera_with_a_key(self):
        file = row("firmware", "cam.app-bin", NEXT)
        self.refused("no signed file", response(manifest(file)), otakey="otakey.pem")

    def test_signature_is_checked(self):
        """A manifest cannot vouch for a file that the key has not signed."""
        key = "test-releases-key.pem"
        with open(key, "wb") as f:
            f.write(signing.KEY)

        async def scenario(board, server):
            await until(lambda: board.releases.latest)
            board.cmd_upgrade("1")
            await until(lambda: board.states())
            self.assertEqual(board.states(), [("failed", "not signed")])
            self.assertFalse(board.board.spare().bootable)

        found = response(manifest(row("firmware", "cam.app-bin", NEXT, signed=True)))
        try:
            self.run_case(scenario, found, found, response(NEXT), otakey=key)
        finally:
            os.remove(key)

    def test_force_installs_the_running_version(self):
        async def scenario(board, server):
            await until(lambda: board.releases.latest)
            board.cmd_upgrade("force")
            await until(lambda: board.state == "installed")
            self.assertTrue(self.installed(board, OURS))

        files = row("firmware", "cam.app-bin", OURS)
        found = response(manifest(files, version=product.VERSION))
        self.run_case(scenario, found, found, response(OURS))


class TestState(Case):
    def test_without_otaurl_nothing_is_newer(self):
        async def scenario(board, server):
            await asyncio.sleep_ms(20_000)
            ((_, state),) = board.changes
            self.assertEqual(
                state,
                {
                    "installed_version": product.VERSION,
                    "latest_version": product.VERSION,
                    "title": product.NAME,
                    "release_summary": None,
                    "release_url": None,
                    "in_progress": False,
                    "update_percentage": None,
                },
            )

        self.run_case(scenario, name="")

    def test_release_and_its_page(self):
        async def scenario(board, server):
            await until(lambda: len(board.changes) == 2)
            before, after = [state for _, state in board.changes]
            self.assertIsNone(before["latest_version"])
            self.assertEqual(after["latest_version"], "9.1.0")
            self.assertEqual(after["release_url"], "https://example.com/9.1.0")
            self.assertEqual(len(after["release_summary"]), limits.UPDATE_SUMMARY_CHARS)
            self.assertTrue(after["release_summary"].endswith("..."))

        found = manifest(url="https://example.com/9.1.0", summary="- Better. " * 100)
        self.run_case(scenario, response(found))

    def test_progress_at_most_once_a_second(self):
        async def scenario(board, server):
            await until(lambda: board.releases.latest)
            board.cmd_upgrade("1")
            await until(lambda: board.state == "installed")
            await asyncio.sleep_ms(3_000)
            busy = [(at, state) for at, state in board.changes if state["in_progress"]]
            percents = [state["update_percentage"] for _, state in busy]
            self.assertEqual((percents[0], percents[-1]), (None, 100))
            self.assertTrue(len(percents) > 4, percents)
            self.assertEqual(percents[1:], sorted(percents[1:]))
            times = [at for at, _ in busy]
            gaps = [after - before for before, after in zip(times, times[1:])]
            self.assertTrue(min(gaps) >= 1_000, gaps)

        found = response(manifest(row("firmware", "cam.app-bin", NEXT)))
        slow = [response(NEXT)[0]]
        for at in range(0, len(NEXT), 700):
            slow += [400, NEXT[at : at + 700]]
        self.run_case(scenario, found, found, slow)

    def test_rolled_back(self):
        async def scenario(board, server):
            board.nvs.stored.update({"OTA_TRIED": b"ota_1 9.1.0", "OTA_REASON": b"no picture"})
            board.board.aborted = board.board.spare()
            await until(lambda: board.releases.latest)
            await until(lambda: board.states())
            state = board.shown()
            versions = state["installed_version"], state["latest_version"]
            self.assertEqual(versions, (product.VERSION, "9.1.0"))
            self.assertEqual(
                state["release_summary"], "9.1.0 was rolled back: no picture\n- Sharper pictures."
            )

        self.run_case(scenario, response(manifest()))

    def test_rolled_back_before_an_earlier_start(self):
        async def scenario(board, server):
            board.nvs.stored["OTA_FAILED"] = b"9.1.0"
            await until(lambda: board.changes)
            await asyncio.sleep_ms(2_000)
            self.assertEqual(board.shown()["release_summary"], "9.1.0 was rolled back")

        self.run_case(scenario, name="")

    def test_trial_until_it_is_confirmed(self):
        async def scenario(board, server):
            board.board.is_pending = True
            board.nvs.stored["OTA_TRIED"] = b"ota_0 2.0.0"
            await until(lambda: board.shown()["release_summary"])
            self.assertIn("2.0.0 is on trial", board.shown()["release_summary"])
            board.trial.cmd_mqttotaconfirm("1")
            self.assertIsNone(board.shown()["release_summary"])

        self.run_case(scenario, name="")


suite.main()
