"""Security: what attackers have done to such devices."""

import httpx
import pytest
from routes import paths
from sim import Simulator, wait_until

NO_BROKER = "mqtt://127.0.0.1:1"
FILES = ["/style.css", "/app.js", "/icon.svg"]
SECURITY = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        yield made


def test_s30_security_headers(camera, row):
    """Every response, also to an error, forbids framing, sniffing and storing it."""
    with httpx.Client(base_url=camera.url, timeout=10, trust_env=False) as client:
        for path in [*paths(), "/setup?scan=1", "/nothing"]:
            for method in ("HEAD", "POST", "OPTIONS", "PUT"):
                with row.injection(f"{method} {path}"):
                    response = client.request(method, path)
                    for name, value in SECURITY.items():
                        assert response.headers.get(name) == value, name
                    assert "default-src 'self'" in response.headers["content-security-policy"]
                    assert not [name for name in response.headers if "access-control" in name]
                    if path not in [*FILES, "/", "/camera"]:
                        assert response.headers["cache-control"] == "no-store"
    wait_until(lambda: camera.get("/api/status").json()["viewers"] == 0)
