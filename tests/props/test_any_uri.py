"""proto.uri: any text is parsed or refused; a generated address is split into its parts."""

import urllib.parse

from hypothesis import given
from hypothesis import strategies as st

from proto.uri import MQTT_PORTS, parse_broker, parse_url, percent_decoded, without_password
from proto.values import BadArgument

HOSTS = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True)


@given(st.text(max_size=60), st.integers(0, 65535), st.booleans())
def test_any_text(text, port, tls):
    try:
        host, to, secure = parse_broker(text, port, tls)
    except BadArgument:
        return
    assert host and not set(host) & set("/@ ?#\\\"'<>")
    assert 1 <= to <= 65535 and (not port or to == port)
    assert secure == text.lower().startswith("mqtts://") or (secure == tls and "://" not in text)


@given(st.sampled_from(sorted(MQTT_PORTS)), HOSTS, st.none() | st.integers(1, 65535))
def test_generated_address(scheme, host, port):
    text = f"{scheme}://{host}" + (f":{port}" if port else "")
    assert parse_broker(text) == (host, port or MQTT_PORTS[scheme], scheme == "mqtts")


@given(st.text(alphabet="mqts:/[]@.01a ", max_size=20))
def test_near_misses(text):
    try:
        host = parse_broker(text)[0]
    except BadArgument:
        return
    assert "[" not in host and "]" not in host


URLS = st.tuples(st.sampled_from(["http", "https"]), HOSTS, st.none() | st.integers(1, 65535))


@given(URLS, st.text(alphabet="ab/.-_%41?=&", max_size=20))
def test_generated_url(url, rest):
    scheme, host, port = url
    text = f"{scheme}://{host}" + (f":{port}" if port else "") + "/" + rest
    made = parse_url(text)
    assert (made.tls, made.host, made.path) == (scheme == "https", host, "/" + rest)
    assert made.port == (port or {"http": 80, "https": 443}[scheme])
    assert made.authority() == urllib.parse.urlsplit(text).netloc or made.port in (80, 443)


@given(st.text(max_size=60))
def test_any_redirect_is_a_url_or_refused_and_keeps_the_login_private(location):
    base = parse_url("https://joe:secret@host/a/b?c")
    for target in (location, "/" + location, "//" + location, "https://" + location):
        try:
            url = base.follow(target)
        except BadArgument:
            continue
        assert url.tls and url.host and url.path.startswith("/")
        assert not url.login or (url.host, url.port) == ("host", 443)


@given(URLS, st.text(alphabet="abc:%21!", max_size=10), st.text(alphabet="xyz", min_size=4))
def test_password_in_an_address_is_never_shown(url, user, password):
    scheme, host, _ = url
    shown = without_password(f"{scheme}://{user}:{password}@{host}/b")
    assert shown.endswith(f":***@{host}/b") and password not in shown.rpartition("@")[0]


@given(st.binary(max_size=40))
def test_percent_encoding_round_trip(data):
    assert percent_decoded(urllib.parse.quote(data)) == data


@given(st.text(max_size=20))
def test_any_text_is_decoded_as_by_the_standard_library_or_refused(text):
    try:
        assert percent_decoded(text) == urllib.parse.unquote_to_bytes(text)
    except ValueError:
        assert "%" in text
