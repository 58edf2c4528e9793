"""tools/home_assistant.py: which broker it joins, and what it says if there is none."""

import socket

import home_assistant
import hubs
import pytest
from home_assistant import NoHub


@pytest.mark.parametrize(
    ("uri", "port", "values"),
    [
        ("mqtt://127.0.0.1:41883", 41883, {"broker": "127.0.0.1"}),
        ("mqtt://hub.local", 1883, {"broker": "hub.local"}),
        (
            "mqtt://joe:a%40b@hub.local",
            1883,
            {"broker": "hub.local", "username": "joe", "password": "a@b"},
        ),
    ],
)
def test_broker(uri, port, values):
    assert home_assistant.entered(uri) == (port, values)


@pytest.mark.parametrize("uri", ["hub.local", "mqtts://hub.local", "mqtt://", "mqtt://hub:x"])
def test_address_that_cannot_be_used(uri):
    with pytest.raises(NoHub, match="is not a broker's address such as mqtt://127.0.0.1:1883"):
        home_assistant.entered(uri)


def test_broker_of_the_last_run(tmp_path):
    record = tmp_path / "runner.json"
    assert home_assistant.last_broker(record) == "mqtt://127.0.0.1:1883"
    record.write_text('{"mqtthost": "mqtt://127.0.0.1:40001"}')
    assert home_assistant.last_broker(record) == "mqtt://127.0.0.1:40001"


def test_no_broker(capsys):
    with socket.socket() as unused:  # bound, but it does not listen
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert home_assistant.main(["--broker", f"mqtt://127.0.0.1:{port}"]) == 1
    assert "Is `make run` running in another terminal?" in capsys.readouterr().err


def test_not_installed(monkeypatch, capsys):
    def fail():
        raise hubs.InstallError("Home Assistant needs Python 3.13")

    monkeypatch.setattr(hubs, "home_assistant", fail)
    with socket.create_server(("127.0.0.1", 0)) as broker:
        uri = f"mqtt://127.0.0.1:{broker.getsockname()[1]}"
        assert home_assistant.main(["--broker", uri]) == 1
    told = capsys.readouterr().err
    assert "Python 3.13. To use a Home Assistant that you have: make run" in told


def test_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert home_assistant.free(taken.getsockname()[1]) is None
