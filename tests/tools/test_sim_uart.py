"""What is typed reaches the interpreter, however early it says that a program runs."""

import asyncio
import sys


def test_interpreter_that_speaks_before_its_links_are_all_made(tmp_path, monkeypatch):
    from board_process import BoardProcess
    from uart import Receiver

    async def scenario():
        board = BoardProcess.__new__(BoardProcess)
        board._folder, board._environment, board._stdout = tmp_path, {}, None
        board._calls = board._quick = {}
        board.boots = 0
        board._receiver = receiver = Receiver()

        async def connected(protocol, sock):
            sock.close()
            receiver.interrupt(True)  # the first request came with the connection

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", connected)
        process = await board._start([sys.executable, "-c", "print(input())"])
        typing = asyncio.create_task(receiver.run())
        await receiver.type(b"status\n")
        status = await asyncio.wait_for(process.wait(), 10)
        typing.cancel()
        return status

    assert asyncio.run(scenario()) == 0
