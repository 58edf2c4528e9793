"""tools/check_layers.py: each rule reports violations and nothing else."""

import pytest
from check_layers import check_tree, idle_limits, unused


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
        ("proto__uri", "from config import limits"),
        ("aio__reader", "from config import limits"),
        ("hal__zipfs", "from config import limits"),
        ("app__http__x", "def f():\n    from config import limits"),
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
        ("hal__zipfs", "import hal.nvs", "hal.zipfs imports hal.nvs"),
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
        ("main", "from config import limits", "main imports config.limits"),
        ("proto__uri", "from config import product", "proto.uri imports config.product"),
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


def write_limits(root, text):
    (root / "config").mkdir()
    (root / "config" / "limits.py").write_text(text)


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("HTTP_HEADERS = 64", "HTTP_HEADERS is defined in config/limits.py already"),
        ("_HTTP_HEADERS = const(64)", "_HTTP_HEADERS is defined in config/limits.py already"),
        ("_A, _MAX_LINE = const(1), const(9)", "_MAX_LINE is a limit; define it in config/limits"),
        ("MAX_LINE = 9", "MAX_LINE is a limit; define it in config/limits.py"),
        ("from config import limits\nx = limits.HTTP_LINES", "does not define HTTP_LINES"),
        ("from config.limits import HTTP_LINES", "does not define HTTP_LINES"),
    ],
)
def test_limits_are_in_one_place(tmp_path, source, named):
    write_limits(tmp_path, "HTTP_HEADERS = 64  # headers; more get 431\n")
    (found,) = check(tmp_path, app__x=source)
    assert named in found
    good = "from config import limits\n_PIECE = const(64)\nx = limits.HTTP_HEADERS"
    assert check(tmp_path, app__x=good) == []


def test_limit_without_use_is_reported(tmp_path):
    write_limits(tmp_path, "A_MS = 5  # a; b\nB_MS = 6  # c; d\n")
    check(tmp_path, app__x="from config import limits\nx = limits.B_MS")
    assert idle_limits(tmp_path) == ["config/limits.py: nothing uses A_MS"]
    check(tmp_path, app__y="from config.limits import A_MS")
    assert idle_limits(tmp_path) == []


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
