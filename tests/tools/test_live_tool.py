"""tools/live.py: renewal, refusals, the local web server, and recording without ffmpeg."""

import json
import socket
import time
import types

import brokerlink
import httpx
import live
import pytest
from encoder import Encoder, EncoderError
from liveview.keeper import Keeper
from liveview.newest import Newest
from liveview.server import Server


class Link:
    """Broker and camera: answers each command, unless the test has another message."""

    def __init__(self):
        self.sent = []
        self.messages = []
        self.reply = b"30"
        self.up = True

    def name(self, prefix, name):
        return f"{prefix}/cam/{name}"

    def command(self, name, argument):
        self.sent.append(f"{name} {argument}")
        if self.reply:
            self.post("stat", "live", self.reply)
        return types.SimpleNamespace(wait_for_publish=lambda limit_s: None)

    def post(self, prefix, name, payload, retain=False):
        topic = self.name(prefix, name)
        self.messages.append(types.SimpleNamespace(topic=topic, payload=payload, retain=retain))

    def next(self, limit_s):
        return self.messages.pop(0) if self.messages else None


class Desk:
    """A keeper with a clock that the test controls."""

    def __init__(self, viewers=1):
        self.now, self.viewers = 1_000.0, viewers
        self.link, self.newest = Link(), Newest(lambda: self.now)
        self.keeper = Keeper(
            self.link, self.newest, 5, lambda: self.viewers, clock=lambda: self.now
        )

    def run(self, seconds):
        for _ in range(int(5 * seconds)):
            self.keeper.step()
            self.now += 0.2

    def report(self, reason="", left=20):
        report = {"Timestamp": self.now - 0.4, "SecondsLeft": left, "Reason": reason}
        self.link.post("tele", "LIVE", json.dumps(report).encode())


def test_it_is_renewed_while_somebody_watches_and_ends_soon_after():
    desk = Desk(viewers=0)
    desk.run(60)
    assert desk.link.sent == []
    desk.viewers = 2
    desk.run(35)
    assert desk.link.sent == ["live 30,5"] * 4
    desk.viewers = 0
    desk.run(2)
    desk.viewers = 1  # a page that was reloaded
    desk.run(2)
    assert "live 0" not in desk.link.sent
    desk.viewers = 0
    desk.run(20)
    assert desk.link.sent[-1] == "live 0" and desk.link.sent.count("live 0") == 1
    desk.viewers = 1
    desk.run(0.4)
    assert desk.link.sent[-1] == "live 30,5"


def test_an_end_by_another_program_is_answered_at_once():
    desk = Desk()
    desk.run(1)
    desk.report("ended by a command", 0)
    desk.run(0.6)
    assert desk.link.sent == ["live 30,5"] * 2 and desk.newest.problem == ""


def test_a_refusal_is_shown_and_the_command_repeated():
    desk = Desk()
    desk.newest.put(b"jpeg")
    desk.link.reply = b"no picture: privacy is on"
    desk.run(5)
    assert desk.newest.problem == "No picture: privacy is on."
    assert 2 <= len(desk.link.sent) <= 3
    began = time.monotonic()  # a new viewer does not get the old picture, and waits for another
    assert desk.newest.wait(0, 0.05) == (0, b"") and time.monotonic() - began > 0.04
    desk.link.reply = b"30"
    desk.run(3)
    desk.link.post("data", "live", b"new")
    desk.run(0.2)
    assert desk.newest.problem == "" and desk.newest.wait(0, 0) == (2, b"new")


def test_a_silent_camera_and_its_last_will_are_shown():
    desk = Desk()
    desk.link.reply = None
    desk.run(brokerlink.REPLY_S + 1)
    assert desk.newest.problem == "The camera does not respond."
    desk.link.post("tele", "LWT", b"Offline", retain=True)
    desk.run(0.2)
    assert "offline" in desk.newest.problem
    sent = len(desk.link.sent)
    desk.link.reply = b"30"
    desk.link.post("tele", "LWT", b"Online")
    desk.run(0.6)
    assert len(desk.link.sent) == sent + 1 and desk.newest.problem == ""


@pytest.mark.parametrize(("will", "why"), [(b"Offline", "offline"), (b"Sleeping", "sleeps")])
def test_no_commands_pile_up_for_a_camera_that_is_away(will, why):
    """A broker that keeps its session delivers all of them when it is back."""
    desk = Desk()
    desk.link.post("tele", "LWT", will, retain=True)
    desk.run(0.2)
    desk.link.reply = None
    desk.run(60)
    assert len(desk.link.sent) == 1 and why in desk.newest.problem
    desk.link.reply = b"30"
    desk.link.post("tele", "LWT", b"Online")
    desk.run(0.6)
    assert len(desk.link.sent) == 2 and desk.newest.problem == ""


def test_no_commands_pile_up_while_the_broker_is_away():
    desk = Desk()
    desk.run(1)
    desk.link.up = False
    desk.run(60)
    assert len(desk.link.sent) == 1 and "broker" in desk.newest.problem
    desk.link.up = True
    desk.run(0.6)
    assert len(desk.link.sent) == 2
    desk.link.post("data", "live", b"new")
    desk.run(0.2)
    assert desk.newest.problem == ""


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"live: 0..600[,0.1..30]  seconds\nadminpass, live", "refuses: live: 0..600"),
        (b"adminpass, capture, power", "has no live view"),
    ],
)
def test_a_refused_command_ends_the_program(payload, why):
    desk = Desk()
    desk.link.reply = None
    desk.run(0.2)
    desk.link.post("stat", "SYNTAX", payload)
    with pytest.raises(brokerlink.BrokerError, match=why):
        desk.run(0.2)


def test_an_update_is_waited_for():
    desk = Desk()
    desk.link.reply = None
    desk.run(0.2)
    desk.link.post("stat", "SYNTAX", b"live: paused, an update is under way")
    desk.run(0.2)
    assert desk.newest.problem == "Paused, an update is under way."
    desk.run(3)
    assert len(desk.link.sent) == 2
    desk.link.post("stat", "SYNTAX", b"busy: 3 not run. At most 512 commands wait, and so on")
    desk.run(0.2)


def test_rate_and_age_of_the_newest_picture():
    desk = Desk()
    assert desk.newest.state()["age_s"] is None
    for _ in range(20):
        desk.newest.put(b"jpeg")
        desk.now += 0.25
    state = desk.newest.state()
    assert state["fps"] == 4.0 and state["age_s"] == 0.25
    desk.report()
    desk.keeper.step()
    assert desk.newest.state()["age_s"] == pytest.approx(0.4, abs=0.3)
    desk.newest.describe({"Timestamp": desk.now + 500, "SecondsLeft": 3})  # another clock
    assert desk.newest.state()["age_s"] == 0.25


def test_line_on_the_terminal():
    """At 0.1 pictures per second there is no rate, but a viewer or a recording all the same."""
    desk = Desk(viewers=0)

    def shown(recorder=None):
        return live.describe(desk.newest, recorder, desk.viewers or recorder)

    assert shown() == "no viewer"
    recorder = types.SimpleNamespace(pictures=0)
    assert shown(recorder) == "waiting for a picture, 0 recorded"
    desk.viewers = 1
    desk.newest.put(b"jpeg")
    desk.now += 8
    assert shown() == "the newest picture is 8 s old"
    for _ in range(20):
        desk.newest.put(b"jpeg")
        desk.now += 0.25
    recorder.pictures = 20
    assert shown(recorder) == "4.0 pictures per second, 20 recorded"
    desk.viewers = 0
    assert shown() == "no viewer"
    desk.newest.fail("The camera is offline.")
    assert shown() == "The camera is offline."
    desk.viewers, desk.newest.problem = 1, ""
    assert shown() == "waiting for a picture"


def test_damaged_reports_are_ignored():
    desk = Desk()
    for payload in (b"", b"[1]", b"{}", b"\xff", b'{"Reason": ""}'):
        desk.link.post("tele", "LIVE", payload)
    desk.run(2)
    assert desk.newest.problem == ""


@pytest.fixture
def server():
    with Server(Newest(), "porch") as made:
        yield made


def test_only_this_computer_and_its_address_are_served(server):
    assert server.server_address[0] == "127.0.0.1"
    get = httpx.Client(base_url=server.url, trust_env=False).get
    for path in ("/", "/page.js", "/page.css", "/style.css", "/icon.svg", "/state"):
        response = get(path)
        assert response.status_code == 200 and response.content
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert get("/state").json()["title"] == "porch"
    assert get("/../live.py").status_code == get("/page.html").status_code == 404
    assert get("/state", headers={"Host": "evil.test"}).status_code == 403


def test_a_taken_port_is_replaced(server):
    with Server(Newest(), "porch", server.server_port) as other:
        assert other.server_port != server.server_port


def test_a_recording_without_ffmpeg_or_over_a_file(tmp_path, monkeypatch, capsys):
    options = ["--broker", "mqtt://127.0.0.1:1", "--topic", "cam"]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert live.main([*options, "--record", str(tmp_path / "a.mp4")]) == 1
    assert "ffmpeg is missing. Install it" in capsys.readouterr().err
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\necho disk full >&2\nexit 1\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    (tmp_path / "a.mp4").write_bytes(b"old")
    assert live.main([*options, "--record", str(tmp_path / "a.mp4")]) == 1
    assert "--force" in capsys.readouterr().err
    with pytest.raises(EncoderError, match="in a folder that exists"):
        Encoder(tmp_path / "none" / "a.mp4")
    with pytest.raises(EncoderError, match="disk full"), Encoder(tmp_path / "b.mp4") as encoder:
        for _ in range(100):
            encoder.write(bytes(100_000))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.mp4", "ffmpeg"]


def test_a_recording_that_fails_at_its_end_leaves_nothing(tmp_path, monkeypatch):
    ends = '#!/bin/sh\nfor last; do :; done\n/bin/cat >"$last"\n'
    monkeypatch.setenv("PATH", str(tmp_path))

    def record(name, status=0, force=False):
        (tmp_path / "ffmpeg").write_text(f"{ends}echo disk full >&2\nexit {status}\n")
        (tmp_path / "ffmpeg").chmod(0o755)
        with Encoder(tmp_path / name, force=force) as encoder:
            encoder.write(b"jpeg")

    with pytest.raises(EncoderError, match="disk full"):
        record("a.mp4", 1)
    (tmp_path / "b.mp4").mkdir()
    with pytest.raises(EncoderError, match="b.mp4"):
        record("b.mp4", force=True)
    record("c.mp4")
    ends = "\x7fELF"
    with pytest.raises(EncoderError, match="does not start"):
        record("d.mp4")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["b.mp4", "c.mp4", "ffmpeg"]


def test_arguments(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for options, status, why in (
            (["--broker", "mqtt://127.0.0.1"], 1, "--device or --topic"),
            (["--broker", "http://x", "--topic", "cam"], 1, "mqtt://host"),
            (["--broker", f"mqtt://127.0.0.1:{port}", "--topic", "cam"], 3, "refused"),
            (["--broker", "mqtts://x", "--topic", "cam", "--cafile", "none"], 1, "none"),
        ):
            assert live.main(options) == status
            assert why in capsys.readouterr().err


@pytest.mark.parametrize("text", ["abc", "0", "nan", "-1"])
def test_a_time_that_never_ends_it_is_refused(text, capsys):
    with pytest.raises(SystemExit) as end:
        live.main(["--topic", "cam", f"--seconds={text}"])
    assert end.value.code == 2
    assert "a number of seconds above 0" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["abc", "0", "31", "nan", "-1"])
def test_a_rate_that_no_camera_accepts_is_refused_at_once(text, capsys):
    with pytest.raises(SystemExit) as end:
        live.main(["--topic", "cam", f"--fps={text}"])
    assert end.value.code == 2
    assert "a number from 0.1 to 30" in capsys.readouterr().err
