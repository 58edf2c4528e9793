"""tools/screenshots.py: the stored pictures are what it makes."""

import pytest
import screenshots
from PIL import Image


@pytest.mark.parametrize("name", screenshots.PICTURES)
def test_stored_picture(name):
    with Image.open(screenshots.FOLDER / f"{name}.jpg") as image:
        assert (image.format, image.size) == ("JPEG", screenshots.SIZES[name])


def test_nothing_else_is_stored():
    assert {path.stem for path in screenshots.FOLDER.iterdir()} == set(screenshots.PICTURES)


def test_unknown_name(capsys):
    with pytest.raises(SystemExit):
        screenshots.main(["garden"])
    assert "no picture is named garden; there are: page, setup" in capsys.readouterr().err


def test_set_up_picture_is_made(tmp_path, capsys):
    """The others need a broker or another product; this one shows that the tool works."""
    assert screenshots.main(["setup", "--folder", str(tmp_path)]) == 0
    with Image.open(tmp_path / "setup.jpg") as image:
        assert image.size == screenshots.SIZES["setup"]
        grey = image.convert("L").histogram()
        assert sum(map(bool, grey)) > 100  # not an empty page
    assert "setup.jpg" in capsys.readouterr().out
