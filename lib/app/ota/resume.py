"""What an update by MQTT says at its beginning, and how it ends; `of` is the Updater."""

import asyncio

from micropython import const

_LINK_MS = const(30_000)
_LOOK_MS = const(100)


async def reply(of, text):
    """Tell who waits for it whether we listen."""
    of.say("mqttotastart = " + text)
    await of.door.reply("mqttotastart", text, 0)


async def resume(of, sink, reason):
    """Everything as before; `off` is said as soon as there is a link to say it on."""
    left = _LINK_MS
    while left > 0 and not of.session.up.is_set():
        await asyncio.sleep_ms(_LOOK_MS)
        left -= _LOOK_MS
    try:
        await of.session.unsubscribe()
    except OSError:  # the link went, and the subscription with it
        pass
    await reply(of, "off")
    if sink.taking:  # in the middle of a message nothing else can come on this link
        of.session.reconnect(reason)
    while sink.taking:
        await asyncio.sleep_ms(_LOOK_MS)
