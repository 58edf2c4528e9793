"""Random settings: in the store, in a form, and as JSON."""

from urllib.parse import parse_qsl, urlencode

import forms
import httpx
from storedsettings import DAMAGED, allowed, start

from app.settings.schema import CHECK, INT, KEY, KIND, NAME, SCHEMA, TEXT, find
from app.settings.store import pack, unpack
from proto.http import HTTPError
from proto.values import BadArgument

_VALUES = {
    "ssid": b"home",
    "password": b"secret-secret",
    "mqtthost": b"mqtt://192.168.1.2:1883",
    "mqttport": 1_883,
    "mqttuser": "jos\u00e9".encode(),
    "pulse": 7,
    "timezone": b"CET-1CEST,M3.5.0,M10.5.0",
}
STORED = {find(name)[KEY]: value for name, value in _VALUES.items()}
JOURNAL = "SAVE_JOURNAL"
TEXTS = [value for value in STORED.values() if isinstance(value, bytes)]
TEXTS += [
    pack(STORED.items()),
    pack([("APP_PULSE", 9), (find("ssid")[KEY], None)]),
    b"\0",
    b"mqtts://[::1]",
]
_KEYS = [row[KEY] for row in SCHEMA if row[KIND] in (INT, TEXT)] + [JOURNAL]
_NUMBERS = (-(2**31), -1, 0, 1, 65_536, 2**31 - 1)


def check_store(data, chance):
    """Start with `data` under one key, and damage under others: each setting has a valid value."""
    changed = {key: chance.choice((*_NUMBERS, DAMAGED)) for key in chance.sample(_KEYS, 3)}
    changed[chance.choice(_KEYS)] = data
    settings, nvs, _ = start({**STORED, **changed})
    journal = changed.get(JOURNAL)
    written = dict(unpack(journal)) if isinstance(journal, bytes) else {}
    for row in SCHEMA:
        value = settings[row[NAME]]
        assert allowed(row, value), row[NAME]
        if row[KEY] in STORED and row[KEY] not in changed and row[KEY] not in written:
            stored = STORED[row[KEY]]
            assert value == (stored if row[KIND] == INT else stored.decode()), row[NAME]
    assert not isinstance(nvs.stored.get(JOURNAL), bytes)


FIELDS = {"wifissid": "a b", "wifipassword": "\u00fc&=%", "mqttca": "", "save": "1"}
FORMS = [urlencode(FIELDS).encode(), b"a=1&b=2", b"save=x&", b"a", b"%41=%c3%bc"]
FORM_PIECES = [b"&", b"=", b"%", b"%00", b"+", b"%ff", b"\xc3\xbc", b"a=1&", b"y" * 5_000]


def check_form(data):
    """Compare an accepted form with urllib's result; a refused one has a reason."""
    try:
        found = forms.parsed(data)
    except HTTPError as error:
        assert error.status in (400, 413) and str(error)
        return
    expected = parse_qsl(data.decode(), keep_blank_values=True, errors="strict")
    assert found == dict(expected) and len(found) == len(expected)


OBJECTS = [
    b'{"pulse": 5}',
    b'{"pulse": "6", "teleperiod": 300}',
    b'{"timezone": "CET-1CEST,M3.5.0,M10.5.0/3", "pulse": 0}',
    b'{"loglevel": "error", "teleperiod": "0"}',
    b'{"mqttkeepalive": 60, "embed": true}',
]
JSON_PIECES = [
    *(
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b",",
        b":",
        b"null",
        b"1e9",
        b"-1",
        b"\\ud83d",
        b"\xff",
        b"\0",
    ),
    *(b"[" * 200, b'{"a":' * 100, b"9" * 400, b'"' + b"x" * 300 + b'"', b"\xc3\xbc"),
]


def check_json(camera, client, data):
    """Post settings: all of them are in force, or none; each is valid and was in the request."""
    before = _settings(client)
    response = client.post("/api/settings", content=data)
    assert response.status_code in (200, 400, 413), response.status_code
    after = _settings(client)
    changed = {name for name in before if after[name] != before[name]}
    assert response.status_code == 200 or not changed
    for row in SCHEMA:
        if row[NAME] in changed:
            assert row[NAME].encode() in data
            assert _accepts(row, after[row[NAME]]), row[NAME]


def _settings(client):
    rows = client.get("/api/settings").json()["settings"]
    return {row["name"]: row["value"] for row in rows}


def _accepts(row, text):
    try:
        row[CHECK](str(text))
    except BadArgument:
        return False
    return True


def client_of(camera):
    """Return an HTTP client of the camera."""
    return httpx.Client(base_url=camera.url, timeout=10, trust_env=False)
