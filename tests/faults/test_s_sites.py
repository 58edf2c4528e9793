"""Security: text in pages, paths of files, and requests from other sites."""

import html.parser
import http.server
import json
import re
import threading
import urllib.parse

import httpx
import pytest
from browser import Browser
from certificates import authority
from routes import paths, routes
from sim import ROOT, Simulator, wait_until
from visitors import exchange, head, status_of

NO_BROKER = "mqtt://127.0.0.1:1"
FILES = ["/style.css", "/app.js", "/icon.svg", "/zones.txt"]
SECURITY = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT")
HOSTS = (
    "evil.test", "camera.evil.test:80", "192.168.4.16", "127.0.0.1.evil.test",
    "localhost.evil.test", "esp32-a1b2c3-esp32-mqtt-cam.evil.test", "[::1]", "0.0.0.0",
    "127.1", "2130706433",
)  # fmt: skip


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    (folder / "ca.pem").write_bytes(authority().cert_pem)
    settings = {"mqttca": f"@{folder / 'ca.pem'}", "loglevel": "debug"}
    with Simulator(folder, NO_BROKER, settings) as made:
        made.wait_status("wifi joined")  # until then, a changed network ends connections
        yield made


@pytest.fixture
def client(camera):
    with httpx.Client(base_url=camera.url, timeout=15, trust_env=False) as made:
        yield made


# Markup

MARKUP = [
    "<img src=x onerror=hit=1>",
    "'\"><script>hit=1</script>",
    "</textarea><svg onload=hit=1>",
    "javascript:hit=1//",
    "{{value:mqttuser}}&lt;b&gt;<b>",
]


class Tags(html.parser.HTMLParser):
    """Fails for an element that could run a script of the page's own text; `text` is what is left.

    page: a response.
    """

    def __init__(self, page):
        super().__init__()
        self.text = ""
        assert page.headers["content-type"].startswith("text/html")
        self.feed(page.text)

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.text += " ".join(value for value in values.values() if value)
        assert not [name for name in values if name.startswith("on")], values
        assert tag not in ("svg", "b") or not values, values
        assert tag != "script" or values.get("src") == "/app.js"
        for name in ("src", "href", "action", "formaction"):
            assert not (values.get(name) or "").startswith(("x", "javascript:")), values


@pytest.mark.slow
def test_s2_markup_in_names_and_messages(camera, client, row):
    """Text from users, networks and requests stays text on every page, also in a browser."""
    for number, text in enumerate(MARKUP if row.full else MARKUP[:2]):
        with row.injection(text):
            camera.control("wifi", add=True, ssid=text[:31], password="x" * 8, rssi=-70 - number)
            names = {"mqttuser": text, "ssid2": text[:31], "ntpserver": text, "otaurl": text}
            assert client.post("/api/settings", json=names).json()["saved"]
            camera.type(f"{text}\n")
            for page in pages(client, text):
                assert text[:31] in Tags(page).text
            for path in ("/api/settings", "/api/networks", "/api/status"):
                assert client.get(path).headers["content-type"].startswith("application/json")
            assert text in client.get("/api/settings").text.replace('\\"', '"')
    if row.full:
        with row.injection("in Chromium"):
            in_a_browser(camera)
    defaults = {"mqttuser": "1", "ssid2": "1", "ntpserver": "1", "otaurl": "1"}
    assert client.post("/api/settings", json=defaults).json()["saved"]


def pages(client, text):
    """Yield the pages that show the text."""
    yield client.get("/setup?scan=1")
    fields = {"wifissid": text[:31], "mqttuser": text, "topic": text * 9, "mqtthost": text}
    yield client.post("/setup", data={**fields, "save": "1"})
    twice = urllib.parse.urlencode([(text, "1"), (text, "2"), ("save", "1")])
    yield client.post("/setup", content=twice, headers={"Accept": "text/html"})


def in_a_browser(camera):
    """Show each page in Chromium, which logs an error for a script that the policy blocks."""
    with Browser() as browser, browser.page(camera.url) as page:
        for path in ("/setup?scan=1", "/"):
            page.goto(path)
            for tab in ("status", "picture", "settings", "log", "firmware") if path == "/" else ():
                page.click(f"#tab-{tab}")
                page.wait_for_selector(f"#{tab}")
            assert page.evaluate("typeof hit") == "undefined"


# Files


@pytest.mark.slow
def test_s3_paths_of_files(camera, client, row):
    """No path of a file on the board, of the firmware or of the PC is served."""
    sources = [path.relative_to(ROOT / "lib").as_posix() for path in (ROOT / "lib").rglob("*.*")]
    names = [*camera.files.paths(), "mqttca.pem", "boot.py", "main.py", "etc/passwd"]
    names += ["lib/" + name for name in sources] + ["www/" + name for name in ("setup.html",)]
    names += ["setup.html", "login.html", "camera.html.gz", "style.css.gz", "rom", ".frozen"]
    for name in sorted(set(names) if row.full else row.chance.sample(sorted(set(names)), 12)):
        for path in (f"/{name}", f"//{name}", f"/rom/{name}", f"/..%2f{name}", f"/x/../{name}"):
            with row.injection(path):
                request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                response = exchange(camera, request.encode())
                assert status_of(response) == 404, response[:60]
                assert b"There is no such page" in response
    for address in ("file:///main.py", "/main.py", "../main.py"):
        with row.injection(f"update from {address}"):
            client.post("/api/settings", json={"otaurl": address})
            response = client.post("/api/command", json={"command": "upgrade", "argument": "1"})
            assert response.status_code == 400 and "http://" in response.text


# Requests from other sites

ACTIONS = "save=1&savereboot=1&topic=evil&adminpass=evil-word&command=reset&argument=1&force=1"
FOREIGN = (
    {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1"}, {"Origin": ""},
)  # fmt: skip


def state(camera):
    """Return all that a request could change."""
    flash = camera.control("flash")
    power = camera.command("power") + camera.command("timer")
    return camera.control("nvs"), flash["erases"], flash["running"], camera.facts["boots"], power


def test_s4_requests_from_other_sites(camera, client, row):
    """A GET changes nothing, nor does any request that a page of another site causes."""
    camera.get("/jpg")
    before = state(camera)
    for path, method in sorted(routes()):
        if method == "GET":
            with row.injection(f"GET {path}"):
                head(client, "GET", f"{path}?{ACTIONS}")
            continue
        secure = {"Origin": camera.url.replace("http", "https")}
        for headers in (*FOREIGN, secure) if row.full else (FOREIGN[0], FOREIGN[2]):
            for body in (ACTIONS, json.dumps({"command": "power", "argument": "on"})):
                with row.injection(f"POST {path} {headers}"):
                    response = client.post(path, content=body, headers=headers)
                    assert response.status_code == 403
                    assert "set-cookie" not in response.headers
    if row.full:
        with row.injection("a page in Chromium"):
            row.figure("requests of a foreign page", visit_a_foreign_page(camera))
    assert state(camera) == before
    own = client.post("/api/command", json={"command": "power"}, headers={"Origin": camera.url})
    assert own.status_code == 200


FOREIGN_PAGE = """<!doctype html><title>evil</title><script>
const camera = CAMERA, paths = PATHS, actions = ACTIONS, sent = []
const json = '{"command": "power", "argument": "on", "topic": "evil", "quality": 40}'
const loaded = (element, url) => sent.push(new Promise((done) => {
  element.onload = element.onerror = done
  element.src = url
  document.documentElement.append(element)
}))
for (const path of paths) {
  const options = {method: "POST", mode: "no-cors", credentials: "include"}
  for (const body of [json, new URLSearchParams(actions)])
    sent.push(fetch(camera + path, {...options, body}))
  loaded(new Image(), camera + path + "?" + actions)
  const form = document.createElement("form"), frame = document.createElement("iframe")
  frame.name = form.target = "frame" + sent.length
  form.method = "post"
  form.enctype = "text/plain"
  form.action = camera + path
  form.innerHTML = `<input name='{"command":"power","argument":"on","x":"' value='"}'>`
  loaded(frame, "about:blank")
  document.documentElement.append(form)
  form.submit()
}
Promise.allSettled(sent).then(() => setTimeout(() => document.title = "done", 500))
</script>"""


def visit_a_foreign_page(camera):
    """Open a page that sends all it can to the camera; return the number of requests."""
    posts = [path for path, method in sorted(routes()) if method == "POST"]
    values = {"CAMERA": camera.url, "PATHS": posts, "ACTIONS": ACTIONS}
    text = FOREIGN_PAGE
    for name, value in values.items():
        text = text.replace(f"= {name}", f"= {json.dumps(value)}")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    since = len(camera.output)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://localhost:{server.server_port}/"
        with Browser() as browser, browser.page(url) as page:
            page.goto("/")
            page.wait_for_function("document.title == 'done'", timeout=60_000)
            page.errors.clear()  # of the foreign page, about what it was refused
        server.shutdown()
    statuses = re.findall(r"web: POST \S+: (\d+)", camera.output[since:])
    assert len(statuses) >= len(posts) and {*statuses} == {"403"}
    return len(statuses)


def test_s5_scripts_of_other_sites(client, row):
    """No response has a CORS header, so that scripts of other sites read nothing."""
    ask = {"Origin": "http://evil.test", "Access-Control-Request-Method": "POST"}
    for path in [*paths(), "/nothing"]:
        for method in METHODS if row.full else ("GET", "OPTIONS"):
            with row.injection(f"{method} {path}"):
                response = head(client, method, path, headers=ask)
                assert not [name for name in response.headers if "access-control" in name]
                if path not in ("/mjpg", "/stream", "/jpg", "/capture"):
                    policy = response.headers["cross-origin-resource-policy"]
                    assert policy == "same-origin"


def test_s6_foreign_host_names(client, row):
    """A page whose name resolves to the camera (DNS rebinding) gets nothing."""
    for path in [*paths(), "/nothing"]:
        for host in HOSTS if row.full else HOSTS[:2]:
            for method in ("GET", "POST") if row.full else ("GET",):
                with row.injection(f"{method} {path} at {host}"):
                    response = head(client, method, path, headers={"Host": host})
                    assert response.status_code == 421
                    assert response.headers["content-length"] < "400"


# Headers


def test_s30_security_headers(camera, client, row):
    """Every response, errors included, forbids framing, sniffing and storing."""
    for path in [*paths(), "/setup?scan=1", "/nothing"]:
        for method in METHODS[1:]:
            with row.injection(f"{method} {path}"):
                response = client.request(method, path)
                for name, value in SECURITY.items():
                    assert response.headers.get(name) == value, name
                assert "default-src 'self'" in response.headers["content-security-policy"]
                if path not in [*FILES, "/", "/camera"]:
                    assert response.headers["cache-control"] == "no-store"
    wait_until(lambda: camera.get("/api/status").json()["viewers"] == 0)
