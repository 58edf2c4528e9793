"""tools/release.py: contents of a release with and without an image, signed or not."""

import hashlib
import json
import re

import bytecode
import firmware
import pytest
import release
from images import KB, image, whole
from release import ReleaseError
from update.archive import ESP32
from update.errors import UpdateError
from update.file import Update
from update.keys import fingerprint, generate, read_private, read_public

from proto.espimage import older
from proto.manifest import Manifest, bytecode_name

FACTS = firmware.product()
NAME, VERSION = FACTS["NAME"], FACTS["VERSION"]
STEM = f"{NAME}-{VERSION}"
APP = image(VERSION, NAME, 256 * KB)
ONE_SLOT = "nvs,data,nvs,0x9000,0x6000\nfactory,app,factory,0x10000,0x1f0000\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the release folder, for a small application and without a toolchain."""
    small = {"app/system.mpy": b"M\x06\x00\x1f", "config/product.mpy": b"M\x06"}
    monkeypatch.setattr(release, "application", lambda kind: (small, NAME, VERSION))
    monkeypatch.setattr(firmware, "find_engine", lambda: None)
    return tmp_path / "build" / "release"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("keys") / "porch", 2048)


def file(tmp_path, data):
    path = tmp_path / "elsewhere.bin"
    path.write_bytes(data)
    return path


def rows(folder):
    """Return the manifest as {kind: row}."""
    manifest = json.loads((folder / "manifest.json").read_text())
    return {row["kind"]: row for row in manifest["files"]}


def test_all_parts(folder, tmp_path):
    data = whole(APP)
    release.release(file(tmp_path, data), folder=folder)
    names = [f"{STEM}.app-bin", f"{STEM}.bin", f"{STEM}.zip", "manifest.json"]
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", *names]
    assert (folder / f"{STEM}.bin").read_bytes() == data
    assert (folder / f"{STEM}.app-bin").read_bytes() == APP
    archive = Update.read(folder / f"{STEM}.zip")
    assert (archive.name, archive.kind) == (f"{NAME} {VERSION}", ESP32)
    sums = (folder / "SHA256SUMS").read_text().splitlines()
    assert sums == [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in names
    ]


def test_manifest(folder, tmp_path):
    release.release(file(tmp_path, whole(APP)), folder=folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {key: manifest[key] for key in manifest if key not in ("files", "summary")} == {
        "format": 1,
        "project": NAME,
        "version": VERSION,
        "date": FACTS["BUILD_DATE"],
        "min_version": FACTS["UPDATES_FROM"],
        "key": None,
        "url": None,
    }
    found = rows(folder)
    assert set(found) == {"flash", "firmware", "application"}
    for row in found.values():
        data = (folder / row["name"]).read_bytes()
        assert (row["size"], row["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert found["flash"]["offset"] == 0x1000
    assert found["application"]["bytecode"] == ESP32
    assert not (found["firmware"]["signed"] or found["application"]["signed"])


def test_cameras_read_the_manifest(folder, tmp_path):
    page = "https://example.com/releases"
    release.release(file(tmp_path, whole(APP)), folder=folder, url=page)
    found = Manifest((folder / "manifest.json").read_bytes(), NAME)
    assert (found.version, found.min_version, found.url) == (VERSION, FACTS["UPDATES_FROM"], page)
    assert found.file_for(0x190000, ESP32, False).name == f"{STEM}.app-bin"
    assert found.file_for(0, ESP32, False).name == f"{STEM}.zip"
    data = (folder / f"{STEM}.zip").read_bytes()
    assert found.file_for(0, ESP32, False).digest == hashlib.sha256(data).digest()


def test_manifest_that_cameras_would_refuse(folder, monkeypatch):
    with pytest.raises(ReleaseError, match="cameras would refuse the manifest: .* url"):
        release.release(folder=folder, url="example.com")
    monkeypatch.setattr(release, "changes", lambda *_: "- Long.\n" * 1_024)
    with pytest.raises(ReleaseError, match="cameras read 8,192: shorten"):
        release.release(folder=folder)
    assert not folder.exists()


def test_bytecode_has_the_same_name_on_board_and_pc():
    for architecture in range(len(bytecode.ARCHITECTURES)):
        number = 6 | 3 << 8 | architecture << 10
        assert bytecode_name(number) == str(bytecode.Bytecode.of(number))


def test_signed(folder, tmp_path, keys):
    private, public = keys
    release.release(file(tmp_path, whole(APP)), read_private(private), folder)
    for kind in ("firmware", "application"):
        row = rows(folder)[kind]
        assert row["signed"]
        Update.read(folder / row["name"]).verify(read_public(public))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert re.fullmatch(r"[0-9a-f]{64}", manifest["key"])
    assert manifest["key"] == fingerprint(read_private(private))
    assert (folder / f"{STEM}.bin").read_bytes() == whole(APP)  # flashed over USB, so not signed


def test_release_is_reproducible(folder, tmp_path):
    kept = []
    for _ in range(2):
        release.release(file(tmp_path, whole(APP)), folder=folder)
        kept.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert kept[0] == kept[1]


def test_only_the_application_is_released_without_a_toolchain(folder):
    printed = []
    release.release(folder=folder, say=printed.append)
    assert set(rows(folder)) == {"application"}
    assert "missing: the image for a new board and the update of the whole" in "\n".join(printed)


def test_application_part_from_elsewhere(folder, tmp_path):
    printed = []
    release.release(file(tmp_path, APP), folder=folder, say=printed.append)
    assert set(rows(folder)) == {"firmware", "application"}
    assert (
        "missing: the image for a new board: elsewhere.bin is only an application" in printed[-2]
    )


def test_image_is_built_with_a_toolchain(folder, tmp_path, monkeypatch):
    built = file(tmp_path, whole(APP, offset=0))
    monkeypatch.setattr(firmware, "find_engine", lambda: "docker")
    monkeypatch.setattr(release, "built_image", lambda facts: built)
    release.release(folder=folder)
    assert rows(folder)["flash"]["offset"] == 0
    assert (folder / f"{STEM}.app-bin").read_bytes() == APP


def test_files_of_an_earlier_release_are_removed(folder):
    folder.mkdir(parents=True)
    (folder / "esp32-mqtt-cam-1.0.0.bin").write_bytes(b"old")
    release.release(folder=folder)
    assert not (folder / "esp32-mqtt-cam-1.0.0.bin").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["release"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (whole(image("1.0.0", NAME)), f"is {NAME} 1.0.0; config/product.py says {NAME} {VERSION}"),
        (image(VERSION, "micropython"), f"is micropython {VERSION}; config"),
        (image("", ""), "is an image without a name; config"),
        (whole(APP) + b"more", "4 bytes follow"),
        (whole(APP, csv=ONE_SLOT), "does not have two slots"),
        (image(VERSION, NAME, 0x190000 + 16), "1,638,416 bytes do not fit into a slot"),
        (whole(APP)[:-1], "cut off"),
        (whole(chip=9), "another chip"),
        (b"<html>" * 100, "not whole firmware"),
        (b"", "not whole firmware"),
    ],
)
def test_wrong_image_leaves_the_previous_release(folder, tmp_path, data, complaint):
    release.release(folder=folder)
    before = (folder / "SHA256SUMS").read_bytes()
    with pytest.raises((ReleaseError, UpdateError), match=complaint):
        release.release(file(tmp_path, data), folder=folder)
    assert (folder / "SHA256SUMS").read_bytes() == before


def test_archive_is_not_an_image(folder, tmp_path):
    release.release(folder=folder)
    archive = file(tmp_path, (folder / f"{STEM}.zip").read_bytes())
    with pytest.raises(ReleaseError, match="is an archive of the application, not an image"):
        release.release(archive, folder=folder)


def test_command(tmp_path, capsys, keys, folder):
    path = file(tmp_path, whole(APP))
    assert release.main(["--image", str(path), "--key", str(keys[0])], folder) == 0
    assert "signed with " in capsys.readouterr().out
    for arguments, why in (
        (["--image", str(tmp_path / "none.bin")], "No such file"),
        (["--image", str(path), "--key", str(keys[1])], "porch.pub.pem"),
    ):
        assert release.main(arguments, folder) == 1
        assert why in capsys.readouterr().err


def test_changelog_has_this_version():
    assert release.changes(VERSION, release.CHANGELOG.read_text())


def test_section_of_the_changelog():
    text = "# Changelog\n\n## 2.1.0 (2027-01-01)\n\n- New.\n- Two\n  lines.\n\n"
    text += "## 2.1\n\n## 2.0.0\n- Old.\n"
    assert release.changes("2.1.0", text) == "- New.\n- Two\n  lines."
    assert release.changes("2.0.0", text) == "- Old."
    for version in ("2.1", "1.0.0", "2.0"):
        with pytest.raises(ReleaseError, match=f"says nothing about {version}"):
            release.changes(version, text)


def test_oldest_updatable_version_is_not_newer():
    assert not older(VERSION, FACTS["UPDATES_FROM"])
