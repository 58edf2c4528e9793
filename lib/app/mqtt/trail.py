"""What was sent on a link, and what the broker has answered."""

import asyncio
from time import ticks_diff, ticks_ms

from config import limits


class Trail:
    """Pings and the last message of a link.

    The answer to a ping shows that the broker has read all that was sent before.
    """

    def __init__(self):
        self._pings_ms = []  # when the unanswered ones were sent
        self._answered = 0  # pings on this link
        self._changed = asyncio.Event()  # a ping was answered, or the link has ended
        self.begin()

    def begin(self):
        """Forget the last link."""
        self._pings_ms.clear()
        self._answered = 0
        self.answered_ms = None  # when the last ping was sent that is answered
        self._topic, self._size, self._retain = b"", 0, False  # of the last message
        self._sent_ms = 0
        self._proved = 0  # size of the largest message that the broker has read

    def note_ping(self):
        self._pings_ms.append(ticks_ms())

    def note_pong(self):
        if self._pings_ms:
            self.answered_ms = self._pings_ms.pop(0)
            self._answered += 1
            self._changed.set()
        if not self._pings_ms:
            self._topic, self._proved = b"", max(self._size, self._proved)

    def note_message(self, topic, size, retain):
        self._topic = topic
        self._size = size
        self._retain = retain
        self._sent_ms = ticks_ms()

    def note_sent(self):
        """Note that all is out, if that took a while."""
        self._sent_ms = ticks_ms()

    def end(self):
        """Wake those who wait, because the link has ended."""
        self._changed.set()

    async def pings_answered(self, is_up):
        """Wait until all pings are answered; return False once `is_up()` is false."""
        last = self._answered + len(self._pings_ms)
        while self._answered < last:
            if not is_up():
                return False
            self._changed.clear()
            await self._changed.wait()
        return True

    def suspect(self, is_sending):
        """Return (topic, size, retain) of the message on which the broker may end the link.

        None if it has read it, or had the time to. A size that it has read before is no reason.
        """
        had_time = ticks_diff(ticks_ms(), self._sent_ms) > limits.MQTT_CLOSES_MS
        is_small = self._size <= limits.MQTT_SMALL_BYTES
        if not self._topic or (had_time and not is_sending):
            return None
        if not is_small and self._size <= self._proved:
            return None
        return self._topic, self._size, self._retain
