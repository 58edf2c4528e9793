"""proto.uri: any text is an address or BadArgument; a made address comes back."""

from hypothesis import given
from hypothesis import strategies as st

from proto.uri import PORTS, parse_broker
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


@given(st.sampled_from(sorted(PORTS)), HOSTS, st.none() | st.integers(1, 65535))
def test_made_address(scheme, host, port):
    text = f"{scheme}://{host}" + (f":{port}" if port else "")
    assert parse_broker(text) == (host, port or PORTS[scheme], scheme == "mqtts")


@given(st.text(alphabet="mqts:/[]@.01a ", max_size=20))
def test_near_misses(text):
    try:
        host = parse_broker(text)[0]
    except BadArgument:
        return
    assert "[" not in host and "]" not in host
