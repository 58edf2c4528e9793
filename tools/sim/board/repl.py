"""MicroPython's REPL over the UART, with friendly, raw and raw-paste mode.

The unix interpreter has no REPL on a pipe. Auto-indent and completion are not implemented.
"""

import io
import sys

import threads  # noqa: F401 - replaces _thread before the program imports it
import world

import __main__

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D, _CTRL_E = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
_RAW = b"raw REPL; CTRL-B to exit\r\n"
_WINDOW = 128


class _SoftReset(Exception):
    """Request for a soft reset by the program or the user."""


def run_file(path):
    """Run a program in `__main__`; return (exit status, soft reset requested)."""
    try:
        with open(path) as file:
            code = compile(file.read(), path, "exec")
        _enable_interrupt()
        exec(code, __main__.__dict__)
    except SystemExit as exc:
        value = exc.args[0] if exc.args else 0
        return (1 if isinstance(value, str) else int(value or 0)), True
    except BaseException as exc:
        _report(exc)
        return 1, False
    finally:
        _disable_interrupt()
    return 0, False


def _report(exc):
    """Print a traceback like the chip, without the lines of this file."""
    text = io.StringIO()
    sys.print_exception(exc, text)
    for line in text.getvalue().split("\n")[:-1]:
        if not line.startswith('  File "repl.py"'):
            print(line)


def soft_reset(raw):
    """Restart the interpreter; does not return."""
    _write(b"MPY: soft reboot\r\n")
    world.call("board.soft_reset", raw)


def serve(raw):
    """Serve the prompt until the next reset, starting in raw or friendly mode."""
    while True:
        try:
            (_serve_raw if raw else _serve_friendly)()
            raw = not raw
        except KeyboardInterrupt:  # arrived just as the program ended
            pass
        except _SoftReset:
            soft_reset(raw)


def _enable_interrupt():
    """Have Ctrl-C interrupt the program that runs next."""
    world.call("uart.interrupt", ord(_CTRL_C))


def _disable_interrupt():
    """Treat Ctrl-C as an ordinary key while no program runs."""
    while True:
        try:
            return world.call("uart.interrupt", -1)
        except KeyboardInterrupt:
            pass


def _write(data):
    sys.stdout.buffer.write(data)


def _read():
    byte = sys.stdin.buffer.read(1)
    if not byte:
        raise SystemExit  # the runner has ended
    return byte


def _serve_raw():
    """Run programs in raw mode, each ended by Ctrl-D; return on Ctrl-B."""
    line = bytearray()
    _write(_RAW + b">")
    while True:
        key = _read()
        if key == _CTRL_A and line == b"\x05A":
            line = bytearray()
            _raw_paste()
            _write(b">")
        elif key == _CTRL_A and line[:1] == _CTRL_E:
            line = bytearray()
            _write(b"R\x00>")
        elif key == _CTRL_A:
            line = bytearray()
            _write(_RAW + b">")
        elif key == _CTRL_B:
            return _write(b"\r\n")
        elif key == _CTRL_C:
            line = bytearray()
        elif key == _CTRL_D and not line:
            _write(b"OK\r\n")
            raise _SoftReset
        elif key == _CTRL_D:
            text, line = bytes(line), bytearray()
            _execute(text, begin=b"OK")
            _write(b">")
        else:
            line += key


def _raw_paste():
    """Run a program in raw-paste mode, with flow control after each window."""
    _write(b"R\x01" + bytes((_WINDOW & 0xFF, _WINDOW >> 8)) + b"\x01")
    text = bytearray()
    while True:
        key = _read()
        if key in (_CTRL_C, _CTRL_D):
            break
        text += key
        if len(text) % _WINDOW == 0:
            _write(b"\x01")
    if key == _CTRL_D:
        _execute(bytes(text), begin=_CTRL_D)
    else:
        _write(_CTRL_D + _CTRL_D + b"KeyboardInterrupt: \r\n" + _CTRL_D)


def _execute(text, mode="exec", begin=b"", end=_CTRL_D):
    """Run a program; write `end` after its output, and again after its traceback.

    The client can interrupt the program once it has read `begin`.
    """
    failure = None
    try:
        _enable_interrupt()
        _write(begin)
        exec(compile(text.decode(), "<stdin>", mode), __main__.__dict__)
    except SystemExit:
        failure = _SoftReset()
    except BaseException as exc:
        failure = exc
    _disable_interrupt()
    _write(end)
    if failure and not isinstance(failure, _SoftReset):
        _report(failure)
    _write(end)
    if isinstance(failure, _SoftReset):
        raise failure


def _serve_friendly():
    """Run statements in friendly mode; return on Ctrl-A."""
    _banner()
    while True:
        lines = []
        while True:
            line = _read_line(b"... " if lines else b">>> ")
            if line == _CTRL_A:
                return
            if line is None:  # Ctrl-C
                lines = []
                continue
            lines.append(line)
            if not _is_incomplete(lines):
                break
        text = b"\n".join(lines)
        if text.strip():
            _execute(text + b"\n", "single", end=b"")


def _banner():
    version = sys.version.split("; ")[1]
    _write("\r\n{}; {}\r\n".format(version, sys.implementation[2]).encode())
    _write(b'Type "help()" for more information.\r\n')


def _read_line(prompt):
    """Read a line with echo; return b"\x01" for Ctrl-A, None for Ctrl-C."""
    line = bytearray()
    _write(prompt)
    while True:
        key = _read()
        if key in b"\r\n":
            _write(b"\r\n")
            return bytes(line)
        if key == _CTRL_A and not line:
            return key
        if key == _CTRL_B and not line:
            _banner()
            _write(prompt)
        elif key == _CTRL_C:
            _write(b"\r\n")
            return None
        elif key == _CTRL_D and not line:
            _write(b"\r\n")
            raise _SoftReset
        elif key == _CTRL_E and not line:
            _friendly_paste()
            _write(prompt)
        elif key in b"\x08\x7f":
            if line:
                line = line[:-1]
                _write(b"\b \b")
        elif b" " <= key <= b"~" or key == b"\t":
            line += key
            _write(key)


def _is_incomplete(lines):
    """Return True inside an open bracket, or a block not yet ended by an empty line."""
    text = b"\n".join(lines).decode()
    if sum(text.count(c) for c in "([{") > sum(text.count(c) for c in ")]}"):
        return True
    block = lines[0].rstrip().endswith(b":") or lines[0].startswith(b"@")
    return block and lines[-1].strip() != b""


def _friendly_paste():
    """Run all input up to Ctrl-D as one program (paste mode)."""
    _write(b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
    text = bytearray()
    while True:
        key = _read()
        if key == _CTRL_C:
            return _write(b"\r\n")
        if key == _CTRL_D:
            _write(b"\r\n")
            return _execute(bytes(text), end=b"")
        text += b"\n" if key == b"\r" else key
        _write(b"\r\n=== " if key == b"\r" else key)
