"""Byte budget of published pictures: frame size and quality that keep them within a limit.

Nothing here waits or sends; `now_s` is a time that only increases.
"""

from math import ceil, log

from micropython import const

from config import limits
from proto.params import FRAMESIZES

_COARSEST = const(45)  # a smaller picture looks better than one of a coarser quality
_RETURN = const(36)  # a larger size is tried again once this quality is enough for it
_LAST = const(63)  # of the smallest size
_AIM = 0.95  # of the budget: the next picture may be a little larger
_STEP = 0.2  # off the aim, for each picture in a row that is over the budget
_LOWEST = 0.35
_POWER, _LEAST, _MOST = 0.6, 0.3, 1.0  # see Budget: at the start, and the range that is believed
_APART = 1.2  # ratio of two qualities that shows more than a change of the scene does
_WAIT, _LONGEST_WAIT = const(8), const(1_024)  # pictures before a larger size is tried again
_PER_PIXEL = 0.8  # exponent: a picture of half the pixels has more than half the bytes


class LargestAccepted:
    """Finds the largest picture that a broker accepts: on a larger one it closes the link.

    `max_bytes` is the size of the largest that should be sent, 0: any; `refused_bytes` that of the
    smallest on which the link has ended.
    """

    def __init__(self):
        self.forget()

    def forget(self):
        """Try all sizes again, because the broker may be another one."""
        self.max_bytes = self.refused_bytes = 0
        self._accepted = 0  # size of the largest that was accepted
        self._lost, self._smallest = 0, 0  # links lost in a row, smallest picture that lost one
        self._pause_s = self._probe_s = 0
        self._link = self._answered = 0  # number of the link, largest picture answered on it

    def is_untried(self, size, link):
        """Return True if the broker has not yet responded after such a picture on this link."""
        if link != self._link:
            self._link, self._answered = link, 0
        return size > self._answered

    def note_accepted(self, size):
        """Note that the broker has responded after a picture."""
        self._answered = max(size, self._answered)
        self._accepted = max(size, self._accepted)
        if size >= self._smallest:
            self._lost = self._smallest = 0
        if size >= self.refused_bytes:
            self.max_bytes = self.refused_bytes = self._pause_s = 0

    def note_lost(self, size, now_s):
        """Note that the link was lost on a picture; return True if `max_bytes` is lower now.

        A size larger than any that was accepted needs no second proof while there is a limit.
        """
        self._lost += 1
        self._smallest = min(size, self._smallest or size)
        is_probe = self.max_bytes and size > self._accepted
        if self._lost < limits.MQTT_LOST_LINKS and not is_probe:
            return False
        self.refused_bytes = min(self._smallest, self.refused_bytes or self._smallest)
        if self.refused_bytes <= self._accepted:  # the broker has another configuration
            self._accepted = 0
        self._lost = self._smallest = 0
        self.max_bytes = max(self._accepted, self.refused_bytes // 2)
        self._pause_s = min(2 * self._pause_s or limits.MQTT_HELD_S, limits.MQTT_HELD_LONGEST_S)
        self._probe_s = now_s + self._pause_s
        return True

    def probe(self, now_s):
        """Raise `max_bytes` once a pause is over, which doubles with each failure."""
        if self.max_bytes and now_s >= self._probe_s:
            self._probe_s = now_s + self._pause_s
            middle = (self._accepted + self.refused_bytes) // 2
            is_near = middle <= self.max_bytes * 21 // 20
            self.max_bytes = self.refused_bytes * 5 // 4 if is_near else middle


class Budget:
    """Chooses frame size and quality so that the next picture has at most `max_bytes`, 0: any.

    A picture has about detail / quality ** power bytes: the detail follows the scene, the power is
    learned from pictures of different quality.
    """

    def __init__(self):
        self.max_bytes = 0
        self.size = self.quality = None  # the choice; None: as the user has set it
        self._power = _POWER
        self._last = None  # (frame size, quality, bytes) of the last picture
        self._over = 0  # pictures in a row over the budget
        self._wait = self._waits = 0  # pictures before a larger size is tried, and left of them
        self._not_offered = []  # frame sizes

    def choose(self, usual, max_bytes):
        """Set `size` and `quality` for the next picture; neither is better than `usual` has it."""
        self.max_bytes = max_bytes
        self.size = self.quality = None
        if max_bytes and self._last:
            self.size, self.quality = self._fitting(*usual)

    def fits(self, size, quality, count):
        """Note a picture of `count` bytes; return True if it is within the budget."""
        quality = max(1, quality)
        is_over = 0 < self.max_bytes < count
        self._over = self._over + 1 if is_over else 0
        self._waits = max(0, self._waits - 1)
        if self._last:
            if self._last[0] == size:
                self._learn(self._last[1], self._last[2], quality, count)
            elif is_over and _pixels(size) > _pixels(self._last[0]):
                self._wait = self._waits = min(2 * self._wait or _WAIT, _LONGEST_WAIT)
        self._last = size, quality, count
        return not is_over

    def exclude(self, size):
        """Do not choose this size again, because the sensor does not offer it."""
        self._not_offered.append(size)

    def _fitting(self, usual_size, usual_quality):
        current = _pixels(self._last[0])
        for size in self._sizes(usual_size):
            quality = max(usual_quality, self._quality_for(size))
            coarsest = _COARSEST
            if _pixels(size) > current:
                coarsest = _RETURN // 2 if self._waits else _RETURN
            if quality <= max(usual_quality, coarsest):
                return size, quality
        return size, min(quality, _LAST)

    def _sizes(self, usual):
        """Return the usual size and the smaller ones, without the square ones."""
        found = [usual]
        for name, width, height in reversed(FRAMESIZES):
            if (
                width != height
                and width * height < _pixels(usual)
                and name not in self._not_offered
            ):
                found.append(name)
        return found

    def _quality_for(self, size):
        """Return the finest quality, 1..64, at which a picture of this size should fit."""
        last_size, last_quality, count = self._last
        aim = max(_LOWEST, _AIM - _STEP * max(0, self._over - 1)) * self.max_bytes
        if size != last_size:
            count *= (_pixels(size) / _pixels(last_size)) ** _PER_PIXEL
        exact = last_quality * (count / aim) ** (1 / self._power)
        return max(1, min(ceil(exact - 0.001), _LAST + 1))

    def _learn(self, quality, count, next_quality, next_count):
        """Correct the power by two pictures whose quality differs."""
        ratio = next_quality / quality
        if max(ratio, 1 / ratio) >= _APART:
            self._power = min(max(_LEAST, log(count / next_count) / log(ratio)), _MOST)


def _pixels(size):
    for name, width, height in FRAMESIZES:
        if name == size:
            return width * height
    return 0
