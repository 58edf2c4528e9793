"""MicroPython REPL on the simulated board's UART, with mpremote and by hand."""

import subprocess
import sys

import pytest
from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport
from probe import NO_BROKER
from sim import ROOT, Simulator, wait_until

TABLE = ROOT / "config" / "partitions.csv"
BANNER = b'Type "help()" for more information.\r\n>>> '


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    with Simulator(
        folder, NO_BROKER, args=("--blank", "--uart", "pty", "--partitions", str(TABLE))
    ) as made:
        yield made


@pytest.fixture
def raw(board):
    """The board in raw mode, after a soft reset."""
    link = SerialTransport(board.facts["uart"], timeout=10)
    link.enter_raw_repl()
    yield link
    link.exit_raw_repl()
    link.close()


@pytest.fixture
def friendly(raw):
    raw.exit_raw_repl()
    assert raw.read_until(1, BANNER, timeout=5).endswith(BANNER)
    return raw


def type_in(link, keys, shown):
    link.serial.write(keys)
    got = link.read_until(1, shown, timeout=5)
    assert got.endswith(shown), got
    return got


@pytest.mark.parametrize("paste", [True, False], ids=["raw-paste", "raw"])
def test_program(raw, paste):
    raw.use_raw_paste = paste
    text = "".join(f"a{n} = {n}\n" for n in range(300)) + "print(a299)\nprint('é')"
    assert raw.exec(text) == "299\r\né\r\n".encode()
    with pytest.raises(TransportExecError) as failed:
        raw.exec("print(1)\n1/0")
    lines = failed.value.error_output.splitlines()
    assert lines == [
        "Traceback (most recent call last):",
        '  File "<stdin>", line 2, in <module>',
        "ZeroDivisionError: divide by zero",
    ]
    with pytest.raises(TransportExecError, match="SyntaxError"):
        raw.exec("if")
    assert raw.eval("a299") == 299


@pytest.mark.parametrize("program", ["while True: pass", "import time; time.sleep(60)"])
def test_ctrl_c(raw, program):
    raw.exec_raw_no_follow(program)
    raw.serial.write(b"\x03")
    out, error = raw.follow(5)
    assert error.endswith(b"KeyboardInterrupt: \r\n")


def test_program_may_read_ctrl_c(raw):
    """Binary input and output, without the interrupt character."""
    raw.exec_raw_no_follow(
        "import micropython, sys\n"
        "micropython.kbd_intr(-1)\n"
        "print('ready')\n"
        "data = sys.stdin.buffer.read(3)\n"
        "micropython.kbd_intr(3)\n"
        "sys.stdout.buffer.write(data + b'\\n')\n"
        "while True: pass"
    )
    type_in(raw, b"", b"ready\r\n")
    assert type_in(raw, b"\x03\r\x10", b"\x10\n") == b"\x03\r\x10\n"
    raw.serial.write(b"\x03")
    assert raw.follow(5) == (b"", b"Traceback (most recent call last):\r\n"
                             b'  File "<stdin>", line 7, in <module>\r\n'
                             b"KeyboardInterrupt: \r\n")  # fmt: skip


def test_boot_that_fails_leads_to_the_prompt(raw):
    before = raw.fs_readfile("/boot.py")
    raw.fs_writefile("/boot.py", b"1/0")
    raw.fs_writefile("/main.py", b"print('main runs')")
    raw.exec_raw_no_follow("import machine; machine.reset()")
    shown = raw.read_until(1, BANNER, timeout=5)
    assert b"ZeroDivisionError" in shown and b"main runs" not in shown
    raw.enter_raw_repl()
    raw.fs_writefile("/boot.py", before)
    raw.fs_rmfile("/main.py")


def test_soft_reset_from_raw_mode_skips_main(raw):
    raw.fs_writefile("/main.py", b"ran = True\nprint('main runs')")
    raw.exec("kept = 1")
    raw.enter_raw_repl()
    assert raw.eval("('kept' in globals(), 'ran' in globals())") == (False, False)
    assert raw.eval("__import__('machine').reset_cause()") == 5
    raw.exit_raw_repl()
    type_in(raw, b"", BANNER)
    type_in(raw, b"\x04", b"MPY: soft reboot\r\nmain runs\r\n")
    type_in(raw, b"", BANNER)
    raw.enter_raw_repl(soft_reset=False)
    raw.exec_raw_no_follow("import machine, os; os.remove('/main.py'); machine.reset()")
    raw.read_until(1, BANNER, timeout=5)
    raw.enter_raw_repl(soft_reset=False)
    assert raw.eval("__import__('machine').reset_cause()") == 2


def test_exit_is_a_soft_reset(raw):
    raw.exec("import sys\nkept = 1\nsys.exit()")
    assert raw.eval("'kept' in globals()") is False


def test_interactive_session(friendly):
    type_in(friendly, b"1 + x\x7f2\r", b"1 + x\b \b2\r\n3\r\n>>> ")
    type_in(friendly, b"for i in range(2):\r print(i)\r\r", b"\r\n0\r\n1\r\n>>> ")
    type_in(friendly, b"print(\r4)\r", b"print(\r\n... 4)\r\n4\r\n>>> ")
    type_in(friendly, b"half\x03", b"half\r\n>>> ")
    type_in(friendly, b"'\xff\x9d'\r", b"''\r\n''\r\n>>> ")  # only ASCII is a key
    type_in(friendly, b"\x05if 1:\r  print(5)\r\x04", b"\r\n5\r\n>>> ")


def test_file_system_is_the_boards_own(raw):
    """`/` has the files of a new board and no access to the files of the PC."""
    assert raw.eval("__import__('os').listdir('/')") == ["boot.py"]
    assert raw.eval("__import__('sys').path") == ["", ".frozen", "/lib"]
    raw.fs_mkdir("/lib")
    raw.fs_writefile("/lib/deep.py", b"print(__file__)")
    assert raw.exec("import deep") == b"/lib/deep.py\r\n"
    raw.fs_rmfile("/lib/deep.py")
    raw.fs_rmdir("/lib")
    with pytest.raises(TransportExecError, match="ENOENT"):
        raw.exec("open('/proc/version')")


def test_flash_has_the_size_of_the_chips(raw):
    """208 blocks of 4 KB: one for each file, and two for each folder, which statvfs doubles."""
    assert raw.eval("__import__('os').statvfs('/')[:4]") == (4096, 4096, 208, 205)
    raw.exec("import os\nos.mkdir('/full')")
    assert raw.eval("os.statvfs('/')[:4]") == (4096, 4096, 208, 201)
    raw.exec("for n in range(50):\n os.mkdir('/full/%d' % n)")
    assert raw.eval("os.statvfs('/')[3]") == 201 - 4 * 50
    raw.exec("for n in range(50):\n os.rmdir('/full/%d' % n)")
    with pytest.raises(TransportExecError, match="28"):
        raw.exec(
            "for n in range(208):\n"
            " with open('/full/%d' % n, 'w') as file:\n"
            "  file.write('x' * 200)"
        )
    assert 188 < raw.eval("len(os.listdir('/full'))") < 208 - 5  # the folder itself grows
    raw.exec("for name in os.listdir('/full'):\n os.remove('/full/' + name)\nos.rmdir('/full')")


def test_socket_limit(raw):
    raw.exec("import socket\nsockets = [socket.socket() for _ in range(10)]")
    with pytest.raises(TransportExecError, match="23"):
        raw.exec("socket.socket()")


def test_command_line(board):
    command = [
        sys.executable,
        "-m",
        "mpremote",
        "connect",
        board.facts["uart"],
        "exec",
        "print(6)",
    ]
    assert subprocess.run(command, capture_output=True, timeout=20).stdout == b"6\r\n"


def test_ctrl_c_stops_the_camera(tmp_path):
    """Ctrl-C ends main.py in any state of the event loop; a soft reset restarts it."""
    with Simulator(tmp_path, NO_BROKER, args=("--uart", "pty")) as camera:
        link = SerialTransport(camera.facts["uart"], timeout=10)
        for count in range(1, 6):
            camera.wait_boot(count)
            camera.get("/capture")
            type_in(link, b"\r\x03", BANNER)
            link.serial.write(b"\x04")
        wait_until(lambda: camera.facts["boots"] == 6, what="the last start")
        assert camera.get("/").status_code == 200
        link.close()
