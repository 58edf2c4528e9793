"""Run tests/device on a board through its prompt, one file after the other.

    make device-test PORT=/dev/ttyUSB0
    make device-test PORT=/dev/ttyUSB0 ARGS="test_nvs test_machine"

The same files run on the simulated board in `make test`. Nothing is written to the board's file
system, because unittest is mounted from memory. Afterwards the board restarts.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bytecode
from boardlink import PORT_HELP, Board, BoardError
from mpremote.transport import stdout_write_bytes

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "device"
UNITTEST = ROOT / "build" / "test-lib" / "unittest.py"
_SILENCE_S = 60


def programs(names):
    """Return the files of the named tests, or of all; BoardError for an unknown name."""
    known = {path.stem: path for path in sorted(TESTS.glob("test_*.py"))}
    chosen = [Path(name).stem for name in names] or list(known)
    for name in chosen:
        if name not in known:
            raise BoardError(f"no test is named {name}; there are: {', '.join(known)}")
    return [known[name] for name in chosen]


def unittest_for(kind):
    """Return unittest as bytecode of a `kind` that the board loads."""
    try:
        compiler = bytecode.compiler(kind)
    except bytecode.Unsupported as exc:
        raise BoardError(str(exc)) from None
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "unittest.mpy"
        command = [compiler, "-msmall-int-bits=31", "-march=" + kind.arch, "-s", "unittest.py"]
        subprocess.run([*command, "-o", made, UNITTEST], check=True)
        return made.read_bytes()


def run(board, path, unittest, show):
    """Run one program on the board; return (passed, text)."""
    board.interrupt()
    board.load("testing.py")
    board.do(f"mount_module('unittest.mpy', {unittest!r})")
    output = bytearray()

    def consume(data):
        output.extend(data)
        show(data)

    try:
        board.exec_raw_no_follow(path.read_text())
        _, error = board.follow(_SILENCE_S, consume)
    except Exception as exc:  # of mpremote or pyserial: the board has reset, hangs, or is gone
        return False, f"does not end: {exc}"
    return verdict(output.decode(errors="replace"), error.decode(errors="replace"))


def verdict(output, error=""):
    """Return (passed, text) from a program's output and the exception that ended it."""
    counts = re.search(r"^Ran (\d+) tests", output, re.MULTILINE)
    if error:
        return False, error.strip().splitlines()[-1]
    if not counts or not int(counts[1]):
        return False, "no test ran"
    skipped = re.search(r"^OK \((\d+) skipped\)", output, re.MULTILINE)
    failed = re.search(r"^FAILED \((.*)\)", output, re.MULTILINE)
    if failed or not re.search(r"^OK\b", output, re.MULTILINE):
        return False, f"{counts[1]} tests, {failed[1] if failed else 'no result'}"
    return True, f"{counts[1]} tests" + (f", {skipped[1]} skipped" if skipped else "")


def parse(argv=None):
    parser = argparse.ArgumentParser(prog="device_test.py", description=__doc__.splitlines()[0])
    parser.add_argument("port", help=PORT_HELP)
    parser.add_argument("tests", nargs="*", help="names such as test_nvs; default: all")
    parser.add_argument("--quiet", action="store_true", help="print only one line per file")
    return parser.parse_intermixed_args(argv)


def main(argv=None):
    args = parse(argv)
    try:
        chosen = programs(args.tests)
        with Board(args.port) as board:
            board.interrupt()
            unittest = unittest_for(bytecode.Bytecode.of(board.facts()["mpy"]))
            results = []
            for path in chosen:
                began = time.monotonic()
                show = (lambda data: None) if args.quiet else stdout_write_bytes
                passed, text = run(board, path, unittest, show)
                word = "passed" if passed else "FAILED"
                took = time.monotonic() - began
                results.append(f"{word}  {path.stem:20} {text} ({took:.1f} s)")
                print(results[-1], flush=True)
            board.interrupt()
            board.reset()
    except BoardError as exc:
        print(f"device-test: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndevice-test: interrupted; reset the board to start its camera", file=sys.stderr)
        return 130
    failed = sum(line.startswith("FAILED") for line in results)
    if not args.quiet and len(results) > 1:
        print("\n" + "\n".join(results))
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
