"""Copies of pictures that wait for the broker, in memory that nothing else wants."""

import asyncio

from micropython import const

from proto.jpeg import size_of
from proto.reasons import describe

_TRIES = const(2)  # links that one picture may lose, as some brokers close on large ones
_NOTICE_MS = const(100)  # in which the session notices that its link is lost


class Picture:
    """A copy of a picture: `view` is the JPEG. Its owner adds what else it knows about it."""

    def __init__(self, memory, parts, size):
        self.memory = memory
        self.view = memoryview(memory)[:size]
        self.tries = 0
        at = 0
        for part in parts:
            self.view[at : at + len(part)] = part
            at += len(part)


class Album:
    """The newest pictures, the oldest first, of at most `most_bytes`.

    Each leaves `reserve_bytes` of the heap free; `free_bytes()` returns what is.
    """

    def __init__(self, sender, session, log, free_bytes, most_bytes, reserve_bytes):
        self._sender = sender
        self._session = session
        self._log = log
        self._free_bytes = free_bytes
        self._most_bytes = most_bytes
        self._reserve_bytes = reserve_bytes
        self._logged_bytes = 0  # the limit that the log has
        self.pictures = []
        self.sending = False
        self.sent = self.dropped = 0

    def add(self, parts, spare=None):
        """Copy the picture in `parts`; drop the oldest ones for it. Return None without memory.

        The memory of `spare`, a picture that was dropped, is reused if it fits.
        """
        size = size_of(parts)
        total = sum([len(each.view) for each in self.pictures])
        while self.pictures and total + size > self._most_bytes:
            total -= len(self.drop_first().view)
        try:
            fits = spare and len(spare.memory) >= size
            picture = Picture(spare.memory if fits else self._reserve(size), parts, size)
        except MemoryError:  # too little, or not in one piece
            self.dropped += 1
            self.drop_pictures()
            return None
        self.pictures.append(picture)
        return picture

    def _reserve(self, size):
        """Return memory for a picture; raises MemoryError."""
        while self._free_bytes() - size < self._reserve_bytes:
            if not self.pictures:
                raise MemoryError
            self.drop_first()
        return bytearray(size + size // 16)  # for a later one that is a little larger

    def drop_first(self):
        """Drop the oldest picture, and return it."""
        self.dropped += 1
        return self.pictures.pop(0)

    def drop_pictures(self):
        """Drop all pictures."""
        while self.pictures:
            self.drop_first()

    async def send(self, picture, topic, announce):
        """Send a picture after what `announce(picture)` sends.

        It stays until the broker has taken it, so it may arrive twice. One that is too large for
        the broker, or on which two links are lost, is dropped.
        """
        if self._is_too_large(picture):
            self._drop(picture)
            return
        self.sending = True
        try:
            await announce(picture)
            if picture not in self.pictures:  # dropped meanwhile
                return
            untried = await self._sender.send(topic, (picture.view,), False)
            await self._sender.confirm(untried, self._session.confirm())
        except OSError as e:
            self._log.debug("mqtt", "picture not sent: {}", describe(e))
            picture.tries += 1
            if picture.tries == _TRIES:
                self._drop(picture)
            await asyncio.sleep_ms(_NOTICE_MS)  # the next try is on another link
            return
        finally:
            self.sending = False
        self.sent += 1
        if picture in self.pictures:
            self.pictures.remove(picture)

    def _is_too_large(self, picture):
        size, most = len(picture.view), self._sender.probe()
        if not most or size <= most:
            return False
        if most != self._logged_bytes:
            self._logged_bytes = most
            text = "a picture of {} bytes is too large for the broker: set a smaller framesize"
            self._log.error("mqtt", text.format(size))
        return True

    def _drop(self, picture):
        if picture in self.pictures:
            self.pictures.remove(picture)
            self.dropped += 1
