"""Fill build/release/ with the images and updates of a version, and a manifest.

    make release                                  builds the image if there is a toolchain
    make release ARGS="--image FILE"              uses an image that was built elsewhere
    make release ARGS="--key porch.key.pem"       signs the updates
    make release ARGS="--url https://..."         names the page of this release

    NAME-VERSION.bin       the image for a new board (make flash)
    NAME-VERSION.app-bin   its application partition, an update of the whole firmware
    NAME-VERSION.zip       an update of the application alone
    manifest.json          versions, sizes, digests, the key's fingerprint; cameras read it
    SHA256SUMS             digests of all these files

Parts that cannot be made are reported, and the others are released.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

import firmware
import wholeimage

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build" / "release"
CHANGELOG = ROOT / "config" / "CHANGELOG.md"
# the firmware's pure modules
sys.path += [str(ROOT), str(ROOT / "lib"), str(ROOT / "tools" / "pc")]

# ruff: noqa: E402
from update.archive import ESP32, application, pack
from update.errors import UpdateError
from update.file import SLOT_BYTES, Update
from update.keys import fingerprint, read_private

from config import limits
from proto.manifest import FORMAT, BadManifest, Manifest


class ReleaseError(Exception):
    """The release cannot be made; the text is for people."""


def changes(version, text):
    """Return the changelog's section for a version; raise ReleaseError."""
    heading = rf"^## {re.escape(version)}(?: .*)?\n"
    section = re.search(heading + r"((?:(?!## ).*\n?)*)", text, re.MULTILINE)
    if not (section and section[1].strip()):
        raise ReleaseError(f"config/CHANGELOG.md says nothing about {version}")
    return section[1].strip()


def read_image(path, name, version):
    """Return (bytes for a new board or None, their offset in flash, Update) of an image file."""
    data = path.read_bytes()
    try:
        found = wholeimage.read(data)
        whole, offset, update = data, found.offset, Update(data[found.app :], path)
    except wholeimage.BadFirmware as exc:
        try:
            whole, offset, update = None, None, Update(data, path)
        except UpdateError:
            raise ReleaseError(f"{path}: {exc}") from None
    if update.kind:
        raise ReleaseError(f"{path} is an archive of the application, not an image")
    if whole and found.slots < 2:
        raise ReleaseError(f"{path}: its layout does not have two slots, so it cannot be updated")
    if len(update.body) > SLOT_BYTES:
        raise ReleaseError(f"{path}: {len(update.body):,} bytes do not fit into a slot")
    if (update.project, update.version) != (name, version):
        raise ReleaseError(f"{path} is {update.name}; config/product.py says {name} {version}")
    return whole, offset, update


class Release:
    """Files of a version, in a folder."""

    def __init__(self, folder, facts, key=None):
        self._folder = folder
        self._stem = f"{facts['NAME']}-{facts['VERSION']}"
        self._key = key
        self._files = []

    def add(self, end, kind, data, **more):
        """Add a file; `more` are further fields of its row in the manifest."""
        path = self._folder / (self._stem + end)
        path.write_bytes(data)
        row = {"kind": kind, "name": path.name, "size": len(data), "sha256": _sha256(data)}
        self._files.append(row | more)

    def add_update(self, end, kind, update, **more):
        """Add an update, signed if there is a key."""
        if self._key:
            update.sign(self._key)
        self.add(end, kind, update.data, signed=update.is_signed, **more)

    def finish(self, facts, summary, url):
        """Write the manifest and the checksums; return the manifest. Raises ReleaseError."""
        manifest = {
            "format": FORMAT,
            "project": facts["NAME"],
            "version": facts["VERSION"],
            "date": facts["BUILD_DATE"],
            "min_version": facts["UPDATES_FROM"],
            "key": fingerprint(self._key) if self._key else None,
            "summary": summary,
            "url": url,
            "files": self._files,
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        _check(text.encode(), facts["NAME"])
        (self._folder / "manifest.json").write_text(text)
        sums = [f"{_sha256(path.read_bytes())}  {path.name}\n" for path in _sorted(self._folder)]
        (self._folder / "SHA256SUMS").write_text("".join(sums))
        return manifest


def _check(manifest, project):
    """Raise ReleaseError for a manifest that cameras would refuse."""
    most = limits.UPDATE_MANIFEST_BYTES
    if len(manifest) > most:
        text = f"the manifest has {len(manifest):,} bytes, and cameras read {most:,}: shorten the"
        raise ReleaseError(f"{text} section of this version in config/CHANGELOG.md")
    try:
        Manifest(manifest, project)
    except BadManifest as exc:
        raise ReleaseError(f"cameras would refuse the manifest: {exc}") from None


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def _sorted(folder):
    return sorted(folder.iterdir())


def built_image(facts):
    """Build the image and return its path; raise BuildError."""
    firmware.build()
    return firmware.outputs(facts["NAME"], facts["VERSION"])[0]


def release(image=None, key=None, folder=RELEASE, say=print, url=None):
    """Replace the content of the folder; report the files and what is missing.

    Return the manifest.
    """
    facts = firmware.product()
    summary = changes(facts["VERSION"], CHANGELOG.read_text())
    whole = offset = update = None
    if image or firmware.find_engine():
        path = image or built_image(facts)
        whole, offset, update = read_image(path, facts["NAME"], facts["VERSION"])
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    made = Release(new, facts, key)
    if whole:
        made.add(".bin", "flash", whole, offset=offset)
    if update:
        made.add_update(".app-bin", "firmware", update)
    archive = Update(pack(*application(ESP32), ESP32))
    made.add_update(".zip", "application", archive, bytecode=archive.kind)
    manifest = made.finish(facts, summary, url)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
    for row in manifest["files"]:
        say(f"{row['kind']:<12}{row['name']}  {row['size']:,} bytes")
    if not update:
        say("missing: the image for a new board and the update of the whole firmware, because")
        say("no ESP-IDF, docker or podman runs here; ARGS='--image FILE' uses an existing image")
    elif not whole:
        say(f"missing: the image for a new board: {image.name} is only an application partition")
    say(f"signed with {manifest['key']}" if key else "not signed (ARGS='--key NAME.key.pem')")
    return manifest


def main(argv=None, folder=RELEASE):
    parser = argparse.ArgumentParser(prog="release.py", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--image", type=Path, metavar="FILE", help="use this image instead of building one"
    )
    parser.add_argument("--key", help="private key to sign the updates with")
    parser.add_argument("--url", help="page of this release, which hubs link to")
    args = parser.parse_args(argv)
    try:
        key = read_private(args.key) if args.key else None
        release(args.image, key, folder, url=args.url)
    except (ReleaseError, UpdateError, firmware.BuildError) as exc:
        print(f"release: {exc}", file=sys.stderr)
        return 1
    except OSError as exc:
        print(f"release: {exc.filename}: {exc.strerror}", file=sys.stderr)
        return 1
    print(f"in {os.path.relpath(folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
