"""Deploy the application to a board that runs MicroPython; see `--help`.

    make deploy PORT=/dev/ttyUSB0

Compiles the modules that the board's firmware does not contain, copies the files that differ from
the last deployment, removes files that are no longer needed, verifies the SHA-256 of every file on
the board, restarts it and waits for the camera's greeting.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from boardlink import PORT_HELP, Board, BoardError
from deployplan import (
    PRODUCT,
    compiled,
    digest,
    flash_bytes,
    folders_of,
    plan,
    readable,
    short_digest,
    without_frozen,
)

ROOT = Path(__file__).resolve().parent.parent
RECORD = "/deployed.json"  # digests of the deployed files; written last
IN_PROGRESS = "/deploying"  # exists while the board holds a mix of old and new files
_START_S = 45
_BATCH = 8
_PSRAM_HEAP = 1_000_000  # bytes; the chip alone has no heap of that size
_FAILED = rb"Traceback \(most recent call last\):\r?\n( .*\r?\n)+\S.*\r?\n|waiting for download"


class Deployment:
    """One deployment, to a board that waits at its prompt."""

    def __init__(self, board, say=print):
        self._board = board
        self._say = say
        self.changing = False  # true while the board may hold a mix of old and new files

    def run(self, as_source=False):
        """Bring the board up to date with the sources; return true if anything has changed."""
        facts = self._board.facts()
        self._say(describe(facts))
        _check_memory(facts)
        files = readable(facts) if as_source else compiled(facts)
        files = without_frozen(files, facts["frozen"])
        if PRODUCT in facts["frozen"]:
            self._say(
                "The firmware contains the application, so nothing is copied. "
                "To change it, send an update (tools/ota.py)."
            )
        hiding = sorted({part.split("/")[2] for part in files if part.count("/") > 2})
        hiding = [name for name in hiding if name in facts["root"]]
        if hiding:
            raise BoardError(
                f"/{hiding[0]} on the board would hide /lib/{hiding[0]}. Remove it, for example "
                f"with: mpremote connect PORT fs rm -r :/{hiding[0]}"
            )
        self._remove_updates()
        recorded = self._recorded()
        present = self._present(set(files) | set(recorded))
        copy, remove = plan(files, recorded, present)
        self._check_room(files, copy, present)
        if copy or remove or not recorded:
            self._begin()
        self._remove(remove)
        self._copy(files, copy)
        again = self._differing(files)
        if again:
            self._begin()
            self._copy(files, again)
            self._raise_for(self._differing(files))
        self._board.do("select_deployed()")
        if self.changing:
            self._end(files)
        unchanged = len(files) - len(copy)
        self._say(
            f"{len(copy)} copied, {len(remove)} removed, {unchanged} unchanged, all verified"
        )
        return bool(copy or remove or again)

    def _remove_updates(self):
        """Remove application updates, so that the deployed application runs."""
        for path in self._board.do("remove_updates()", timeout=60).split():
            self._say(f"  removed {path}, an application update")

    def _recorded(self):
        """Return {path: short digest} of the last deployment."""
        data = self._board.get(RECORD)
        if self._board.evaluate(f"size({IN_PROGRESS!r})") >= 0:
            self._say("An earlier deployment was interrupted; this one completes it.")
        try:
            return json.loads(data or b"{}")["files"]
        except (ValueError, KeyError):
            return {}

    def _present(self, paths):
        """Return {path: size} of the files in our folders on the board."""
        listed = self._board.do(f"tree({tuple(folders_of(paths))!r})")
        present = {}
        for line in listed.splitlines():
            size, _, path = line.partition(" ")
            present[path] = int(size) if size.isdigit() else -1
        for path in paths:
            if path.count("/") == 1:  # outside our folders
                size = self._board.evaluate(f"size({path!r})")
                if size >= 0:
                    present[path] = size
        return present

    def _check_room(self, files, copy, present):
        free = self._board.evaluate("free()")
        new = sum(flash_bytes(len(files[path])) for path in copy)
        old = sum(flash_bytes(size) for path, size in present.items() if path in copy)
        gone = sum(flash_bytes(size) for path, size in present.items() if path not in files)
        spare = max((flash_bytes(len(files[path])) for path in copy), default=0)
        if new + spare > free + old + gone:
            raise BoardError(
                f"the board's file system is too full: {new + spare} bytes are needed, "
                f"{free + old + gone} are free"
            )

    def _begin(self):
        if not self.changing:
            self._board.put(IN_PROGRESS, b"")
            self.changing = True

    def _end(self, files):
        record = {"files": {path: short_digest(data) for path, data in sorted(files.items())}}
        self._board.put(RECORD, json.dumps(record).encode())
        self._board.do(f"remove({IN_PROGRESS!r})")
        self.changing = False

    def _remove(self, paths):
        for path in paths:
            self._say(f"  remove {path}")
            self._board.do(f"remove({path!r})")

    def _copy(self, files, paths):
        total = sum(len(files[path]) for path in paths) or 1
        done = 0
        for path in paths:
            self._board.put(path, files[path])
            done += len(files[path])
            self._say(f"  {100 * done // total:3} %  {path}")

    def _differing(self, files):
        """Return the paths whose SHA-256, computed by the board, is wrong."""
        paths, differing = sorted(files), []
        for at in range(0, len(paths), _BATCH):
            batch = paths[at : at + _BATCH]
            found = self._board.evaluate(f"[digest(path) for path in {batch!r}]", timeout=60)
            differing += [p for p, sha in zip(batch, found) if sha != digest(files[p])]
        return differing

    def _raise_for(self, paths):
        if paths:
            raise BoardError(
                f"written twice, but the board still reads other data: {', '.join(paths)}"
            )


def _check_memory(facts):
    """Raise BoardError if an application in files would take the memory that Wi-Fi needs."""
    if PRODUCT not in facts["frozen"] and facts["free_heap"] < _PSRAM_HEAP:
        raise BoardError(
            "this board has no PSRAM, or its firmware does not use it, so the application does "
            "not fit in its memory. Use a board with PSRAM, or flash the camera's own image, "
            "which runs without PSRAM, but takes no pictures then"
        )


def describe(facts):
    """Return a line that describes the board."""
    version = ".".join(map(str, facts["version"]))
    camera = "with" if facts["camera"] else "WITHOUT"
    return f"{facts['machine']}, MicroPython {version}, {camera} a camera driver"


def restart(board, greeting, say=print):
    """Restart the board and wait for the camera's greeting."""
    board.reset()
    wanted = greeting.encode()
    found, output = board.wait_for(re.escape(wanted) + b"|" + _FAILED, _START_S)
    if found and found[0] == wanted:
        say(f"{greeting} runs")
        return
    if "waiting for download" in output:
        raise BoardError("IO0 is at GND: remove that wire and press the board's reset button")
    raise BoardError(f"the camera did not start; the board prints:\n{output[-1500:].strip()}")


def greeting():
    """Return the line that the camera prints when it starts."""
    product = {}
    exec((ROOT / "config" / "product.py").read_text(), product)
    return f"{product['NAME']} {product['VERSION']}"


def parse(argv=None):
    parser = argparse.ArgumentParser(prog="deploy.py", description=__doc__.splitlines()[0])
    parser.add_argument("port", help=PORT_HELP)
    parser.add_argument("--py", action="store_true", help="deploy sources instead of bytecode")
    parser.add_argument("--no-restart", action="store_true", help="leave the board at its prompt")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    deployment = None
    try:
        with Board(args.port) as board:
            print(f"Interrupting the program at {args.port}", flush=True)
            board.interrupt()
            deployment = Deployment(board, lambda text: print(text, flush=True))
            deployment.run(args.py)
            if not args.no_restart:
                restart(board, greeting())
        return 0
    except BoardError as exc:
        print(f"deploy: {exc}", file=sys.stderr)
        return _explain(deployment, args.port, 1)
    except KeyboardInterrupt:
        print("\ndeploy: interrupted", file=sys.stderr)
        return _explain(deployment, args.port, 130)


def _explain(deployment, port, status):
    """Print the state of the board after a failure; return `status`."""
    if deployment and deployment.changing:
        print(
            "deploy: the board now holds a mix of old and new files, and the camera has stopped. "
            f"To complete the deployment: make deploy PORT={port}",
            file=sys.stderr,
        )
    elif deployment:
        print("deploy: the camera has stopped; its files are complete.", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
