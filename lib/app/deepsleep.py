"""Deep sleep and the rest of the camera: what keeps it awake, and what continues after a sleep.

A part of the composition root, which most cameras never load.
"""

from binascii import hexlify, unhexlify

from app.sleep import Sleeper
from config import board, limits
from hal import chip, sleep


class DeepSleep:
    """Makes a Sleeper that knows all components of a System."""

    def __init__(self, system):
        self._system = system

    def resume(self):
        """Continue after a sleep as before it, and end the hold of the pins; called at a start."""
        if sleep.woken_by():
            self._continue(sleep.recall())
        sleep.release([pin for pin, _ in self._held_pins()])

    def _continue(self, notes):
        """Restore the power output, the access point to join, and the age of the time."""
        system = self._system
        system.power.resume(notes.get("power", system.power.on))
        if "ap" in notes:
            ssid, bssid = notes["ap"]
            system.wifi.remembered = [(ssid.encode(), unhexlify(bssid), 0, 0, 1, False)]
        if notes.get("clock") is not None and system.clock.set.is_set():
            age_s = system.clock.utc() - notes["clock"]
            system.clock.rest_ms = 1_000 * max(0, limits.SLEEP_CLOCK_S - age_s)

    def new_sleeper(self, is_on_at_start):
        """Return the Sleeper; after any start but a wake by the timer, it stays awake at first."""
        system, woken_by = self._system, sleep.woken_by()
        return Sleeper(
            system.settings,
            system.session,
            system.wifi,
            system.publisher,
            system.telemetry,
            system.handler,
            system.outbox,
            system.log,
            self._why_awake,
            self._uses,
            sleep.recall(),
            self._remember,
            self._begin,
            woken_by,
            attended=is_on_at_start and woken_by != "timer",
        )

    def _why_awake(self):
        """Return why the camera must not sleep, "" if it may: one row per reason."""
        system = self._system
        status, wifi, motion = system.status, system.wifi, system.status.detection
        for is_true, text in (
            (status.safe_mode, "safe mode"),
            (system.updater.state != "idle", "an update is under way"),
            (system.restart.pending, "a restart is due"),
            # it may also be open between attempts to join
            (wifi.state == "access point" or wifi.ap_clients, "the access point is open"),
            (system.is_watched(), "there is a viewer"),
            (len(system.telnet), "telnet is in use"),
            (system.handler.busy, "a command runs"),
            (system.publisher.pending or system.frames.leased(), "a picture is being sent"),
            (system.kept.sending, "kept pictures are being sent"),
            (motion and motion.on, "there is motion"),
            (
                system.album.sending or (motion and motion.pictures.pending),
                "pictures of motion are still to be sent",
            ),
            (system.power.off_in_s is not None, "the power output is timed"),
        ):
            if is_true:
                return text
        return "an update is on trial" if system.trial.unconfirmed else ""  # it reads the flash

    def _uses(self):
        """Return (count, ms) of each kind of use; a new one keeps the camera awake for so long."""
        system = self._system
        return (
            (system.handler.ran, 1_000 * system.settings["sleepwait"]),
            (system.consoles.ran + system.status.polls, limits.SLEEP_PAGE_MS),
            (system.actions.presses, limits.SLEEP_ATTENDED_MS),
        )

    def _held_pins(self):
        """Return (pin, level) of the outputs during a sleep; a lamp that is dimmed goes off."""
        pins = [(board.LED, 1 - board.LED_ON), (board.POWER, int(self._system.power.is_full))]
        power_down = board.CAMERA["powerdown_pin"]
        return pins + [(power_down, 1)] if power_down >= 0 else pins

    def _remember(self, notes):
        """Keep the notes of the Sleeper across the sleep, and what `_continue` needs."""
        power, wifi, clock = self._system.power, self._system.wifi, self._system.clock
        notes["power"] = power.on
        if wifi.up.is_set():
            notes.pop("ap", None)
            if wifi.bssid:  # a hidden network shows none
                notes["ap"] = wifi.network[0], hexlify(wifi.bssid).decode()
        if clock.answered is not None:
            notes["clock"] = clock.answered
        sleep.remember(notes)

    def _begin(self, seconds):
        """Switch everything off and sleep; nothing is awaited any more."""
        chip.healthy()
        self._system.camera.power(False, "asleep")
        self._system.station.off()
        sleep.begin(seconds, board.BUTTON, self._held_pins())
