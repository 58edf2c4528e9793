"""One try to reach the broker: TCP, TLS, CONNECT and CONNACK; borrowed for the try."""

import gc

from micropython import const

from aio.late import borrow
from aio.reader import Reader
from proto.mqtt import ProtocolError
from proto.mqttconnect import check_connack, connect

_STALL_MS = const(30_000)  # longer than the whole try may take


async def opened(dialler, link, clean, buffer):
    """(stream, reader) of a connection that the broker has accepted; `link` is a BrokerLink."""
    host, port, tls = link.address()
    context = None
    if tls:
        gc.collect()  # TLS needs some 40 KB in one piece
        context = borrow("app.tls").client_context(link.verified(), link.settings["mqttca"])
    stream = await dialler.open(host, port, context)
    try:
        await stream.send(_connect_packet(link.settings, link.topics, clean))
        reader = Reader(stream, buffer, _STALL_MS)
        head = bytes(await reader.take(4))
        if head[:2] != b"\x20\x02":
            raise ProtocolError("no CONNACK")
        check_connack(head[2:])
        return stream, reader
    except BaseException:
        stream.close()
        raise


def _connect_packet(settings, topics, clean):
    return connect(
        settings["mqttclientid"] or topics.device_id,
        settings["mqttkeepalive"],
        clean,
        topics.lwt,
        b"Offline",
        settings["mqttuser"],
        settings["mqttpass"],
    )
