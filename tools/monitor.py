"""Show a board's serial console in this terminal.

    make monitor PORT=/dev/ttyUSB0

Ctrl-] exits. Ctrl-C goes to the board: it stops the camera and shows the MicroPython prompt, where
Ctrl-D starts the camera again.
"""

import argparse
import sys

from boardlink import PORT_HELP, Board, BoardError

_EXIT = "\x1d"


def run(board, port):
    """Pass bytes in both directions until Ctrl-] is pressed."""
    from serial.tools.miniterm import Miniterm

    terminal = Miniterm(board.serial, echo=False, eol="cr")
    terminal.exit_character = _EXIT
    terminal.menu_character = "\x14"
    terminal.raw = True
    terminal.set_rx_encoding("UTF-8", errors="replace")
    terminal.set_tx_encoding("UTF-8")
    terminal.start()
    print(f"{port} at 115200; Ctrl-] exits", flush=True)  # from now on, typed keys arrive
    try:
        terminal.join(True)
    finally:
        terminal.stop()
        terminal.join()
        terminal.console.cleanup()


def main(argv=None):
    parser = argparse.ArgumentParser(prog="monitor.py", description=__doc__.splitlines()[0])
    parser.add_argument("port", help=PORT_HELP)
    args = parser.parse_args(argv)
    if not sys.stdin.isatty():
        print("monitor: this needs a terminal", file=sys.stderr)
        return 1
    try:
        with Board(args.port) as board:
            run(board, args.port)
    except BoardError as exc:
        print(f"monitor: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
