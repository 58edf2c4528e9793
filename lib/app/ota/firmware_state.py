"""State of the firmware for pages: what runs, the update that is under way, and its trial."""

from app.ota.releases import is_manifest
from config import product


class FirmwareState:
    """Describes the firmware in `/api/status`; `copies` is hal.appslot, `flash` hal.flash.

    Times are local, as ISO 8601, and None without a clock.
    """

    def __init__(self, settings, flash, copies, updater, trial, report, releases, clock, log):
        self._settings = settings
        self._flash = flash
        self._copies = copies
        self._updater = updater
        self._trial = trial
        self._report = report
        self._releases = releases
        self._clock = clock
        self._log = log
        self._slot = flash.running()
        self._image = self._slot.description()[1]

    def now(self):
        """Return the state as a dictionary that config/openapi.yaml describes."""
        trial = self._trial
        copy = self._copies.running()
        return {
            "version": product.VERSION if copy else self._image or product.VERSION,
            "slot": self._slot.label,
            "image": self._image,
            "archive": copy and copy + ".zip",
            "since": self._clock.iso_if_set(-self._log.uptime_s()),
            "job": self._updater.job,
            "percent": self._report.percent if self._updater.job else None,
            "failure": self._report.failure,
            "trial": self._on_trial() if trial.unconfirmed else None,
            "kept": trial.version if trial.kept else None,
            "rolled_back": trial.rolled_back
            and dict(zip(("version", "reason"), trial.rolled_back)),
            "release": self._release(),
        }

    @property
    def trial_notice(self):
        """Text about the trial for pages without JavaScript; "" if there is none."""
        return self._trial.notice if self._trial.unconfirmed else ""

    def _on_trial(self):
        trial, left_s = self._trial, self._trial.left_s
        return {
            "version": trial.version,
            "slot": self._copies.running() or self._slot.label,
            "keeps_itself": trial.keeps_itself,
            "missing": trial.missing,
            "since": self._clock.iso_if_set(-self._log.uptime_s()),
            "until": None if left_s is None else self._clock.iso_if_set(left_s),
            "left_s": left_s,
        }

    def _release(self):
        """Return what `otaurl` offers; None if it is not set."""
        url, releases = self._settings["otaurl"], self._releases
        if not url:
            return None
        return {
            "source": self._settings.show("otaurl"),
            "manifest": is_manifest(url),
            "checks": releases.checks,
            "failure": releases.reason,
            "latest": releases.latest,
            "summary": releases.summary,
            "url": releases.url,
        }
