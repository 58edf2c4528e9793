"""Application archives in the format that a camera receives and stores."""

import io
import tarfile


def packed(files):
    """Return {name: bytes} as a tar archive (POSIX ustar) that ends with two blank records."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        end = archive.offset
    return out.getvalue()[: end + 1_024]  # tarfile fills up to 10 KB
