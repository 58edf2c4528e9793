"""The admin password on telnet: asked for before there is a console."""

from micropython import const

from proto.lineedit import LineEditor

_TRIES = const(3)  # then the caller has to dial again
_WAIT_MS = const(60_000)  # for each key


async def admitted(stream, telnet, access):
    """Whether who has dialled knows the password."""
    peer = stream.get_extra_info("peername")
    address = peer[0] if peer else ""
    editor = LineEditor(0)
    for _ in range(_TRIES):
        wait_s = access.wait_s(address)
        if wait_s:
            text = "too many wrong passwords: wait {} s, then dial again\r\n"
            await stream.send(text.format(wait_s).encode())
            return False
        await stream.send(b"password: ")
        typed = await _line(stream, telnet, editor)
        if typed is None:
            return False
        await stream.send(b"\r\n")
        if await access.is_password(typed, address):
            return True
        await stream.send(b"wrong\r\n")
    return False


async def _line(stream, telnet, editor):
    """What is typed, shown to nobody; None when the caller is gone."""
    key = bytearray(1)
    editor.line = None
    while editor.line is None:
        if not await stream.recv_into(key, _WAIT_MS):
            return None
        answer = telnet.feed(key[0])
        if answer:
            await stream.send(answer)
        if telnet.data is not None:
            editor.feed(telnet.data)
    try:
        return editor.line.decode()
    except UnicodeError:
        return ""
