"""HTTP API checked against config/openapi.yaml with schemathesis."""

import re
import subprocess
import sys

import yaml
from routes import routes
from sim import ROOT, Simulator

from config import product

FILE = ROOT / "config" / "openapi.yaml"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)


def test_describes_every_route():
    document = yaml.safe_load(FILE.read_text())
    described = {(p, m.upper()) for p, methods in document["paths"].items() for m in methods}
    api = {(path, method) for path, method in routes() if path.startswith("/api/")}
    assert described == api | {("/update", "POST")}
    assert document["info"]["version"] == product.VERSION
    assert document["info"]["title"] == product.NAME


def test_camera_conforms(tmp_path):
    with Simulator(tmp_path / "camera", "mqtt://127.0.0.1:1") as camera:
        line = [sys.executable, "-m", "schemathesis.cli", "run", str(FILE), "--url", camera.url]
        line += ["--seed", "7", "--max-examples", "12", "--checks", CHECKS, "--no-color"]
        line += ["--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all"]
        line += ["--generation-database", "none", "--request-timeout", "10"]
        done = subprocess.run(
            line, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False
        )
        assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
        assert re.search(r"Tested: 12\b", done.stdout), done.stdout[-2_000:]
        assert camera.facts["boots"] == 1 and "web: !" not in camera.output
