"""Runs boot.py and main.py as the ESP32 firmware does; the runner starts the interpreter on this.

Arguments: the folder of the board's programs, and for a test the program to run instead of them.
"""

import sys
from os import getenv, stat

sys.path[:] = getenv("MICROPYPATH").split(":")


def _run(path):
    """Execute a program in this module, which is __main__; returns its exit status."""
    try:
        with open(path) as file:
            code = compile(file.read(), path, "exec")
        exec(code, globals())
    except SystemExit as exc:
        value = exc.args[0] if exc.args else 0
        return 1 if isinstance(value, str) else int(value or 0)
    except BaseException as exc:
        sys.print_exception(exc)
        return 1
    return 0


def _exists(path):
    try:
        stat(path)
    except OSError:
        return False
    return True


def main(root, program=None):
    if program:
        import world

        world.call("board.exit", _run(program))
    else:
        for name in ("/boot.py", "/main.py"):
            if _exists(root + name):
                _run(root + name)
    while sys.stdin.read(1):  # as the REPL: nothing runs until somebody resets the board
        pass


main(*sys.argv[1:])
