"""Radio and network of the simulated board."""

import socket
import time

import pytest
from probe import Probe
from sim import wait_until


def test_wifi_outage(probe):
    with socket.create_connection(("127.0.0.1", probe.facts["http"])) as client:
        assert probe.responds()
        probe.control("wifi", up=False)
        client.settimeout(5)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert not probe.responds()
    probe.control("wifi", up=True)
    wait_until(probe.responds)
    assert probe.value("network.WLAN(0).isconnected()") is True


def test_changed_password_and_signal(probe):
    probe.control("wifi", rssi=-80)
    assert probe.value("network.WLAN(0).status('rssi')") == -80
    probe.control("wifi", password="changed")
    wait_until(lambda: probe.control("wifi")["wifi"]["status"] == 202)
    probe.control("wifi", password="simulated")
    wait_until(probe.responds)


def test_board_sees_the_address_of_a_client(probe):
    with probe.connect("result = peer", source="127.0.0.9") as sock:
        assert sock.makefile("rb").read().endswith(b"'127.0.0.9'")


def test_ten_sockets_in_total(probe):
    clients = [socket.create_connection(("127.0.0.1", probe.facts["http"]), 5) for _ in range(12)]
    refused = 0
    for sock in clients:  # the listener uses one of the ten, so nine clients fit
        sock.settimeout(0.5)
        try:
            refused += sock.recv(1) == b""
        except ConnectionResetError:
            refused += 1
        except TimeoutError:
            pass
    assert refused == 3
    for sock in clients:
        sock.close()
    wait_until(probe.responds)


def test_outgoing_connection_and_refusal(probe):
    code = """
import socket
s = socket.socket()
s.settimeout(5)
try:
    s.connect(socket.getaddrinfo("localhost", %d)[0][-1])
    s.write(b"hello")
    result = s.recv(5)
finally:
    s.close()
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with probe.connect(code % port) as sock:
            server.settimeout(5)
            caller, _ = server.accept()
            assert caller.recv(5) == b"hello"
            caller.sendall(b"there")
            assert sock.makefile("rb").read().endswith(b"there")
            caller.close()
    assert probe.run(code % port) == b"OSError(104,)"


def test_datagrams(probe):
    code = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.bind(("0.0.0.0", 53))
print("listening")
data, address = s.recvfrom(100)
s.sendto(data + b"?", address)
s.close()
"""
    with probe.connect(code), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        probe.wait_output("listening")
        caller.settimeout(5)
        caller.sendto(b"name", ("127.0.0.1", probe.facts["dns"]))
        assert caller.recv(100) == b"name?"


def test_failed_and_wrong_names(probe):
    code = "import socket\nresult = repr(socket.getaddrinfo('localhost', 80)[0][-1]).encode()"
    assert probe.run(code) == b"('127.0.0.1', 80)"
    probe.control("dns", answer="192.0.2.7")
    assert probe.run(code) == b"('192.0.2.7', 80)"
    probe.control("dns", answer="fail")
    assert probe.run(code) == b"OSError(-202,)"


def test_late_name_delays_no_other_call(probe):
    code = """
import _thread, socket, time
found = []
def look_up(found, socket):
    found.append(socket.getaddrinfo("localhost", 80))
_thread.start_new_thread(look_up, (found, socket))
time.sleep_ms(50)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"x", ("127.0.0.1", 9))
s.close()
late = not found
while not found:
    time.sleep_ms(10)
result = str(late).encode()
"""
    probe.control("dns", delay_ms=1_000)
    assert probe.run(code) == b"True"


def test_renewed_lease(probe):
    probe.control("wifi", address="192.168.4.77")
    assert probe.value("network.WLAN(0).ifconfig()[0]") == "192.168.4.77"


def test_embedded_broker(tmp_path):
    """Receive and retain a picture of 200 KB."""
    import paho.mqtt.client as paho

    with Probe(tmp_path, broker=None) as probe:
        host, _, port = probe.facts["mqtt"].removeprefix("mqtt://").partition(":")
        got = []
        clients = [paho.Client(paho.CallbackAPIVersion.VERSION2) for _ in range(2)]
        for client in clients:
            client.connect(host, int(port))
            client.loop_start()
        sent = clients[0].publish("data/x/image", bytes(200_000), qos=1, retain=True)
        sent.wait_for_publish(10)
        clients[1].on_message = lambda client, data, message: got.append(message)
        clients[1].subscribe("data/#", qos=1)
        wait_until(lambda: got)
        assert got[0].retain and len(got[0].payload) == 200_000
        for client in clients:
            client.loop_stop()
            client.disconnect()


def test_slow_link(probe):
    probe.control("net", rate_kbps=400)
    start = time.monotonic()
    assert len(probe.run("result = bytes(50_000)")) == 50_000
    assert 0.8 < time.monotonic() - start < 3
    probe.control("net", rate_kbps=None)


def test_client_that_does_not_read_blocks_no_other(probe):
    with probe.connect("result = bytes(500_000)") as sock:
        assert probe.run("result = 1") == b"1"
        assert len(sock.makefile("rb").read()) > 500_000
