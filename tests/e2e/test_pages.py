"""Pages, set-up form and API of a camera without a password."""

import gzip
import json
import re
import zlib

import compile as compiler
import httpx
import pytest
import zones
from certificates import authority
from sim import ROOT, TOPIC, Simulator, wait_until

from proto.posixtz import TimeZone

NO_BROKER = "mqtt://127.0.0.1:1"
FILES = ["/style.css", "/app.js", "/icon.svg", "/zones.txt"]
PAGES = ["/", "/camera", "/setup", "/setup?scan=1"]
READS = ["/api/status", "/api/settings", "/api/camera", "/api/log", "/api/networks"]


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        yield made


@pytest.fixture(scope="module")
def client(camera):
    with httpx.Client(base_url=camera.url, timeout=10, trust_env=False) as made:
        yield made


def form(client, path="/setup", **fields):
    return client.post(path, data=fields)


def setting(client, name):
    rows = client.get("/api/settings").json()["settings"]
    return next(row for row in rows if row["name"] == name)


# Files


def test_total_size(repo, bytecode):
    sources = {p.name: compiler.content(p) for p in (repo / "lib" / "www").iterdir()}
    built = {p.name: p.read_bytes() for p in (bytecode / "root" / "lib" / "www").iterdir()}
    assert {name for name in built if not name.endswith(".gz")} == {
        name for name, data in sources.items() if b"{{" in data
    }
    assert {name.removesuffix(".gz") for name in built} == set(sources)
    assert sum(len(data) for name, data in built.items() if name.endswith(".gz")) < 60_000
    assert sum(len(gzip.compress(data)) for data in sources.values()) < 60_000


def test_no_two_functions_of_the_script_have_the_same_name(repo):
    """The files of app.js are sent as one, in which the last function of a name would count."""
    text = compiler.content(repo / "lib/www/app.js").decode()
    names = re.findall(r"^(?:async )?function\*? (\w+)|^(?:const|let) (\w+)", text, re.MULTILINE)
    names = [first or second for first, second in names]
    assert len(names) > 50
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", FILES)
def test_files_are_compressed_and_cached(client, path):
    source = compiler.content(ROOT / "lib" / "www" / path[1:])
    page = client.get(path)
    assert page.status_code == 200 and page.content == source
    assert page.headers["content-encoding"] == "gzip"
    assert page.headers["vary"] == "Accept-Encoding"
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == source and "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(source)
    tag = page.headers["etag"]
    again = client.get(path, headers={"If-None-Match": f'"x", {tag}'})
    assert again.status_code == 304 and not again.content and again.headers["etag"] == tag
    assert client.get(path, headers={"If-None-Match": "*"}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.head(path).headers["content-length"] == page.headers["content-length"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [("180", "within 3 minutes"), ("60", "within 1 minute,"), ("90", "within 90 seconds"),
     ("0", "press its button four times")],
)  # fmt: skip
def test_saved_page_states_when_the_access_point_opens(client, seconds, text):
    assert client.post("/api/settings", json={"apfallback": seconds}).json()["saved"]
    assert text in form(client, mqttport="0", save="Save").text
    assert client.post("/api/settings", json={"apfallback": "180"}).json()["saved"]


def test_files_fit_the_boards_deflate_window(bytecode):
    for path in (bytecode / "root" / "lib" / "www").glob("*.gz"):
        data = path.read_bytes()
        assert zlib.decompress(data, 16 + 10) == gzip.decompress(data)


# Error pages


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/nothing", 404), ("POST", "/api/command", 400), ("DELETE", "/setup", 405),
    ("GET", "/api/command", 405), ("GET", "/api/nothing", 404), ("PUT", "/mjpg", 405),
])  # fmt: skip
def test_error_states_cause_and_advice(client, method, path, status):
    page = client.request(method, path, headers={"Accept": "text/html"})
    assert page.status_code == status
    if path.startswith("/api/"):
        assert set(page.json()) == {"error", "advice"} and all(page.json().values())
    else:
        assert page.headers["content-type"] == "text/html; charset=UTF-8"
        assert re.search(r"<h1>[^<]{10,}</h1>\n<p>[^<]{8,}</p>", page.text)
    if status == 405:
        assert method not in page.headers["allow"]


# The set-up form


def test_form_shows_values_but_no_secrets(client, camera):
    secrets = {"password": "canary-wifi", "mqttpass": "canary-mqtt", "adminpass": "canary-admin"}
    try:
        for name in ("mqttpass", "mqttuser"):
            camera.command(f"{name} {secrets.get(name, 'joe &<b>')}")
        for path in PAGES + READS:
            assert "canary" not in client.get(path).text, path
        page = client.get("/setup").text
        assert 'value="sim"' in page and "joe &amp;&lt;b&gt;" in page and "<b>" not in page[-4000:]
        assert "canary" not in form(client, mqttpassword="canary-new", mqttport="x", save=1).text
    finally:
        camera.command("mqttpass 1")
        camera.command("mqttuser 1")


def test_form_fields_of_the_c_firmware(client):
    response = form(client, mqttuser="joe", mqttpassword="word", mqttport="1884", save="Save")
    assert response.status_code == 200 and "Saved" in response.text
    assert setting(client, "mqttuser")["value"] == "joe"
    assert setting(client, "mqttport")["value"] == "1884"
    assert setting(client, "mqttpass")["set"]
    assert form(client, mqttuser="", mqttpassword="", save="Save").status_code == 200
    assert setting(client, "mqttuser")["value"] == "joe"  # an empty field keeps its value
    assert setting(client, "mqttpass")["set"]
    form(client, forget_mqttuser="1", mqttport="0", save="Save")
    assert setting(client, "mqttuser")["value"] == ""
    assert not setting(client, "mqttpass")["set"]


def test_new_broker_does_not_get_the_password_of_the_old_one(client):
    try:
        form(client, mqtthost="mqtt://127.0.0.1:1", mqttpassword="canary", save="Save")
        assert "password was" not in form(client, mqtthost="mqtt://127.0.0.1:1", save="Save").text
        page = form(client, mqtthost="mqtt://127.0.0.1:2", mqttpassword="canary", save="Save").text
        assert "password was" not in page and setting(client, "mqttpass")["set"]
        page = form(client, mqtthost="mqtt://127.0.0.1:3", save="Save").text
        assert "password was removed, because the server is another one" in page
        client.post("/api/settings", json={"mqttpass": "canary"})
        response = client.post("/api/settings", json={"mqttport": 4})
        assert response.json()["removed"] == {
            "mqttpass": "removed, because the server is another one"
        }
        assert not setting(client, "mqttpass")["set"]
    finally:
        client.post("/api/settings", json={"mqtthost": "", "mqttport": 0, "mqttpass": ""})


def test_root_accepts_the_form_only_on_the_access_point(client):
    response = form(client, "/", mqttuser="x", save="1")
    assert response.status_code == 405 and response.headers["allow"] == "GET, HEAD"


def test_time_zones_match_the_tz_database(repo):
    lines = (repo / "lib/www/zones.txt").read_text().splitlines()
    rows = [tuple(line.rsplit(" ", 1)) for line in lines]
    assert len(rows) > 100 and rows == sorted(rows)
    for name, rule in rows:
        TimeZone(rule)  # fails if the camera cannot parse it
        assert rule == zones.rule(name.replace(" ", "_"))


# The API


def test_saved_page_of_a_new_board(tmp_path):
    with Simulator(tmp_path / "new", args=("--ap",)) as board:
        page = httpx.post(board.url + "/setup", data={"reboot": "1"}, trust_env=False).text
        assert "No Wi-Fi network is set" in page
        assert "It joins" not in page and "Then open" not in page and "then closes" not in page
        board.wait_boot(2)
        assert re.search(r'id="pubinterval".* value="10"', board.get("/setup").text)
        settings = {"wifissid": "sim", "wifipassword": "simulated", "topic": "porch"}
        page = httpx.post(
            board.url + "/setup", data={**settings, "savereboot": "1"}, trust_env=False
        ).text
        assert "It joins the Wi-Fi network <b>sim</b>" in page and "then closes" in page
        assert "http://esp32-a1b2c3-porch.local/" in page
        board.wait_boot(3)
        board.wait_status("wifi joined")
        assert board.get("/api/status").json()["host"] == "esp32-a1b2c3-porch.local"
        assert board.command("pubinterval") == "0"  # not sent: the C firmware's default stays


def test_status(client, camera):
    status = client.get("/api/status").json()
    assert (status["device_id"], status["topic"]) == ("DVES_A1B2C3", TOPIC)
    assert status["wifi"]["state"] == "joined" and status["wifi"]["ssid"] == "sim"
    assert status["open"] is True and "open: no adminpass is set" in camera.status()
    assert status["host"] == f"esp32-a1b2c3-{TOPIC}.local"


def test_settings_are_saved_all_or_none(client):
    before = client.get("/api/settings").json()
    settings = {"pubinterval": 7, "teleperiod": "4000", "nothing": 1}
    response = client.post("/api/settings", json=settings)
    assert response.status_code == 400
    assert response.json()["faults"] == {
        "teleperiod": "0..3600", "nothing": "there is no such setting"
    }  # fmt: skip
    assert client.get("/api/settings").json() == before
    response = client.post("/api/settings", json={"pulse": 7, "mqttuser": "ü"})
    assert response.json() == {"saved": True, "restarts": False}
    assert setting(client, "pulse")["value"] == "7" and setting(client, "mqttuser")["value"] == "ü"
    client.post("/api/settings", json={"pulse": 0, "mqttuser": "1"})


def test_backup_of_an_open_camera_has_no_secrets(client):
    backup = client.post("/api/backup", json={}).json()
    assert (backup["format"], backup["device_id"]) == (1, "DVES_A1B2C3")
    assert backup["settings"]["ssid"] == "sim" and "password" not in backup["settings"]
    assert client.post("/api/settings", json=backup["settings"]).json()["saved"]
    refused = client.post("/api/backup", json={"password": "anything"})
    assert refused.status_code == 403 and "admin password" in refused.json()["error"]


def test_characters_outside_the_bmp(client):
    """ASCII JSON writes them as surrogate pairs (RFC 8259, section 7)."""
    body = json.dumps({"mqttuser": "\u00fc \U0001f4f7"}).encode()
    assert b"\\ud83d\\udcf7" in body
    assert client.post("/api/settings", content=body).json()["saved"]
    assert setting(client, "mqttuser")["value"] == "\u00fc \U0001f4f7"
    for half in (b'{"mqttuser": "\\ud83d"}', b'{"mqttuser": "\\udcf7 "}', b'{"\\ud83dx": 1}'):
        assert client.post("/api/settings", content=half).status_code == 400
    client.post("/api/settings", json={"mqttuser": "1"})


def test_parameters_are_set_all_or_none(client):
    def values():
        rows = client.get("/api/camera").json()["parameters"]
        return {row["name"]: row["value"] for row in rows}

    before = values()
    response = client.post("/api/camera", json={"quality": 20, "contrast": 9})
    assert response.status_code == 400 and response.json()["error"] == "contrast: -2..2"
    assert values() == before
    response = client.post("/api/camera", json={"quality": "20", "framesize": "VGA"})
    assert response.json()["values"] == values()
    assert (values()["quality"], values()["framesize"]) == (20, 8)
    client.post("/api/camera", json={"quality": before["quality"], "framesize": 13})


def test_commands(client):
    def run(**body):
        return client.post("/api/command", json=body)

    assert run(command="POWER", argument="on").json() == {"command": "power", "reply": "on"}
    assert run(command="light", argument=False).json() == {"command": "power", "reply": "off"}
    text = run(command="mqttotastart", argument=1).json()["reply"]
    assert text == "reply follows on stat/esp32-mqtt-cam/mqttotastart"
    run(command="mqttotastart", argument=0)
    assert run(command="timer", argument=0).status_code == 400
    assert run(command="nothing").status_code == 404
    for body in (
        {},
        {"command": 1},
        {"command": "power", "x": 1},
        {"command": "a", "argument": []},
    ):
        assert run(**body).status_code == 400
    for body in (b"", b"[]", b"{", b"\xff", b"1", b'"x"'):
        assert client.post("/api/command", content=body).status_code == 400
    assert client.post("/api/command", content=b"x" * 5_000).status_code == 413


def test_oversized_request_gets_a_page_or_json(client):
    page = client.post("/setup", content=b"x" * 40_000, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (413, "text/html; charset=UTF-8")
    assert "request is too large" in page.text and "Send less" in page.text
    text = client.post("/api/settings", content=b"x" * 40_000)
    assert text.status_code == 413 and text.json()["advice"] == "Send less at once."


def test_certificate_by_form_and_api(client):
    pem = authority().cert_pem.decode()
    assert form(client, mqttca=pem, save="1").status_code == 200
    assert (
        setting(client, "mqttca")["set"] and "CERTIFICATE" not in client.get("/api/settings").text
    )
    assert form(client, forget_mqttca="1", save="1").status_code == 200
    assert not setting(client, "mqttca")["set"]
    assert client.post("/api/settings", json={"mqttca": pem}).json()["saved"]
    large = pem * (16_384 // len(pem))
    assert client.post("/api/settings", json={"mqttca": large}).json()["saved"]
    bad = client.post("/api/settings", json={"mqttca": "x", "pulse": 9}).json()
    assert list(bad["faults"]) == ["mqttca"] and setting(client, "pulse")["value"] == "0"
    client.post("/api/settings", json={"mqttca": ""})


def test_reading_changes_no_setting_and_leaks_no_memory(client, camera):
    def crawl():
        for path in PAGES + READS + FILES:
            assert client.get(path).status_code == 200

    crawl()
    nvs, free = camera.control("nvs"), max(camera.heap_free() for _ in range(3))
    for _ in range(5):
        crawl()
    assert camera.control("nvs") == nvs
    # an attempt to connect to the broker uses some KB for a while
    wait_until(lambda: camera.heap_free() > free - 2_048, 10, "the same free heap as before")
    assert "web: !" not in camera.output


def test_save_and_reboot(client, camera):
    boots = camera.facts["boots"]
    response = form(client, topic="porch", savereboot="1")
    assert "restarts now" in response.text and "sim" in response.text
    camera.wait_boot(boots + 1)
    with httpx.Client(base_url=camera.url, trust_env=False) as fresh:
        assert fresh.get("/api/status").json()["topic"] == "porch"
        assert "restarts now" in form(fresh, reboot="1").text
    camera.wait_boot(boots + 2)
    assert json.loads(camera.get("/api/status").text)["topic"] == "porch"
