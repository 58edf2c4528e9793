"""What was sent on a link, and what the broker has answered."""

import asyncio
from time import ticks_diff, ticks_ms

from config import limits

_NONE = b"", 0, False


class Trail:
    """Pings and the messages of a link that may be the reason why it ends.

    The answer to a ping, or to a message at QoS 1, shows that the broker has read all that was
    sent before.
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
        self._packet_id = 0
        self._sent_ms = 0
        self._large = _NONE  # the largest message that the broker may not have read
        self._proved = 0  # size of the largest message that the broker has read
        self._granted = b""  # topic of the last message that it has acknowledged

    def note_ping(self):
        self._pings_ms.append(ticks_ms())

    def note_pong(self):
        if self._pings_ms:
            self.answered_ms = self._pings_ms.pop(0)
            self._answered += 1
            self._changed.set()
        if not self._pings_ms:
            self._note_read()

    def note_puback(self, packet_id):
        """Note an acknowledgement; only that of the last message proves something."""
        if self._topic and packet_id == self._packet_id:
            self._granted = self._topic
            self._note_read()

    def _note_read(self):
        self._topic, self._packet_id = b"", 0
        self._proved = max(self._large[1], self._proved)
        self._large = _NONE

    def note_message(self, topic, size, retain, packet_id=0):
        """Note a message that is about to be sent, at QoS 1 with its packet id."""
        self._topic = topic
        self._size = size
        self._retain = retain
        self._packet_id = packet_id
        self._sent_ms = ticks_ms()
        if size > self._large[1]:
            self._large = topic, size, retain

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

        None if it has read it, or had the time to. A size that it has read before is not the
        reason, nor is a topic that it has just acknowledged.
        """
        had_time = ticks_diff(ticks_ms(), self._sent_ms) > limits.MQTT_CLOSES_MS
        if not self._topic or (had_time and not is_sending):
            return None
        for topic, size, retain in ((self._topic, self._size, self._retain), self._large):
            is_small = size <= limits.MQTT_SMALL_BYTES
            if topic != self._granted if is_small else size > self._proved:
                return topic, size, retain
        return None
