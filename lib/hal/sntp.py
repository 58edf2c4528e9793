"""The time of a network, into the chip's clock: MicroPython's `ntptime` (RFC 4330 client)."""

import ntptime


def ask(host):
    """Set the clock (UTC) by one question to `host`. Blocks, for DNS and up to a second.

    Raises OSError when nothing answers.
    """
    ntptime.host = host
    ntptime.settime()
