"""Every module of the image can be frozen; one that cannot is reported by name."""

import deployplan
import freezing
import frozenpages
import pytest
from freezing import FreezeError, Module


@pytest.fixture
def modules(tmp_path):
    """Return a function that creates Modules from {name: source}."""

    def make(sources):
        for name, text in sources.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return [Module(name, tmp_path / name) for name in sources]

    return make


def test_every_module_can_be_frozen():
    frozen = freezing.check()
    ours, _ = freezing.read_manifest()
    assert sorted(frozen.names) == sorted(module.name for module in ours)
    assert 100_000 < frozen.bytes < 395_000


def test_every_program_is_frozen():
    """The manifest lists the files that `make deploy` copies; the pages are a separate module."""
    ours, others = freezing.read_manifest()
    copied = {path.removeprefix("/lib/").removeprefix("/") for path in deployplan.sources()}
    programs = {path for path in copied if path.endswith(".py")}
    assert {module.name for module in ours} == programs | {"frozenpages.py"}
    assert {"_boot.py", "flashbdev.py", "inisetup.py", "ntptime.py", "ssl.py"} == set(others)


def test_every_page_is_frozen(bytecode):
    found = {}
    exec(frozenpages.source(), found)
    there = (bytecode / "root" / "lib" / "www").iterdir()
    assert found["FILES"] == {path.name: path.read_bytes() for path in there}


def test_frozen_names_and_size(modules):
    frozen = freezing.freeze(modules({"app/led.py": "x = 'ü'\n", "main.py": "import app.led\n"}))
    assert frozen.names == ["app/led.py", "main.py"]
    assert frozen.bytes > 0


@pytest.mark.parametrize("literal", ['"\\ud800"', '["a", "x\\udfffy"]', 'f"{1}\\ud83d"'])
def test_surrogates_in_literals(modules, literal):
    """The error names the file, unlike mpy-tool's UnicodeDecodeError."""
    made = modules({"app/good.py": "x = 1\n", "app/http/json_body.py": f"x = {literal}\n"})
    with pytest.raises(FreezeError, match="^app/http/json_body.py: .*a surrogate.* in a lit"):
        freezing.freeze(made)


def test_code_that_does_not_compile(modules):
    with pytest.raises(FreezeError, match="(?s)^app/bad.py: .*line 1.*SyntaxError"):
        freezing.freeze(modules({"app/bad.py": "def f(:\n", "app/good.py": ""}))


def test_missing_file(modules, tmp_path):
    made = [*modules({"main.py": ""}), Module("boot.py", tmp_path / "boot.py")]
    with pytest.raises(FreezeError, match="^boot.py: /.* does not exist"):
        freezing.freeze(made)


def test_duplicate_names(modules):
    made = modules({"app/led.py": "", "ssl.py": ""})
    with pytest.raises(FreezeError, match="app/led.py: 2 times in the manifest"):
        freezing.freeze([*made, made[0]])
    with pytest.raises(FreezeError, match="ssl.py: 2 times in the manifest"):
        freezing.freeze(made, others=["ssl.py"])


def test_manifest_is_read_as_by_micropython(tmp_path):
    (tmp_path / "lib" / "app" / "mqtt").mkdir(parents=True)
    for name in ("app/led.py", "app/mqtt/session.py"):
        (tmp_path / "lib" / name).write_text("")
    manifest = tmp_path / "firmware" / "manifest.py"
    manifest.parent.mkdir()
    manifest.write_text(
        'include("$(MPY_DIR)/extmod/asyncio")\nrequire("ntptime")\n'
        'module("_boot.py", base_path="$(PORT_DIR)/modules", opt=3)\n'
        'module("main.py", base_path="..", opt=2)\n'
        'package("app", base_path="../lib")\n'
        'package("app", ("led.py",), base_path="../lib")\n'
    )
    ours, others = freezing.read_manifest(manifest)
    assert [(module.name, module.opt) for module in ours] == [
        ("main.py", 2), ("app/led.py", 0), ("app/mqtt/session.py", 0), ("app/led.py", 0)
    ]  # fmt: skip
    assert ours[0].path == tmp_path / "main.py"
    assert others == ["ntptime.py", "_boot.py"]
