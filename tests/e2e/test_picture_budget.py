"""Published pictures stay within the setting pubmaxbytes; those over HTTP are as the user set."""

import io
import json

from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from PIL import Image
from sim import TOPIC, Simulator

IMAGE, STATE = f"data/{TOPIC}/image", f"tele/{TOPIC}/STATE"
LIMIT = 30_000
VGA = (640, 480)


def test_budget_of_bytes(tmp_path):
    with (
        Mosquitto(tmp_path / "broker", options={"max_packet_size": LIMIT + 100}) as broker,
        Simulator(tmp_path, broker.uri, {"pubmaxbytes": str(LIMIT)}) as camera,
        Listener(broker.port) as client,
    ):
        camera.wait_status("mqtt connected")
        assert camera.get("/jpg").content  # a camera that starts takes no parameters
        client.command("camera", '{"framesize": "VGA", "quality": 8}')
        whole = camera.get("/jpg").content
        assert len(whole) > LIMIT
        sizes = []
        for _ in range(4):
            since = len(client.messages)
            assert client.command("capture") == "capturing"
            payload = client.wait(IMAGE, since=since).payload
            check(payload, VGA)
            sizes.append(len(payload))
        assert max(sizes) <= LIMIT
        assert min(sizes[1:]) >= 0.85 * LIMIT, sizes
        between = camera.get("/jpg").content  # the user's parameters are in force for viewers
        assert len(between) > LIMIT
        check(between, VGA)
        assert f"pictures up to {LIMIT} bytes (VGA, quality " in camera.status()
        since = len(client.messages)
        client.send(f"cmnd/{TOPIC}/status")
        picture = json.loads(client.wait(STATE, since=since).payload)["Picture"]
        assert (picture["Size"], picture["MaxBytes"], picture["RefusedBytes"]) == ("VGA", LIMIT, 0)
        assert picture["Bytes"] == sizes[-1] and picture["Quality"] > 8
        client.command("pubmaxbytes", "4000")
        since = len(client.messages)
        client.send(f"cmnd/{TOPIC}/capture")
        payload = client.wait(IMAGE, since=since).payload
        assert len(payload) <= 4_000
        assert Image.open(io.BytesIO(payload)).size < VGA
        assert "mqtt connects 1," in camera.status("3")
