"""Limits on guessing the admin password, for pages and consoles together."""

from time import ticks_add, ticks_diff, ticks_ms

from config import limits


class Guesses:
    """Counts wrong passwords. An address that guesses must pause for `pause_ms`.

    Addresses that have logged in are known. They stay so after a change of the password: else
    someone who keeps guessing could lock the owner out. A guesser with many addresses has to
    share one budget for all of them, because the table holds only a few addresses.
    """

    def __init__(self, pause_ms):
        self._pause_ms = pause_ms
        self._failures = {}  # address -> [wrong passwords in a row, ticks of the next attempt]
        self._recent = []  # ticks of the wrong passwords of unknown addresses
        self._known = []  # addresses, the latest login last
        self.failed = 0  # wrong passwords, in all

    def wait_s(self, address):
        """Return the seconds until an address may try a password."""
        self.forget_old()
        failures, when = self._failures.get(address, (0, 0))
        must_pause = failures >= limits.LOGIN_FAILURES_PER_ADDRESS
        left_ms = ticks_diff(when, ticks_ms()) if must_pause else 0
        if address not in self._known and len(self._recent) >= limits.LOGIN_FAILURES:
            free_at = ticks_add(self._recent[-limits.LOGIN_FAILURES], limits.LOGIN_FAILURES_MS)
            left_ms = max(left_ms, ticks_diff(free_at, ticks_ms()))
        return max(0, (left_ms + 999) // 1_000)

    def begin(self, address):
        """Count an attempt as wrong until `right`, because others may run at the same time."""
        failures = self._failures
        if address not in failures and len(failures) >= limits.LOGIN_ADDRESSES:
            failures.pop(min(failures, key=lambda each: failures[each][0]))
        failures.setdefault(address, [0, ticks_ms()])[0] += 1
        if address not in self._known:
            self._recent.append(ticks_ms())

    def wrong(self, address):
        """Count a wrong password; start a pause if the address has used up its attempts."""
        self.failed += 1
        entry = self._failures.get(address)
        if entry and entry[0] >= limits.LOGIN_FAILURES_PER_ADDRESS:
            entry[1] = ticks_add(ticks_ms(), self._pause_ms)

    def right(self, address):
        """End an attempt with the right password: forget the failures of the address."""
        self._failures.pop(address, None)
        if address not in self._known and self._recent:
            self._recent.pop()
        self.know(address)

    def know(self, address):
        """Note that an address has logged in."""
        if address in self._known:
            self._known.remove(address)
        self._known = self._known[1 - limits.LOGIN_ADDRESSES :] + [address]

    def forget_old(self):
        """Forget what is long ago; must be called every few minutes, as the ticks wrap."""
        now, age_ms = ticks_ms(), limits.LOGIN_FAILURES_MS
        self._recent = [each for each in self._recent if ticks_diff(now, each) < age_ms]
        for address, (_, when) in list(self._failures.items()):
            if ticks_diff(now, when) > limits.LOGIN_FORGIVEN_MS:
                del self._failures[address]
