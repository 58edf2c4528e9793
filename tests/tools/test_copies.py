"""Updates of the application alone: room in the file system, failing flash, signatures."""

import pytest
from copies import UPDATES, running_copy_2
from littleos import File
from sources import by_upload
from update.file import Update
from update.keys import generate, read_private

from proto.values import BadArgument


@pytest.fixture
def camera(monkeypatch):
    return running_copy_2(monkeypatch)


def test_free_space_is_checked_before_a_copy_is_removed(camera, monkeypatch):
    """Copy 1 frees two blocks; the file system needs four more than the update."""
    kept = camera.files.names()
    monkeypatch.setattr(
        camera.files, "statvfs", lambda path: (4_096, 4_096, 240, 3), raising=False
    )
    with pytest.raises(BadArgument, match="needs 6 blocks of 4096 bytes, 5 are free"):
        by_upload(camera.board, UPDATES[3][1])
    assert camera.files.names() == kept
    monkeypatch.setattr(camera.files, "statvfs", lambda path: (4_096, 4_096, 240, 4))
    by_upload(camera.board, UPDATES[3][1])
    assert camera.restart() == 3


def test_folders_do_not_reduce_the_free_space_twice(camera):
    """The update needs six blocks: the two of copy 1 and four more."""
    for number in range(3):
        camera.files.mkdir(f"folder{number}")
    with camera.files.open("large", "wb") as file:
        while camera.files.statvfs("/")[3] + 2 * 3 > 4:
            file.write(bytes(2_048))
    by_upload(camera.board, UPDATES[3][1])
    assert camera.restart() == 3


def test_flash_becomes_full(camera, monkeypatch):
    def write(file, data):
        raise OSError(28, "ENOSPC")

    monkeypatch.setattr(File, "write", write)
    with pytest.raises(BadArgument, match="file system"):
        by_upload(camera.board, UPDATES[3][1])
    assert camera.files.names() == ["app_b.zip"]
    assert camera.restart() == 2


def test_flash_returns_other_data(camera, monkeypatch):
    write = File.write
    monkeypatch.setattr(File, "write", lambda file, data: write(file, bytes(len(data))))
    with pytest.raises(BadArgument, match="does not hold what was written"):
        by_upload(camera.board, UPDATES[3][1])
    assert camera.files.names() == ["app_b.zip"]
    assert camera.restart() == 2


def test_only_signed_updates_with_a_stored_key(camera, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    private, public = generate(folder / "ours", 2048)
    other, _ = generate(folder / "other", 2048)
    for key, why in ((None, "not signed"), (other, "not signed with this camera's key")):
        made = Update(UPDATES[3][1])
        if key:
            made.sign(read_private(key))
        with pytest.raises(BadArgument, match=why):
            by_upload(camera.board, made.data, otakey=str(public))
        assert camera.restart() == 2
    made.sign(read_private(private))
    damaged = bytearray(made.data)
    damaged[-300] ^= 1
    with pytest.raises(BadArgument):
        by_upload(camera.board, bytes(damaged), otakey=str(public))
    by_upload(camera.board, made.data, otakey=str(public))
    assert camera.restart() == 3
