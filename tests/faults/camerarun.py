"""Camera with a broker of its own, and checks of what it publishes."""

import contextlib

from listener import Listener
from mosquitto import Mosquitto
from pictures import UXGA, check
from sim import TOPIC, Simulator

IMAGE = f"data/{TOPIC}/image"
DRIVERS = ("api", "driver")


@contextlib.contextmanager
def running(folder, driver="api"):
    """Yield (camera, client) with a separate broker, after the first picture."""
    args = ["--driver", driver]
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, {"pubinterval": "1"}, args) as camera,
        Listener(broker.port) as client,
    ):
        client.wait(IMAGE)
        yield camera, client


def failed(camera):
    return int(camera.status("3").partition("failed ")[2].partition(",")[0])


def check_all(client, since=0, size=UXGA):
    for message in client.messages[since:]:
        if message.topic == IMAGE:
            check(message.payload, size)
