"""config/recipes: well-formed files, and paths that the camera has."""

import re
import subprocess

import pytest
import yaml
from routes import paths
from sim import ROOT

FOLDER = ROOT / "config" / "recipes"
FILES = sorted(FOLDER.iterdir())
_ADDRESS = re.compile(r"http://(?:admin:PASSWORD@)?porch\.local(/[\w./]+)?")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_paths_exist(path):
    used = {found for found in _ADDRESS.findall(path.read_text()) if found}
    assert used <= set(paths())


@pytest.mark.parametrize("name", ["frigate.yml", "go2rtc.yaml", "motion.conf"])
def test_address_of_the_stream(name):
    assert any(_ADDRESS.findall((FOLDER / name).read_text()))


def test_yaml():
    files = [path for path in FILES if path.suffix in (".yaml", ".yml")]
    assert len(files) >= 5
    for path in files:
        assert isinstance(yaml.safe_load(path.read_text()), dict), path.name


def test_frigate_reads_the_stream_of_its_own_go2rtc():
    settings = yaml.safe_load((FOLDER / "frigate.yml").read_text())
    for name, camera in settings["cameras"].items():
        (source,) = camera["ffmpeg"]["inputs"]
        assert source["path"].rpartition("/")[2] in settings["go2rtc"]["streams"], name


def test_scripts_have_no_syntax_error():
    for path in FOLDER.glob("*.sh"):
        subprocess.run(["sh", "-n", path], check=True)


def test_reference_names_every_recipe():
    text = (ROOT / "config" / "README.md").read_text()
    assert [path.name for path in FILES if f"`recipes/{path.name}`" not in text] == []
