"""Typed input reaches the interpreter even if it reports a running program early."""

import asyncio
import sys


def test_request_before_all_connections_are_open(tmp_path, monkeypatch):
    from board_process import BoardProcess
    from uart import Receiver

    async def scenario():
        board = BoardProcess.__new__(BoardProcess)
        board._folder, board._environment, board._stdout = tmp_path, {}, None
        board._calls = board._quick = {}
        board._inherited, board.boots = (), 0
        board._receiver = receiver = Receiver()

        async def connected(protocol, sock):
            sock.close()
            receiver.interrupt(3)  # the first request arrives with the connection

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", connected)
        process = await board._start([sys.executable, "-c", "print(input())"])
        typing = asyncio.create_task(receiver.run())
        await receiver.type(b"status\n")
        status = await asyncio.wait_for(process.wait(), 10)
        typing.cancel()
        return status

    assert asyncio.run(scenario()) == 0


def test_line_feeds_of_print_get_a_carriage_return_and_binary_ones_do_not():
    from terminal import Terminal

    output = b"a\nb\r\n" + b"c\x10\nd\x10\x10\x10\ne\r\x10\nf\n"
    for size in range(1, len(output) + 1):
        terminal = Terminal.__new__(Terminal)
        terminal._after_cr = terminal._half = b""
        pieces = (output[at : at + size] for at in range(0, len(output), size))
        assert b"".join(map(terminal._decoded, pieces)) == b"a\r\nb\r\nc\nd\x10\ne\r\nf\r\n"
