"""A broker that accepts the session and never reads again."""

import time

from scripted import ScriptedBroker
from sim import Simulator, wait_until

_LIMIT_S = 25
_RECEIVES = 16_384  # bytes that fit into its buffer


def replace_deaf_broker(row, folder, serves):
    """Fail unless the camera finds the link dead in time, and the next one works.

    The camera's pictures fill the buffers, and stall. Until then `serves(camera)` is called again
    and again; it fails if the camera does not work as usual.
    """
    stopped = []

    def script(peer):
        peer.up()
        if peer.number:
            peer.serve()
        else:
            stopped.append(time.monotonic())
            wait_until(lambda: len(broker.connects) > 1, 30, "a new connection")

    with (
        ScriptedBroker(script, receive_buffer=_RECEIVES) as broker,
        Simulator(folder, broker.uri, {"pubinterval": "1"}) as camera,
    ):
        wait_until(lambda: stopped, what="the connection")
        while len(broker.connects) < 2:
            serves(camera)
            assert time.monotonic() - stopped[0] < _LIMIT_S
            time.sleep(0.3)  # so that the pages do not take all the time
        row.figure("end of an unread link", broker.connects[1] - stopped[0], "s")
        camera.wait_status("mqtt connected", 15)
