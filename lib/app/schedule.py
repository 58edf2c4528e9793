"""The times of day at which pictures are published."""

from micropython import const

from proto import sun
from proto.daytimes import SUN, contains, parse_times

_NEVER = const(-1)


class Schedule:
    """`closed` is "" while pictures are published, else the reason why they are not.

    Without the time, or a place for the sun, they are always published.
    """

    def __init__(self, settings, clock):
        self._settings = settings
        self._clock = clock
        self._minute = _NEVER  # since 2000, of the last answer
        self._key = ()
        self._closed = ""

    @property
    def closed(self):
        times, place = self._settings["pubtimes"], self._settings["place"]
        if not times or not self._clock.set.is_set():
            return ""
        minute, key = self._clock.utc() // 60, (times, place, self._settings["timezone"])
        if (minute, key) != (self._minute, self._key):
            self._minute, self._key = minute, key
            self._closed = self._reason(times, place)
        return self._closed

    def _reason(self, times, place):
        if times != SUN:
            is_open = contains(parse_times(times), self._clock.minute_of_day())
            return "" if is_open else "outside of {}".format(times)
        if not place:
            return ""
        height = sun.elevation(self._clock.utc(), *sun.parse_place(place))
        return "" if height > sun.RISEN else "the sun is down"
