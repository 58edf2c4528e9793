"""proto.websocket and app.mqtt.websocket: RFC 6455 from the client's side."""

import asyncio
import unittest

import suite
from fakes import Wire, outcome, run

from app.mqtt.websocket import WebSocket
from proto import websocket as ws


class TestHandshake(unittest.TestCase):
    def test_example_of_the_rfc(self):  # section 1.3
        request, key = ws.request("server.example", 80, "/chat", b"the sample nonce")
        self.assertEqual(key, b"dGhlIHNhbXBsZSBub25jZQ==")
        self.assertTrue(request.startswith(b"GET /chat HTTP/1.1\r\nHost: server.example:80\r\n"))
        self.assertIn(b"\r\nSec-WebSocket-Protocol: mqtt\r\n", request)
        ws.check_response(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt",
            key,
        )

    def test_refused_with_a_reason(self):
        switch = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
        for head, reason in (
            (b"HTTP/1.1 404 Not Found", "the server answers 404 Not Found; check port and path"),
            (b"\x20\x02\0\0", "something else"),
            (b"", "something else"),
            (switch + b"Sec-WebSocket-Accept: x", "does not switch"),
            (b"HTTP/1.1 101 x", "does not switch"),
            (
                switch + b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                b"Sec-WebSocket-Protocol: chat",
                "another protocol",
            ),
        ):
            try:
                ws.check_response(head, b"dGhlIHNhbXBsZSBub25jZQ==")
                self.fail(reason)
            except ws.WebSocketError as e:
                self.assertIn(reason, str(e))


class TestFrames(unittest.TestCase):
    def test_masked_frames_of_all_sizes(self):
        buffer = memoryview(bytearray(1_024 + ws.HEAD_BYTES))
        for size in (0, 1, 3, 4, 5, 125, 126, 127, 1_023, 1_024):
            data = bytes(n * 7 & 255 for n in range(size))
            end = ws.put_frame(buffer, ws.BINARY, data, b"\x12\x00\xff\x80")
            self.assertEqual(unmasked(bytes(buffer[:end])), (ws.BINARY, data))

    def test_example_of_the_rfc(self):  # section 5.7
        buffer = memoryview(bytearray(64))
        end = ws.put_frame(buffer, ws.TEXT, b"Hello", b"\x37\xfa\x21\x3d")
        expected = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
        self.assertEqual(bytes(buffer[:end]), expected)

    def test_heads_that_violate_the_rfc(self):
        for heads in (
            ((0xC2, 1),),  # a reserved bit
            ((0x82, 0x81),),  # masked
            ((0x81, 1),),  # text
            ((0x80, 1),),  # a continuation of nothing
            ((0x02, 1), (0x82, 1)),  # a message inside another
            ((0x09, 1),),  # a ping in fragments
            ((0x89, 126),),  # a ping of more than 125 bytes
            ((0x8B, 0),),  # an unknown control frame
            ((0x82, 127),),  # a length beyond 63 bits
        ):
            with self.assertRaises(ws.WebSocketError):
                reader = ws.Heads()
                for first, second in heads:
                    more = reader.more(first, second)
                    reader.read(first, second, b"\xff" * more)

    def test_close_has_a_reason(self):
        for payload, text in (
            (b"", "closed by the broker"),
            (b"\x03\xf1", "closed by the broker: message too big (1009)"),
            (b"\x03\xf0go \x00away", "closed by the broker: go away (1008)"),
            (b"\x0f\xa0", "closed by the broker: no reason given (4000)"),
        ):
            self.assertEqual(ws.close_reason(payload), text)


def unmasked(frame):
    """Return (opcode, payload) of one whole frame of ours."""
    size, at = frame[1] & 127, 2
    if size == 126:
        size, at = frame[2] << 8 | frame[3], 4
    mask, data = frame[at : at + 4], frame[at + 4 :]
    assert frame[0] & 0x80 and frame[1] & 0x80 and len(data) == size, frame[:8]
    return frame[0] & 15, bytes(byte ^ mask[n & 3] for n, byte in enumerate(data))


class TestStream(unittest.TestCase):
    def run_case(self, scenario):
        async def main():
            async with Wire() as wire:
                await scenario(WebSocket(wire.ours), wire.peer)

        run(main())

    async def frame(self, peer):
        head = await peer.readexactly(2)
        more = await peer.readexactly(2) if head[1] & 127 == 126 else b""
        size = (more[0] << 8 | more[1]) if more else head[1] & 127
        return unmasked(head + more + await peer.readexactly(4 + size))

    def test_fragments_pings_and_lengths_are_one_stream(self):
        async def scenario(stream, peer):
            big = bytes(range(200)) * 2
            peer.write(b"\x02\x03abc\x89\x02hi\x00\x00\x80\x02de\x8a\x00\x82\x7e\x01\x90" + big)
            peer.write(b"\x82\x7f" + bytes(7) + b"\x01!")
            await peer.drain()
            got, view = b"", memoryview(bytearray(64))
            while len(got) < 406:
                size = await stream.recv_into(view, 1_000)
                got += bytes(view[:size])
            self.assertEqual(got, b"abcde" + big + b"!")
            self.assertEqual(await self.frame(peer), (ws.PONG, b"hi"))

        self.run_case(scenario)

    def test_packet_is_sent_in_masked_pieces(self):
        async def scenario(stream, peer):
            data = bytes(range(250)) * 20
            sending = asyncio.create_task(stream.send(b"head", memoryview(data)))
            got, frames = b"", 0
            while len(got) < 5_004:
                opcode, part = await self.frame(peer)
                self.assertEqual(opcode, ws.BINARY)
                got, frames = got + part, frames + 1
            await sending
            self.assertEqual((got, frames), (b"head" + data, 6))

        self.run_case(scenario)

    def test_close_is_answered_and_ends_the_link(self):
        async def scenario(stream, peer):
            peer.write(b"\x88\x02\x03\xf1")
            await peer.drain()
            error = await outcome(stream.recv_into(memoryview(bytearray(9)), 1_000))
            self.assertEqual(str(error), "closed by the broker: message too big (1009)")
            self.assertEqual(await self.frame(peer), (ws.CLOSE, b"\x03\xf1"))

        self.run_case(scenario)

    def test_endless_answer_is_given_up(self):
        async def scenario(stream, peer):
            opening = asyncio.create_task(outcome(stream.open("h", 80, "/")))
            peer.write(b"x" * 3_000)
            await peer.drain()
            self.assertIn("too long", str(await opening))

        self.run_case(scenario)


suite.main()
