"""proto.manifest: manifests as tools/release.py writes them, and damaged ones."""

import json
import sys
import unittest

import suite

from config import limits
from proto.manifest import BadManifest, Manifest, bytecode_name

PROJECT = "esp32-mqtt-cam"
SHA = "5a" * 32
FIRMWARE = {"kind": "firmware", "name": "cam-2.1.0.app-bin", "size": 1_500_000, "sha256": SHA}
ARCHIVE = {"kind": "application", "name": "cam-2.1.0.zip", "size": 400_000, "sha256": SHA}
ARCHIVE["bytecode"] = "xtensawin-6.3"
ROOM = 1_572_864


def made(files=(FIRMWARE, ARCHIVE), **changed):
    """Return a manifest as a dictionary; None removes a key."""
    found = {"format": 1, "project": PROJECT, "version": "2.1.0", "min_version": "2.0.0"}
    found.update({"date": "2026-12-01", "key": None, "summary": "- News.", "files": list(files)})
    found.update(changed)
    return {key: value for key, value in found.items() if value is not None}


def parsed(files=(FIRMWARE, ARCHIVE), **changed):
    return Manifest(json.dumps(made(files, **changed)).encode(), PROJECT)


def changed(row, **values):
    row = dict(row)
    row.update(values)
    return row


class TestManifest(unittest.TestCase):
    def refused(self, why, files=(FIRMWARE, ARCHIVE), **changed):
        try:
            parsed(files, **changed)
            self.fail("accepted: {}".format(changed or files))
        except BadManifest as e:
            self.assertIn(why, str(e))

    def test_all_fields(self):
        found = parsed(url="https://example.com/releases/2.1.0")
        self.assertEqual((found.version, found.min_version), ("2.1.0", "2.0.0"))
        self.assertEqual(found.summary, "- News.")
        self.assertEqual(found.url, "https://example.com/releases/2.1.0")
        self.assertEqual([file.kind for file in found.files], ["firmware", "application"])
        self.assertEqual(found.files[0].digest, b"Z" * 32)

    def test_optional_fields(self):
        found = parsed(min_version=None, summary=None)
        self.assertEqual((found.min_version, found.summary, found.url), ("", "", ""))

    def test_other_keys_and_kinds_are_ignored(self):
        flash = {"kind": "flash", "name": "cam-2.1.0.bin", "offset": 4096}
        self.assertEqual(len(parsed([flash, FIRMWARE], more=[1]).files), 1)

    def test_not_a_manifest(self):
        for data in (b"", b"{", b"[]", b"null", b'"x"', b"\xe9" + bytes(500), b'{"a": "\xff"}'):
            with self.assertRaises(BadManifest):
                Manifest(data, PROJECT)
        with self.assertRaises(BadManifest):
            Manifest(b"[" * limits.UPDATE_MANIFEST_BYTES, PROJECT)

    def test_each_bad_field_is_named(self):
        self.refused("format", format=2)
        self.refused("format", format=None)
        self.refused("another project", project="other")
        self.refused("another project", project=None)
        for version in (None, "", "2.1 0", "x" * 32, "2.1\n", 21, ["2.1.0"], '2"'):
            self.refused("no valid version", version=version)
        self.refused("no valid min_version", min_version="<>")
        self.refused("no valid summary", summary=[])
        for url in ("javascript:x", "ftp://x/y", "https://", "https://x/" + "y" * 260, 7):
            self.refused("no valid url", url=url)
        for rows in (None, {"a": 1}, "files", [None], ["x"]):
            with self.assertRaises(BadManifest):
                Manifest(json.dumps(changed(made(), files=rows)).encode(), PROJECT)

    def test_each_bad_field_of_a_file_is_named(self):
        for name in ("../x", "/x", "http://evil/x", "a b", "", "x" * 81, ".x", "%2e", None):
            self.refused("no valid name", [changed(FIRMWARE, name=name)])
        for size in (0, -1, 2_097_153, "1", 1.5, None, 1e99):
            self.refused("no valid size", [changed(FIRMWARE, size=size)])
        for sha in ("", "5a" * 31, "5g" * 32, "5a" * 33, None, 5, "é" * 64):
            self.refused("no valid sha256", [changed(FIRMWARE, sha256=sha)])

    def test_summary_is_cut_and_printable(self):
        most = limits.UPDATE_SUMMARY_CHARS
        self.assertEqual(len(parsed(summary="é" * 3_000).summary), most + 1)
        data = json.dumps(made(summary="SUMMARY")).encode()
        lone = data.replace(b"SUMMARY", b"a\\ud83d\\u0007\\nb")
        self.assertEqual(Manifest(lone, PROJECT).summary, "a  \nb")


class TestFileFor(unittest.TestCase):
    def kind(self, room_bytes=ROOM, bytecode="xtensawin-6.3", signed=False, files=None):
        found = parsed(files or (ARCHIVE, FIRMWARE))
        try:
            return found.file_for(room_bytes, bytecode, signed).kind
        except BadManifest as e:
            return str(e)

    def test_firmware_where_it_fits_else_the_application(self):
        self.assertEqual(self.kind(), "firmware")
        self.assertEqual(self.kind(room_bytes=1_499_999), "application")
        self.assertEqual(self.kind(room_bytes=0), "application")
        self.assertEqual(self.kind(files=[ARCHIVE]), "application")

    def test_reason_if_nothing_fits(self):
        for how in ({"bytecode": "x64-6.3"}, {"files": [FIRMWARE]}):
            text = self.kind(room_bytes=0, **how)
            self.assertIn("2.1.0 has no file for this camera", text)
        self.assertIn("bytecode xtensawin-6.3", self.kind(0, files=[FIRMWARE]))

    def test_only_signed_files_for_a_camera_with_a_key(self):
        self.assertIn("no signed file", self.kind(signed=True))
        signed = changed(ARCHIVE, signed=True)
        self.assertEqual(self.kind(signed=True, files=[FIRMWARE, signed]), "application")
        truthy = changed(ARCHIVE, signed="no")
        self.assertIn("no signed file", self.kind(signed=True, files=[truthy]))


class TestBytecode(unittest.TestCase):
    def test_names(self):
        self.assertEqual(bytecode_name(6 | 3 << 8 | 10 << 10), "xtensawin-6.3")
        self.assertEqual(bytecode_name(2_822), "x64-6.3")
        self.assertEqual(bytecode_name(6 | 15 << 10), "15-6.0")
        self.assertIn("-6.", bytecode_name(sys.implementation._mpy))


suite.main()
