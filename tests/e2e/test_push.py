"""Pictures posted to a web server, over verified TLS and without a broker."""

import time

from certificates import authority, make
from mosquitto import HOST
from pictures import check
from sim import Simulator, wait_until
from webfiles import Web, respond

NO_BROKER = "mqtt://127.0.0.1:1"


def test_each_picture_is_posted_with_the_header_of_the_user(tmp_path):
    ca = authority()
    (tmp_path / "ca.pem").write_bytes(ca.cert_pem)
    (tmp_path / "chain.pem").write_bytes(make(HOST, ca).pem)
    answers = [respond(204), *[respond(403)] * 99]
    with Web(*answers, chain=tmp_path / "chain.pem") as web:
        settings = {"pubinterval": "1", "pushurl": web.url + "in", "pushheader": "X-Key: canary"}
        settings["mqttca"] = f"@{tmp_path / 'ca.pem'}"
        with Simulator(tmp_path / "camera", NO_BROKER, settings) as camera:
            wait_until(lambda: len(web.requests) >= 2, what="two posts")
            for request in web.requests[:2]:
                assert (request.command, request.path) == ("POST", "/in")
                assert request.headers["X-Key"] == "canary"
                assert abs(float(request.headers["X-Timestamp"]) - time.time()) < 60
                check(request.body)
            camera.wait_status("push 1 posted (the server answered 403 Forbidden)")
            state = camera.get("/api/status").json()
            assert state["push"] == "1 posted (the server answered 403 Forbidden)"
            hour = int(camera.command("time").split()[3][:2])
            camera.command(f"pubtimes {(hour + 2) % 24}:00-{(hour + 3) % 24}:00")
            camera.wait_status("pictures pause (outside of ")
            assert camera.get("/api/status").json()["paused"].startswith("outside of ")
            assert "canary" not in camera.output + camera.get("/api/settings").text
