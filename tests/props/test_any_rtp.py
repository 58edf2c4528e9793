"""proto.rtpjpeg and proto.rtsp: any picture, any headers, any text of a client."""

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from proto.rtpjpeg import Headers, Packets, Unsuitable
from proto.rtsp import Requests, RTSPError, channels, parse

sys.path.append(str(Path(__file__).resolve().parent.parent / "e2e"))
from rtsp_client import Reassembly  # noqa: E402


def picture(size=(64, 48), **options):
    out = io.BytesIO()
    image = Image.effect_noise(size, 60).convert("RGB")
    image.save(out, "JPEG", **options)
    return out.getvalue()


SMALL = picture()
SIZES = st.tuples(st.integers(1, 120), st.integers(1, 120))
TEXT = st.binary(max_size=400) | st.sampled_from(
    [b"\r\n\r\n", b"$\0\0\4abcd", b"OPTIONS * RTSP/1.0"]
)


def received(packets):
    """Return the JPEG that a client makes from the next picture of `packets`."""
    joined, last = Reassembly(), False
    while packet := packets.next():
        head, data = packet
        assert not last
        raw = bytes(head) + bytes(data)
        assert raw[:2] == b"$\0" and int.from_bytes(raw[2:4], "big") == len(raw) - 4
        last = joined.add(raw[4:])
    assert last
    return joined


@given(SIZES, st.integers(1, 95), st.sampled_from([1, 2]), st.sampled_from([0, 1, 3]))
def test_a_picture_arrives_as_it_was(size, quality, subsampling, rows):
    """The client's picture has the same pixels, in whole blocks of 8."""
    options = {"quality": quality, "subsampling": subsampling, "restart_marker_rows": rows}
    jpeg = picture(size, **options)
    packets = Packets(0xFEDCBA98, 0xFFFE, most_bytes=100)
    for timestamp in (0, 0xFFFFFFFF):
        packets.begin(memoryview(jpeg), timestamp)
        joined = received(packets)
        assert joined.timestamp == timestamp and joined.kind == 64 * bool(rows) + subsampling - 1
        with Image.open(io.BytesIO(jpeg)) as sent, Image.open(io.BytesIO(joined.jpeg())) as got:
            assert got.size == tuple(-(-side // 8) * 8 for side in size)
            assert got.crop((0, 0, *size)).tobytes() == sent.tobytes()


@given(st.data())
def test_any_headers_are_understood_or_refused(data):
    """Damage is refused, or harmless; nothing else is raised, also for signed views."""
    damaged = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, 640))] = data.draw(st.integers(0, 255))
    outcomes = []
    for view in (memoryview(damaged), memoryview(damaged).cast("b")):
        try:
            found = Headers(view)
            assert 0 < found.scan_at < len(view) and len(found.tables) == 128
            outcomes.append((found.scan_at, found.kind, found.width, found.tables))
        except Unsuitable as e:
            outcomes.append(str(e))
    assert outcomes[0] == outcomes[1]


@given(st.binary(max_size=700))
def test_any_bytes_are_understood_or_refused(data):
    with pytest.raises(Unsuitable):
        Headers(memoryview(data))


@given(st.integers(0, len(SMALL) - 1))
def test_a_part_of_a_picture_is_refused(size):
    with pytest.raises(Unsuitable):
        Headers(memoryview(SMALL[:size]))


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"size": (2048, 16)}, "2048 x 16 pixels"),
        ({"size": (16, 2041)}, "16 x 2041 pixels"),
        ({"subsampling": 0}, "4:2:2"),
        ({"progressive": True}, "baseline"),
        ({"optimize": True}, "Huffman"),
    ],
)
def test_unsuitable_pictures(options, reason):
    with pytest.raises(Unsuitable, match=reason):
        Headers(memoryview(picture(**options)))
    if "size" not in options:
        Headers(memoryview(picture()))


@given(st.lists(TEXT, max_size=8), st.integers(1, 50))
def test_any_text_ends_in_requests_or_an_error(parts, step):
    data, requests = b"".join(parts), Requests(300)
    at = 0
    try:
        while at < len(data):
            space = requests.space()
            assert len(space) > 0
            piece = data[at : at + min(step, len(space))]
            space[: len(piece)] = piece
            requests.add(len(piece))
            at += len(piece)
            while requests.next():
                pass
    except RTSPError as e:
        assert e.status in (400, 413, 505)


@given(st.lists(st.sampled_from(["request", "packet", "body", "blank"]), max_size=20), st.data())
def test_requests_are_found_between_packets_and_bodies(kinds, data):
    sent, expected = b"", []
    for number, kind in enumerate(kinds):
        if kind == "packet":
            filler = data.draw(st.binary(max_size=300))
            sent += b"$\1" + len(filler).to_bytes(2, "big") + filler
        elif kind == "blank":
            sent += b"\r\n"
        else:
            body = data.draw(st.binary(max_size=300)) if kind == "body" else b""
            sent += b"OPTIONS rtsp://c/ RTSP/1.0\r\nCSeq: %d\r\n" % number
            sent += b"Content-Length: %d\r\n\r\n" % len(body) + body
            expected.append(str(number))
    requests, found, at = Requests(256), [], 0
    while at < len(sent):
        space = requests.space()
        size = min(len(space), data.draw(st.integers(1, 256)), len(sent) - at)
        space[:size] = sent[at : at + size]
        at += size
        requests.add(size)
        while request := requests.next():
            found.append(request.headers["cseq"])
    assert found == expected


@given(st.text(max_size=80))
def test_any_transport(text):
    pair = channels("RTP/AVP/TCP;interleaved=" + text)
    assert pair is None or all(0 <= each < 256 for each in pair) and pair[0] != pair[1]
    assert channels("RTP/AVP;unicast;client_port=1-2," + text.replace("/", "")) is None


@given(st.binary(max_size=60))
def test_no_line_end_gets_into_a_header(value):
    head = b"OPTIONS rtsp://c/ RTSP/1.0\r\nCSeq: 1\r\nRequire: " + value
    try:
        found = parse(head)
    except RTSPError:
        return
    for text in (*found.headers.values(), *found.headers, found.target):
        assert "\r" not in text and "\n" not in text
    assert found.method == "OPTIONS"
