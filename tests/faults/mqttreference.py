"""Reference parser of what a broker may send a client (MQTT 3.1.1), written from the standard.

It knows whole input only, so it is simple; the firmware's parser reads a stream byte by byte.
"""

import re

_BAD_TEXT = re.compile(r"[\0+#]")  # sections 1.5.3, 3.3.2.1
_LONGEST_TOPIC = 256  # the firmware skips longer ones
_REMEMBERED = 64


def parsed(data):
    """Return (events, end): end is "refused", "cut" within a packet, or "whole"."""
    events, recent, earlier = [], [], []
    while data:
        packet, data, end = _packet(data)
        if end:
            return events, end
        first, body = packet
        if first >> 4 == 3:
            event = _publish(first, body)
            if event is None:
                return events, "refused"
            topic, payload, packet_id = event
            again = first & 8 and packet_id in recent + earlier
            if len(topic.encode()) <= _LONGEST_TOPIC and not again:
                events.append(("message", topic, payload, bool(first & 1)))
            if packet_id:
                recent = (recent + [packet_id])[-_REMEMBERED:]
                events.append(("acknowledge", packet_id))
        elif (first, len(body)) == (0xD0, 0):
            recent, earlier = [], recent
            events.append(("pingresp",))
        elif (first, len(body)) == (0x40, 2):
            events.append(("puback", int.from_bytes(body, "big")))
        elif first == 0x90 and len(body) == 3 and body[2] in (0, 1, 2, 128):
            events.append(("suback", int.from_bytes(body[:2], "big"), body[2]))
        elif (first, len(body)) != (0xB0, 2):
            return events, "refused"
    return events, "whole"


def _packet(data):
    """Return ((first byte, body), rest, end); section 2.2."""
    size = 0
    for at in range(1, 5):
        if at >= len(data):
            return None, b"", "cut"
        size |= (data[at] & 127) << 7 * (at - 1)
        if data[at] < 128:
            break
    else:
        return None, b"", "refused"
    body, rest = data[at + 1 : at + 1 + size], data[at + 1 + size :]
    return ((data[0], body), rest, "") if len(body) == size else (None, b"", "cut")


def _publish(first, body):
    """Return (topic, payload, packet id) of a PUBLISH; None: malformed (section 3.3)."""
    qos, length = first >> 1 & 3, int.from_bytes(body[:2], "big")
    name, rest = body[2 : 2 + length], body[2 + length :]
    if qos > 1 or (first & 8 and not qos) or not name or len(name) < length:
        return None
    if qos and (len(rest) < 2 or rest[:2] == b"\0\0"):
        return None
    packet_id, payload = (int.from_bytes(rest[:2], "big"), rest[2:]) if qos else (0, rest)
    if length > _LONGEST_TOPIC:  # skipped, whatever its bytes are
        return "x" * length, payload, packet_id
    try:
        topic = name.decode()
    except UnicodeError:
        return None
    return None if _BAD_TEXT.search(topic) else (topic, payload, packet_id)
