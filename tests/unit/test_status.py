"""app.status: fields in the order of the C firmware, without secrets."""

import asyncio
import unittest

import suite
from fakes import settings_on

from aio.switched import Switched
from app.log import Log as RealLog
from app.memory import Memory
from app.mqtt.topics import Topics
from app.status import Status
from config import product
from proto.values import BadArgument

CANARIES = ("canary-wifi", "canary-mqtt")


class Parts:
    """Stands in for the other components."""

    on = True
    minutes_left = 7
    state = "connected"
    reason = ""
    waits_for = "no Wi-Fi"
    chip = "OV2640"
    captured = failed = dropped = joins = connects = 3
    recoveries = {"retry": 1, "power": 2}
    restarts = {"wifi": 0, "mqtt": 4}
    refused = 5
    tls = False
    ap_open = False
    ap_address = "192.168.1.1"
    ap_clients = 2
    measured = 0

    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()

    def address(self):
        return "h", 1883, self.tls

    @property
    def sender(self):
        return self

    def limited(self):
        return ""

    def figures(self):
        return {"MaxBytes": 0}

    def rssi(self):
        return -61

    def free_bytes(self):
        self.measured += 1
        return 123_456

    def internal_bytes(self):
        return 123_000, 98_000

    def reset_cause(self):
        return "power on"


def make():
    parts = Parts()
    values = {"ssid": "home", "password": CANARIES[0], "mqttpass": CANARIES[1]}
    settings = settings_on(values=dict(values, mqtthost="mqtt://broker"))
    log = RealLog(lambda text: None)
    topics = Topics(settings, "DVES_A1B2C3")
    parts.settings = settings
    status = Status(settings, topics, *(parts,) * 9, log, parts, Memory(parts, 1, 1))
    return status, parts, log


class TestStatus(unittest.TestCase):
    def test_0_has_the_order_of_the_c_firmware(self):
        status, _, _ = make()
        self.assertEqual(status.cmd_status(""), status.cmd_status("0"))
        zone = "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00"
        expected = (
            product.VERSION,
            "esp32-mqtt-cam",
            "#",
            "on",
            "0",
            zone,
            "7",
        )
        self.assertTrue(status.cmd_status("").startswith(", ".join(expected)))

    def test_1_is_the_network(self):
        expected = "esp32-mqtt-cams, DVES_A1B2C3, , home, ****, mqtt://broker, 120"
        self.assertEqual(make()[0].cmd_status("1"), expected)

    def test_2_is_the_firmware(self):
        fields = make()[0].cmd_status("2").split(", ")
        self.assertEqual(fields[:2], [product.VERSION, product.BUILD_DATE])
        self.assertEqual((len(fields[2].split(".")), fields[3]), (3, "123456"))
        self.assertEqual(fields[4:], ["internal RAM 123000", "largest block 98000"])

    def test_telemetry_has_the_memory_outside_the_heap(self):
        expected = {"Free": 123_000, "Largest": 98_000}
        self.assertEqual(make()[0].figures()["InternalRAM"], expected)

    def test_safe_mode_is_shown_with_its_reason_and_end(self):
        class SafeMode:
            reason, left_s = "five failed starts", 240

            def ends(self):
                return "2026-11-27T12:00:00"

            def __str__(self):
                return "safe mode ..."

        status, _, _ = make()
        self.assertFalse("safe mode" in status.cmd_status(""))
        self.assertEqual(status.figures()["SafeMode"], None)
        status.safe_mode = SafeMode()
        self.assertIn(", safe mode ..., ", status.cmd_status(""))
        self.assertEqual(
            status.figures()["SafeMode"],
            {
                "Reason": "five failed starts",
                "SecondsLeft": 240,
                "Ends": "2026-11-27T12:00:00",
            },
        )

    def test_motion_is_shown_while_it_is_on(self):
        class Motion:
            on, reason = False, ""

            def figures(self):
                return {"State": "off"}

        class Switched:
            running = None

        status, _, _ = make()
        for status.motion in (None, Switched):
            self.assertEqual((status.motion_state(), status.figures()["Motion"]), ("", None))
            self.assertFalse("motion" in status.cmd_status(""))
        Switched.running = Motion()
        self.assertIn(", no motion, ", status.cmd_status(""))
        self.assertEqual(status.figures()["Motion"], {"State": "off"})
        Motion.reason = "no picture: x"
        self.assertIn(", no motion (no picture: x), ", status.cmd_status(""))
        Motion.on, Motion.reason = True, ""
        self.assertIn(", motion, ", status.cmd_status(""))

    def test_only_2_measures_the_free_memory(self):
        status, parts, _ = make()
        for view in "013":
            status.cmd_status(view)
        self.assertEqual((status.figures()["Heap"], parts.measured), (0, 0))
        status.cmd_status("2")
        self.assertEqual((status.figures()["Heap"], parts.measured), (123_456, 1))

    def test_free_memory_is_measured_now_and_then(self):
        status, parts, _ = make()

        async def main():
            task = asyncio.create_task(status.memory.run())
            while parts.measured < 2:
                await asyncio.sleep_ms(1)
            task.cancel()

        asyncio.run(asyncio.wait_for(main(), 5))
        self.assertEqual(status.figures()["Heap"], 123_456)

    def test_3_is_the_health(self):
        status, _, log = make()
        log.error("mqtt", "gone")
        text = status.cmd_status("3")
        for part in (
            "rssi -61",
            "recoveries 3",
            "commands refused 5",
            "restarts 4",
            "power on",
            "last error mqtt: gone",
        ):
            self.assertTrue(part in text, text)

    def test_reasons_are_shown(self):
        status, parts, _ = make()
        parts.reason = "refused: not authorised"
        self.assertTrue("mqtt connected (refused: not authorised)" in status.cmd_status(""))
        parts.up.clear()
        self.assertTrue("mqtt subscribing" in status.cmd_status(""))
        parts.state = "offline"
        self.assertTrue("mqtt offline (no Wi-Fi)" in status.cmd_status(""))

    def test_live_view_is_shown_while_it_is_on(self):
        class Live:
            left_s, fps = 0, 0

        status, _, _ = make()
        self.assertEqual(status.live_state(), "")
        status.live_view = Switched(None, Live)
        self.assertEqual((status.live, status.live_state()), (None, ""))
        status.live_view.running = Live()
        self.assertFalse("live" in status.cmd_status(""))
        Live.left_s, Live.fps = 58, 4.94
        self.assertIn(", live view (58 s left, 4.9 pictures per second)", status.cmd_status(""))

    def test_tls_policy_is_shown(self):
        status, parts, _ = make()
        self.assertFalse("tls" in status.cmd_status(""))
        parts.tls = True
        self.assertTrue("tls ca" in status.cmd_status(""))
        status.settings.keep("mqttverify", 1)
        self.assertTrue("tls off" in status.cmd_status(""))
        status.settings.keep("mqttverify", 2)
        self.assertTrue("tls pin" in status.cmd_status(""))

    def test_invalid_argument_is_refused(self):
        for text in ("4", "x", "-1", "00"):
            with self.assertRaises(BadArgument):
                make()[0].cmd_status(text)

    def test_config_has_every_setting_and_no_secret(self):
        status, _, _ = make()
        lines = status.cmd_config("").split("\n")
        names = [line.split(" = ")[0] for line in lines]
        self.assertEqual(names, [row[0] for row, _ in status.settings.all()])
        self.assertTrue("password = ***" in lines and "mqttpass = ***" in lines)

    def test_no_secret_anywhere(self):
        status, _, _ = make()
        text = "".join(status.cmd_status(n) for n in "0123")
        text += status.cmd_config("") + status.cmd_log("")
        for canary in CANARIES:
            self.assertFalse(canary in text)

    def test_log(self):
        status, _, log = make()
        log.info("a", "1")
        log.info("b", "2")
        self.assertEqual(status.cmd_log(""), "0 a: 1\n0 b: 2")


suite.main()
