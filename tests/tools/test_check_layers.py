"""tools/check_layers.py: each rule reports violations and nothing else."""

import pytest
from check_layers import check_tree, unused


def check(root, **sources):
    """Write sources ({module with __ for dots: text}) below `root` and return the findings."""
    for name, text in sources.items():
        top = name in ("boot", "main")
        path = root / ("" if top else "lib") / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return check_tree(root)


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("main", "from app import system"),
        ("main", "import asyncio"),
        ("boot", "import machine"),
        ("aio__reader", "import _thread\nfrom aio.deadline import within"),
        ("proto__uri", "from proto.values import int_between"),
        ("proto__mqtt", "from umqtt.robust import MQTTClient"),
        ("hal__nvs", "import esp32"),
        ("hal__sensor__api", "import camera\nfrom hal.sensor import SensorError"),
        ("hal__pins", "from machine import Pin"),
        ("app__http__server", "def f():\n    from microdot.microdot import Microdot"),
        ("app__http__pages__api", "from app.http.parts import head"),
        ("app__clock", "from app.settings.schema import SCHEMA\nfrom config.product import NAME"),
        ("app__system", "import app.mqtt, hal.nvs, config.board\nfrom aio import supervisor"),
    ],
)
def test_allowed(tmp_path, module, statement):
    assert check(tmp_path, **{module: statement}) == []


@pytest.mark.parametrize(
    ("module", "statement", "named"),
    [
        ("main", "from app import mqtt", "main imports app.mqtt"),
        ("boot", "import app.system", "boot imports app.system"),
        ("aio__latest", "import machine", "aio.latest imports machine"),
        ("aio__latest", "import proto.uri", "aio.latest imports proto.uri"),
        ("proto__uri", "import socket", "proto.uri imports socket"),
        ("proto__uri", "import asyncio", "proto.uri imports asyncio"),
        ("proto__uri", "from umqtt.simple import MQTTClient", "proto.uri imports umqtt.simple"),
        ("hal__wifi", "from app.log import log", "hal.wifi imports app.log"),
        ("hal__wifi", "import aio.backoff", "hal.wifi imports aio.backoff"),
        ("hal__pins", "from config import board", "hal.pins imports config.board"),
        ("hal__tarfs", "import hal.nvs", "hal.tarfs imports hal.nvs"),
        ("app__http__x", "from hal import nvs", "app.http.x imports hal.nvs; pass it to the con"),
        ("app__http__x", "import app.mqtt.session", "app.http.x imports app.mqtt.session; pass"),
        ("app__web", "from . import mqtt", "app.web imports app.mqtt"),
        ("app__web", "from .mqtt import Session", "app.web imports app.mqtt"),
        ("app__mqtt__session", "import microdot", "app.mqtt.session imports microdot"),
        ("app__power", "def f():\n    from machine import Pin", "lib/app/power.py:2: app.power"),
        ("app__power", "m = __import__('machine')", "app.power imports machine"),
        ("app__power", "import config.board", "app.power imports config.board"),
        (
            "app__mqtt__session",
            "def f():\n    import app.http.auth",
            ":2: app.mqtt.session imports",
        ),
        ("app__system", "import machine", "app.system imports machine"),
        ("stray", "x = 1", "stray is in no layer"),
    ],
)
def test_refused(tmp_path, module, statement, named):
    (found,) = check(tmp_path, **{module: statement})
    assert named in found


def test_allowance_without_use_is_reported(tmp_path):
    rows = unused(tmp_path)
    assert "app.http may import microdot but never does" in rows
    check(tmp_path, app__http__server="def f():\n    import microdot")
    assert len(unused(tmp_path)) == len(rows) - 1


def test_every_allowance_is_used():
    assert unused() == []


def test_tls_contexts_are_created_in_one_file(tmp_path):
    make = "import ssl\nc = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)"
    assert check(tmp_path, app__tls=make) == []
    found = check(tmp_path, app__other="import tls\nc = tls.SSLContext(0)")
    assert len(found) == 2 and "lib/app/other.py:2: create TLS contexts" in found[0]
    (tmp_path / "lib/app/other.py").write_text("import ssl\ns = ssl.wrap_socket(None)\n")
    assert len(check_tree(tmp_path)) == 2


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nx = sys.platform",
        "from sys import platform",
        "sim = 0\nif sim:\n    pass",
        "import config.product\nx = 1 if config.product.SIMULATED else 2",
        "try:\n    pass\nexcept:\n    pass",
    ],
)
def test_style(tmp_path, source):
    assert len(check(tmp_path, app__x=source)) == 1


def test_similar_names_are_not_simulation(tmp_path):
    assert check(tmp_path, app__x="simple = 1\nif simple:\n    pass") == []


def test_long_file(tmp_path):
    (found,) = check(tmp_path, app__x="x = 1\n" * 300 + "y = 2")
    assert found.startswith("lib/app/x.py:1: 301 lines")
    assert check(tmp_path, app__x="# long: one table\n" + "x = 1\n" * 300) == []


def test_long_function(tmp_path):
    body = "def f():\n" + "    x = 1\n" * 40
    (found,) = check(tmp_path, app__x="\n" + body)
    assert found.startswith("lib/app/x.py:2: f has 41 lines")
    assert check(tmp_path, app__x="# long: one after the other\n" + body) == []
    assert check(tmp_path, app__x="# long: steps\n@native\n" + body) == []
    assert check(tmp_path, app__x=body.replace(":\n", ":\n    # long: steps\n")) == []
    assert check(tmp_path, app__x="def f():\n" + "    x = 1\n" * 39) == []
