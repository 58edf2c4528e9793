"""Brings the camera's programs to a board that runs MicroPython; see `--help`.

    make deploy PORT=/dev/ttyUSB0

Compiles what the board does not have frozen, copies what differs from what was deployed last,
removes what is gone, lets the board compute the digests of all files, restarts it and waits for
the camera's greeting.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from boardlink import PORT_HELP, Board, BoardError
from deployplan import (
    PRODUCT,
    blocks_of,
    compiled,
    digest_of,
    folders_of,
    mark_of,
    plan,
    readable,
    without_frozen,
)

ROOT = Path(__file__).resolve().parent.parent
RECORD = "/deployed.json"  # what was deployed; written last
UNDER_WAY = "/deploying"  # there while the board holds a mix of old and new
_START_S = 45
_BATCH = 8
_FAILED = rb"Traceback \(most recent call last\):\r?\n( .*\r?\n)+\S.*\r?\n|waiting for download"


class Deployment:
    """One run of it, on a board that waits at its prompt."""

    def __init__(self, board, say=print):
        self._board = board
        self._say = say
        self.changing = False  # the board may hold a mix

    def run(self, as_source=False):
        """Make the board hold what the sources say; True where something has changed."""
        facts = self._board.facts()
        self._say(describe(facts))
        files = readable(facts) if as_source else compiled(facts)
        files = without_frozen(files, facts["frozen"])
        if PRODUCT in facts["frozen"]:
            self._say(
                "The firmware has the camera's programs and pages in it: nothing is copied. "
                "Others come by an update (tools/ota.py)."
            )
        hiding = sorted({part.split("/")[2] for part in files if part.count("/") > 2})
        hiding = [name for name in hiding if name in facts["root"]]
        if hiding:
            raise BoardError(
                f"/{hiding[0]} on the board would hide /lib/{hiding[0]}: remove it, e.g. "
                f"mpremote connect PORT fs rm -r :/{hiding[0]}"
            )
        self._remove_copies()
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
            self._refuse(self._differing(files))
        self._board.do("own_copy()")
        if self.changing:
            self._end(files)
        unchanged = len(files) - len(copy)
        self._say(f"{len(copy)} copied, {len(remove)} removed, {unchanged} as they were: verified")
        return bool(copy or remove or again)

    def _remove_copies(self):
        """What came by updates of the application gives its place to what is deployed now."""
        for path in self._board.do("drop_copies()", timeout=60).split():
            self._say(f"  removed {path}, a copy that came by an update")

    def _recorded(self):
        data = self._board.get(RECORD)
        if self._board.ask(f"size({UNDER_WAY!r})") >= 0:
            self._say("An earlier deployment was interrupted; this one completes it.")
        try:
            return json.loads(data or b"{}")["files"]
        except (ValueError, KeyError):
            return {}

    def _present(self, paths):
        """{path: size} of all files that are there in our folders."""
        listed = self._board.do(f"tree({tuple(folders_of(paths))!r})")
        present = {}
        for line in listed.splitlines():
            size, _, path = line.partition(" ")
            present[path] = int(size) if size.isdigit() else -1
        for path in paths:
            if path.count("/") == 1:  # beside our folders
                size = self._board.ask(f"size({path!r})")
                if size >= 0:
                    present[path] = size
        return present

    def _check_room(self, files, copy, present):
        free = self._board.ask("free()")
        new = sum(blocks_of(len(files[path])) for path in copy)
        old = sum(blocks_of(size) for path, size in present.items() if path in copy)
        gone = sum(blocks_of(size) for path, size in present.items() if path not in files)
        spare = max((blocks_of(len(files[path])) for path in copy), default=0)
        if new + spare > free + old + gone:
            raise BoardError(
                f"the board's file system is too full: {new + spare} bytes are needed, "
                f"{free + old + gone} are free"
            )

    def _begin(self):
        if not self.changing:
            self._board.put(UNDER_WAY, b"")
            self.changing = True

    def _end(self, files):
        record = {"files": {path: mark_of(data) for path, data in sorted(files.items())}}
        self._board.put(RECORD, json.dumps(record).encode())
        self._board.do(f"drop({UNDER_WAY!r})")
        self.changing = False

    def _remove(self, paths):
        for path in paths:
            self._say(f"  remove {path}")
            self._board.do(f"drop({path!r})")

    def _copy(self, files, paths):
        total = sum(len(files[path]) for path in paths) or 1
        done = 0
        for path in paths:
            self._board.put(path, files[path])
            done += len(files[path])
            self._say(f"  {100 * done // total:3} %  {path}")

    def _differing(self, files):
        """Paths whose SHA-256, computed by the board, is not what it shall be."""
        paths, differing = sorted(files), []
        for at in range(0, len(paths), _BATCH):
            batch = paths[at : at + _BATCH]
            found = self._board.ask(f"[digest(path) for path in {batch!r}]", timeout=60)
            differing += [p for p, sha in zip(batch, found) if sha != digest_of(files[p])]
        return differing

    def _refuse(self, paths):
        if paths:
            raise BoardError(f"written twice and still not the same: {', '.join(paths)}")


def describe(facts):
    version = ".".join(map(str, facts["version"]))
    camera = "with" if facts["camera"] else "WITHOUT"
    return f"{facts['machine']}, MicroPython {version}, {camera} a camera driver"


def restart(board, greeting, say=print):
    """Restart the board and wait until the camera says what it is."""
    board.reset()
    wanted = greeting.encode()
    found, heard = board.wait_for(re.escape(wanted) + b"|" + _FAILED, _START_S)
    if found and found[0] == wanted:
        say(f"{greeting} runs")
        return
    if "waiting for download" in heard:
        raise BoardError("IO0 is at GND: take that wire away and press the board's reset button")
    raise BoardError(f"the camera did not start; the board says:\n{heard[-1500:].strip()}")


def greeting():
    """The line by which the camera says that it has started."""
    product = {}
    exec((ROOT / "config" / "product.py").read_text(), product)
    return f"{product['NAME']} {product['VERSION']}"


def parse(argv=None):
    parser = argparse.ArgumentParser(prog="deploy.py", description=__doc__.splitlines()[0])
    parser.add_argument("port", help=PORT_HELP)
    parser.add_argument("--py", action="store_true", help="sources instead of bytecode")
    parser.add_argument("--no-restart", action="store_true", help="leave the board at its prompt")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    deployment = None
    try:
        with Board(args.port) as board:
            print(f"Interrupting what runs at {args.port}", flush=True)
            board.interrupt()
            deployment = Deployment(board, lambda text: print(text, flush=True))
            deployment.run(args.py)
            if not args.no_restart:
                restart(board, greeting())
        return 0
    except BoardError as exc:
        print(f"deploy: {exc}", file=sys.stderr)
        return _how_to_go_on(deployment, args.port, 1)
    except KeyboardInterrupt:
        print("\ndeploy: interrupted", file=sys.stderr)
        return _how_to_go_on(deployment, args.port, 130)


def _how_to_go_on(deployment, port, status):
    if deployment and deployment.changing:
        print(
            "deploy: the board holds old files and new ones now, and its camera has stopped. "
            f"To complete it: make deploy PORT={port}",
            file=sys.stderr,
        )
    elif deployment:
        print("deploy: the camera has stopped; nothing is half-done.", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
