"""Property tests of proto.exif: Pillow reads what it has written."""

import io
import time
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from proto.exif import UPRIGHT, segment

TURNS = {
    90: Image.Transpose.ROTATE_270,  # Pillow turns left
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31))
OFFSETS = st.from_regex(r"[+-](0[0-9]|1[0-4]):[0-5][0-9]", fullmatch=True)


def picture():
    """Return a JPEG of 24 x 16 pixels with one white corner."""
    image = Image.new("L", (24, 16))
    image.paste(255, (0, 0, 8, 8))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95)
    return out.getvalue()


PICTURE = picture()


def opened(*arguments):
    data = PICTURE[:2] + segment(*arguments) + PICTURE[2:]
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@given(st.sampled_from(sorted(UPRIGHT)), TIMES, st.integers(0, 999), OFFSETS)
def test_time_and_orientation(degrees, taken, ms, offset):
    fields = time.gmtime(taken.replace(tzinfo=UTC).timestamp())
    exif = opened(degrees, fields, ms, offset).getexif()
    assert exif[ExifTags.Base.Orientation] == UPRIGHT[degrees]
    found = exif.get_ifd(ExifTags.IFD.Exif)
    assert found == {
        ExifTags.Base.ExifVersion: b"0232",
        ExifTags.Base.DateTimeOriginal: taken.strftime("%Y:%m:%d %H:%M:%S"),
        ExifTags.Base.OffsetTimeOriginal: offset,
        ExifTags.Base.SubsecTimeOriginal: f"{ms:03d}",
    }


@given(st.sampled_from(sorted(UPRIGHT)))
def test_without_the_time_viewers_turn_the_picture_right(degrees):
    image = opened(degrees)
    exif = image.getexif()
    assert dict(exif) == {ExifTags.Base.Orientation: UPRIGHT[degrees]}
    turned = ImageOps.exif_transpose(image)
    plain = Image.open(io.BytesIO(PICTURE))
    expected = plain.transpose(TURNS[degrees]) if degrees else plain
    assert turned.tobytes() == expected.tobytes()
