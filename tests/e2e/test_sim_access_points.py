"""Wi-Fi of the simulated board: several access points, and one of its own."""

import pytest
from probe import Probe
from sim import wait_until

AP = "import network\nap = network.WLAN(network.AP_IF)\n"
STA = "import network\nsta = network.WLAN(network.STA_IF)\n"


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with Probe(tmp_path_factory.mktemp("board")) as made:
        yield made


def scanned(board):
    rows = board.value("network.WLAN(0).scan()")
    return {ssid.decode(): (rssi, security) for ssid, _, _, rssi, security, _ in rows}


def test_scan(board):
    found = scanned(board)
    assert found["sim"] == (-55, 3) and found["sim guests"] == (-67, 0)
    board.control("wifi", add=True, ssid="porch", password="on the porch", rssi=-71, channel=11)
    assert scanned(board)["porch"] == (-71, 3)
    board.control("wifi", ssid="porch", rssi=-60)
    assert scanned(board)["porch"] == (-60, 3)
    board.control("wifi", ssid="porch", up=False)
    assert "porch" not in scanned(board)
    board.control("wifi", rssi=-50)  # without a name: the camera's network
    assert scanned(board)["sim"] == (-50, 3)


def test_station_joins_the_access_point_of_its_bssid(board):
    twin = board.control("wifi", add=True, ssid="sim", password="another key")["wifi"]["bssid"]
    join = STA + "sta.disconnect()\nsta.connect('sim', 'simulated', bssid=%s)\n"
    board.send(join % bytes.fromhex(twin))  # the response is lost with the link
    wait_until(lambda: board.control("wifi")["wifi"]["status"] == 202)


def test_invalid_requests(board):
    responses = board.control_lines(
        '{"do": "ap_client", "count": 1}',
        '{"do": "wifi", "channel": 14}',
    )
    for response, error in zip(responses, ("is off", "1..13"), strict=True):
        assert response["ok"] is False and error in response["error"]


def test_own_access_point(tmp_path):
    with Probe(tmp_path) as board:
        config = "ap.active(True)\nap.config(ssid='own', security=3, password='%s')\n"
        assert board.run(AP + config % "short") == b"OSError('Wifi Invalid Password',)"
        assert board.run(AP + config % "long enough" + "result = ap.config('ssid')") == b"'own'"
        assert board.run(AP + "ap.config('password')") == b"ValueError('unknown config param',)"
        assert board.value("network.WLAN(1).ifconfig()")[0] == "192.168.4.1"
        assert board.value("network.WLAN(1).status('stations')") == []
        assert board.value("network.WLAN(1).status()") is None
        wrong, *_ = board.control_lines('{"do": "ap_client", "count": 1, "password": "wrong"}')
        assert wrong["error"] == "wrong password"
        board.control("ap_client", count=2, password="long enough")
        stations = board.value("network.WLAN(1).status('stations')")
        assert [len(mac) for (mac,) in stations] == [6, 6]
        assert board.value("network.WLAN(1).isconnected()") is True
        board.control("wifi", up=False)  # still reachable through its own access point
        assert board.responds()
        board.send(AP + "ap.active(False)")  # no response arrives without it
        wait_until(lambda: not board.control("wifi")["ap"]["on"])
        assert board.control("wifi")["ap"]["clients"] == 0
