"""Fetch the third-party modules of config/device-packages.lock into build/.

Two of them are archives that pip cannot install, so pypi-simple queries the package index.
"""

import hashlib
import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "config" / "device-packages.lock"


class Package(NamedTuple):
    """One row of the lock file."""

    name: str
    version: str
    sha256: str
    into: str
    members: tuple


class Refused(Exception):
    """The archive does not match the lock file."""


def read_lock(path=LOCK):
    """Return the rows of the lock file as a list of Package."""
    rows = []
    for line in path.read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields:
            rows.append(Package(*fields[:4], tuple(fields[4:])))
    return rows


def fetch(package, client):
    """Return the bytes of the archive with the locked digest from the package index."""
    for archive in client.get_project_page(package.name).packages:
        if archive.digests.get("sha256") == package.sha256:
            response = client.s.get(archive.url, timeout=60)
            response.raise_for_status()
            return response.content
    raise Refused(
        "%s %s: the index has no file with the locked sha256" % (package.name, package.version)
    )


def unpack(package, data, folder):
    """Write only the locked members of an archive (zip or tar) below `folder`."""
    if hashlib.sha256(data).hexdigest() != package.sha256:
        raise Refused("%s: sha256 differs from the locked one" % package.name)
    is_zip = zipfile.is_zipfile(io.BytesIO(data))
    read = _read_zip if is_zip else _read_tar
    for member in package.members:
        target = folder / member
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        partial.write_bytes(read(data, member))
        os.replace(partial, target)


def _read_zip(data, member):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(member)


def _read_tar(data, member):
    # a source archive has one top folder, which has the version in its name
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for info in archive.getmembers():
            if info.isfile() and info.name.partition("/")[2] == member:
                return archive.extractfile(info).read()
    raise Refused("the archive has no file " + member)


def _client():
    from pypi_simple import PYPI_SIMPLE_ENDPOINT, PyPISimple

    return PyPISimple(os.environ.get("PIP_INDEX_URL") or PYPI_SIMPLE_ENDPOINT)


def main():
    """Fetch every row of the lock file."""
    try:
        with _client() as client:
            for package in read_lock():
                print("setup: fetching", package.name, package.version, flush=True)
                unpack(package, fetch(package, client), ROOT / "build" / package.into)
    except (
        Refused,
        OSError,
        KeyError,
        tarfile.TarError,
    ) as error:  # those of requests are OSErrors
        sys.exit("setup: %s" % error)


if __name__ == "__main__":
    main()
