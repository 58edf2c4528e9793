"""Archives of an application, as a camera is sent them and keeps them."""

import io
import tarfile


def packed(files):
    """A tar archive (POSIX ustar) of {name: bytes}, with the two blank records that end it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        end = archive.offset
    return out.getvalue()[: end + 1_024]  # tarfile fills up to 10 KB
