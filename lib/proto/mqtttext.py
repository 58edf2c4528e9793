"""Text in MQTT 3.1.1: strings (section 1.5.3), topic names and topic filters (section 4.7)."""

PREFIX, TOPIC = "%prefix%", "%topic%"  # levels of a layout that stand for others
LAYOUT = PREFIX + "/" + TOPIC


def decode(raw):
    """Return the text of UTF-8 bytes; raise UnicodeError for what section 1.5.3 forbids.

    MicroPython's own decoder accepts surrogates, overlong forms, and codes beyond U+10FFFF.
    """
    text = bytes(raw).decode()
    if not is_string(text):
        raise UnicodeError("not a string of MQTT")
    return text


def is_string(text):
    """Return True if a packet may contain `text`."""
    size = len(text.encode())
    if size == len(text):  # ASCII
        return "\0" not in text
    for char in text:
        code = ord(char)
        if not code or 0xD800 <= code < 0xE000 or code > 0x10FFFF or chr(code) != char:
            return False
    return True


def is_printable(text):
    """Return True for a string without the characters that a peer may refuse (section 1.5.3)."""
    if not is_string(text):
        return False
    for char in text:
        code = ord(char)
        if (
            code < 0x20
            or 0x7F <= code < 0xA0
            or 0xFDD0 <= code < 0xFDF0
            or code & 0xFFFE == 0xFFFE
        ):
            return False
    return True


def is_name(topic):
    """Return True if a message may have this topic."""
    return bool(topic) and "+" not in topic and "#" not in topic


def is_filter(text):
    """Return True for a topic filter: `+` and `#` are whole levels, `#` the last one."""
    levels = text.split("/")
    for level in levels:
        if len(level) > 1 and ("+" in level or "#" in level):
            return False
    return bool(text) and "#" not in levels[:-1]


def is_layout(text):
    """Return True for levels of a topic in which PREFIX and TOPIC stand once each."""
    levels = text.split("/")
    others = [level for level in levels if level not in (PREFIX, TOPIC)]
    if len(levels) - len(others) != 2 or PREFIX not in levels or TOPIC not in levels:
        return False
    return is_name(text) and "" not in others and levels[0][:1] != "$"


def topic_of(layout, prefix, topic, name):
    """Return the topic of a name: the layout with a prefix and a topic in it, then the name."""
    meaning = {PREFIX: prefix, TOPIC: topic}
    levels = [meaning.get(level, level) for level in layout.split("/")]
    return "/".join(levels + [name])
