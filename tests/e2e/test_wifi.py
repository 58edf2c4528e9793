"""A refused Wi-Fi password: the camera says so and waits for another one."""

from mosquitto import Mosquitto
from sim import Simulator


def test_wrong_password(tmp_path):
    with Mosquitto(tmp_path / "broker") as broker:
        with Simulator(tmp_path / "camera", broker.uri) as camera:
            camera.wait_status("mqtt connected")
            camera.control("wifi", password="another-one")
            assert "wrong password" in camera.wait_status("password", 25)
            assert camera.command("password another-one") == "***"
            camera.wait_status("mqtt connected", 10)  # a new password causes an immediate retry
            assert "another-one" not in camera.output.replace("password another-one", "")


def test_address_of_its_own_on_a_network_without_dhcp(tmp_path):
    with Simulator(tmp_path, "mqtt://127.0.0.1:1") as camera:
        camera.wait_status("wifi joined")
        camera.control("wifi", dhcp=False)
        assert camera.command("ip 192.168.4.77") == "192.168.4.77"
        camera.wait_output("wifi: address 192.168.4.77")
        camera.control("wifi", dhcp=True)
        since = len(camera.output)
        assert camera.command("ip 1") == ""
        camera.wait_output("wifi: address 192.168.4.15", since=since)
