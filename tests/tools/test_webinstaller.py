"""tools/webinstaller.py: what the folder holds, which images it takes, where it is served."""

import json
import re
import socket
import threading
import urllib.request

import npm_packages
import pytest
import webinstaller
from images import KB, image, table, whole

NAME = "esp32-mqtt-cam"
NVS = (0x9000, 0x4000)  # in config/partitions.csv


@pytest.fixture
def made(tmp_path):
    """Return a function that writes the page for an image; it returns (manifest, folder)."""

    def make(data):
        path = tmp_path / "cam.bin"
        path.write_bytes(data)
        return webinstaller.write(path, tmp_path / "web"), tmp_path / "web"

    return make


@pytest.mark.parametrize("offset", [0, 0x1000])
def test_parts_are_the_image_without_the_settings(made, offset):
    data = whole(image("2.1.0", NAME), offset=offset)
    manifest, folder = made(data)
    assert json.loads((folder / "manifest.json").read_text()) == manifest
    (build,) = manifest["builds"]
    assert build["chipFamily"] == "ESP32"
    flash, written = bytearray(b"\xff" * (1 << 20)), bytearray(1 << 20)
    for part in build["parts"]:
        content, at = (folder / part["path"]).read_bytes(), part["offset"]
        assert at % (4 * KB) == 0
        flash[at : at + len(content)] = content
        written[at : at + len(content)] = b"\1" * len(content)
    assert flash[offset : offset + len(data)] == data
    assert not any(written[NVS[0] : sum(NVS)])
    assert written.count(1) == len(data) - NVS[1]


def test_image_without_a_settings_partition_is_one_part():
    found = webinstaller.wholeimage.Whole(0x1000, 4, NAME, "1", 1, None, 8, 0)
    assert webinstaller.parts(b"data", found) == [(0x1000, b"data")]


def test_page_names_the_version_and_has_all_that_it_needs(made):
    manifest, folder = made(whole(image("2.1.0<b>", NAME)))
    page = (folder / "index.html").read_text()
    assert manifest["version"] == "2.1.0<b>" and "2.1.0&lt;b&gt;" in page and "{{" not in page
    for path in re.findall(r'(?:href|src|manifest)="([^"]+)"', page):
        assert (folder / path).is_file(), path
    licences = (folder / "LICENSES.txt").read_text()
    assert "esp-web-tools 10" in licences and "Apache License" in licences
    assert "aedes" not in licences  # a broker for the tests


def test_new_image_replaces_the_old_one(made):
    made(whole(image("2.1.0", NAME)))
    _, folder = made(whole(image("2.2.0", NAME), offset=0))
    parts = sorted(path.name for path in folder.glob("firmware-*.bin"))
    assert parts == ["firmware-0x0.bin", "firmware-0xd000.bin"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (whole(image("1.25.0")), "is micropython 1.25.0, not esp32-mqtt-cam"),
        (image("2.0.0", NAME), "it is only an application"),
        (whole(chip=9), "it is for another chip"),
        (table(), "it is not whole firmware"),
    ],
    ids=["other firmware", "application", "other chip", "no image"],
)
def test_other_files_are_refused(made, tmp_path, data, text):
    with pytest.raises(webinstaller.NoPage, match=text):
        made(data)
    assert not (tmp_path / "web").exists()


def test_without_an_image_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(webinstaller, "WEB", tmp_path / "web")
    assert webinstaller.main([]) == 1
    assert "make firmware" in capsys.readouterr().err
    assert webinstaller.main(["--image", str(tmp_path / "none.bin")]) == 1
    assert "none.bin" in capsys.readouterr().err


def test_without_npm_packages_it_says_what_to_do(made, monkeypatch, tmp_path):
    monkeypatch.setattr(webinstaller, "TOOLS", tmp_path / "none")
    with pytest.raises(webinstaller.NoPage, match="npm packages are missing; run make setup"):
        made(whole(image("2.1.0", NAME)))


def test_served_on_this_computer_only_and_on_another_port_if_one_is_taken(made):
    _, folder = made(whole(image("2.1.0", NAME)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with webinstaller.server(port, folder) as served:
            assert served.server_address[0] == "127.0.0.1" and served.server_port != port
            threading.Thread(target=served.serve_forever).start()
            try:
                address = f"http://127.0.0.1:{served.server_port}/manifest.json"
                with urllib.request.urlopen(address, timeout=10) as response:
                    assert response.headers["Cache-Control"] == "no-store"
                    assert json.load(response)["version"] == "2.1.0"
            finally:
                served.shutdown()
    with webinstaller.server(99_999, folder) as served:
        assert served.server_port


def test_npm_packages_are_pinned_without_addresses():
    wanted = json.loads((npm_packages.CONFIG / "package.json").read_text())["dependencies"]
    packages = json.loads((npm_packages.CONFIG / "package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    packages.pop("")
    assert all(row["integrity"].startswith("sha512-") for row in packages.values())
    assert not any("resolved" in row for row in packages.values())
