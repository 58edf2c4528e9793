"""tools/ota.py: describing, signing, verifying and serving of files, and errors."""

import shutil
import subprocess
import sys
import threading

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from esptool import bin_image
from images import KB, image
from update.errors import UpdateError
from update.file import Update
from update.serve import server


@pytest.fixture(scope="module")
def ota(repo):
    """Return a function that runs the program and returns (exit status, stdout, stderr)."""

    def run(*arguments):
        program = [sys.executable, str(repo / "tools" / "ota.py")]
        done = subprocess.run(
            [*program, *map(str, arguments)], capture_output=True, text=True, timeout=30
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory, ota):
    """Return a folder with keys "ours" and "theirs", an image and a signed copy of it."""
    folder = tmp_path_factory.mktemp("ota")
    for name, bits in (("ours", 3072), ("theirs", 2048)):
        status, output, _ = ota("keygen", folder / name, "--bits", bits)
        assert status == 0 and "otakey" in output
    (folder / "plain.bin").write_bytes(image("2.3.4"))
    made = ota("sign", folder / "plain.bin", "--key", folder / "ours.key.pem",
               "--output", folder / "signed.bin")  # fmt: skip
    assert made[0] == 0
    return folder


def test_info_agrees_with_esptool(ota, folder):
    status, output, _ = ota("info", folder / "plain.bin")
    facts = dict(line.split(maxsplit=1) for line in output.splitlines())
    assert status == 0
    with open(folder / "plain.bin", "rb") as file:
        known = bin_image.LoadFirmwareImage("esp32", file)
    assert known.stored_digest.hex() == facts["SHA-256"]
    assert (facts["project"], facts["version"]) == ("micropython", "2.3.4")
    assert (facts["signature"], facts["slot"]) == ("none", "fits")
    assert f"{len(known.segments)} segments" in facts["size"]


def test_info_of_an_image_without_a_name(ota, tmp_path):
    (tmp_path / "official.bin").write_bytes(image("", ""))
    status, output, _ = ota("info", tmp_path / "official.bin")
    assert status == 0 and "project    none" in output and "version    none" in output


def test_signature_is_verified(ota, folder):
    assert ota("info", folder / "signed.bin", "--key", folder / "ours.pub.pem")[0] == 0
    for file, key, why in (
        ("signed.bin", "theirs.pub.pem", "another key"),
        ("plain.bin", "ours.pub.pem", "not signed"),
    ):
        status, _, printed = ota("info", folder / file, "--key", folder / key)
        assert status == 1 and why in printed


def test_signature_is_pkcs1(folder):
    """The signature is PKCS#1 v1.5 over the image without its own SHA-256."""
    data = (folder / "signed.bin").read_bytes()
    size = len(image("2.3.4"))
    key = serialization.load_pem_public_key((folder / "ours.pub.pem").read_bytes())
    key.verify(data[size + 44 :], data[: size - 32], padding.PKCS1v15(), hashes.SHA256())


def test_signing_again_replaces_the_signature(ota, folder, tmp_path):
    file = tmp_path / "again.bin"
    shutil.copy(folder / "signed.bin", file)
    assert ota("sign", file, "--key", folder / "theirs.key.pem")[0] == 0
    assert ota("info", file, "--key", folder / "theirs.pub.pem")[0] == 0
    assert len(file.read_bytes()) == len(image("2.3.4")) + 44 + 256


def test_keys_are_private_and_never_overwritten(ota, folder):
    assert (folder / "ours.key.pem").stat().st_mode & 0o077 == 0
    before = (folder / "ours.key.pem").read_bytes()
    status, _, printed = ota("keygen", folder / "ours")
    assert status == 1 and "already exists" in printed
    assert (folder / "ours.key.pem").read_bytes() == before


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a firmware image"),
        (b"<html>" + bytes(300), "begins with 3c"),
        (image("1.0")[:-1], "cut off"),
        (image("1.0")[:5000] + b"\0" + image("1.0")[5001:], "wrong checksum"),
        (image("1.0") + b"more", "4 bytes follow"),
        (image("1.0", chip="esp32s3"), "another chip"),
    ],
)
def test_invalid_update_is_refused_with_a_reason(tmp_path, data, why):
    with pytest.raises(UpdateError, match=why):
        Update(data, tmp_path)


def test_wrong_files_and_arguments(ota, folder, tmp_path):
    for arguments, status, why in (
        (("info", tmp_path / "nothing"), 1, "No such file"),
        (("sign", folder / "plain.bin", "--key", folder / "ours.pub.pem"), 1, "ours.pub.pem"),
        (("serve", folder / "plain.bin"), 1, "not a folder"),
        (("push", folder / "plain.bin"), 2, "--broker"),
        (("push", folder / "plain.bin", "--broker", "http://x", "--device", "D"), 1, "mqtt://"),
        (("push", folder / "plain.bin", "--broker", "mqtt://127.0.0.1:1", "--device", "D"), 3, ""),
        (("bake",), 2, "bake"),
    ):
        got, _, printed = ota(*arguments)
        assert got == status and why in printed, (arguments, printed)


def test_serves_ranges(tmp_path):
    data = image("1.0", size=16 * KB)
    (tmp_path / "fw.bin").write_bytes(data)
    with server(tmp_path, "127.0.0.1") as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{made.server_port}/fw.bin"
        assert httpx.get(url, trust_env=False).content == data
        part = httpx.get(url, headers={"Range": "bytes=5000-"}, trust_env=False)
        assert part.status_code == 206 and part.content == data[5000:]
        assert part.headers["Content-Range"] == f"bytes 5000-{len(data) - 1}/{len(data)}"
        assert (
            httpx.get(url, headers={"Range": f"bytes={len(data)}-"}, trust_env=False).status_code
            == 416
        )
        assert (
            httpx.get(url + "x", headers={"Range": "bytes=1-"}, trust_env=False).status_code == 404
        )
        made.shutdown()
