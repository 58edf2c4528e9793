"""proto.manifest: any JSON and any bytes are a whole manifest, or refused with a reason."""

import json

from hypothesis import given
from hypothesis import strategies as st

from config import limits
from proto.manifest import BadManifest, Manifest

PROJECT = "esp32-mqtt-cam"
FILE = {"kind": "application", "name": "cam-2.1.0.zip", "size": 400_000, "sha256": "5a" * 32}
GOOD = {"format": 1, "project": PROJECT, "version": "2.1.0", "min_version": "2.0.0"}
GOOD |= {"summary": "- News.", "url": "https://example.com/2.1.0"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def check(data):
    """Fail unless the manifest is refused, or everything in it is within its limits."""
    try:
        found = Manifest(data, PROJECT)
    except BadManifest as error:
        assert str(error)
        return
    assert 0 < len(found.version) < 32 and len(found.min_version) < 32
    assert len(found.summary) <= limits.UPDATE_SUMMARY_CHARS + 1
    json.dumps(found.summary).encode()
    found.summary.encode()  # UTF-8, as MQTT requires
    assert found.url == "" or found.url.lower().startswith(("http://", "https://"))
    for file in found.files:
        assert "/" not in file.name and not file.name.startswith(".") and file.name.isascii()
        assert 0 < file.size <= limits.HTTP_UPLOAD_BYTES and len(file.digest) == 32
        assert file.signed in (True, False)


@given(st.binary(max_size=300))
def test_any_bytes(data):
    check(data)


@given(VALUES)
def test_any_json(value):
    check(json.dumps(value).encode())


@given(st.sampled_from(sorted(GOOD)), VALUES)
def test_any_value_of_a_field(key, value):
    check(json.dumps({**GOOD, "files": [FILE], key: value}).encode())


@given(st.sampled_from([*FILE, "bytecode", "signed"]), VALUES)
def test_any_value_of_a_file(key, value):
    check(json.dumps({**GOOD, "files": [{**FILE, key: value}]}).encode())


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4))
def test_any_damage(places):
    data = bytearray(json.dumps({**GOOD, "files": [FILE]}).encode())
    for at, value in places:
        data[at % len(data)] = value
    check(bytes(data))
