"""Deploy the application to a board that runs MicroPython; see `--help`.

    make deploy PORT=/dev/ttyUSB0

Refuses a board on which the application cannot run (platforms.py). Compiles the modules that the
board's firmware does not contain, copies the files that the board does not have, by their SHA-256,
removes files that are no longer needed, verifies what it copied, restarts the board and waits for
the camera's greeting. After an interruption, the next deployment copies only what is missing.
"""

import argparse
import json
import re
import sys

from boardlink import PORT_HELP, Board, BoardError, LinkError
from deployplan import (
    LAST,
    check_room,
    check_size,
    compiled,
    digest,
    folders_of,
    paths_outside,
    plan,
    readable,
    without_frozen,
)
from firmware import product
from platforms import describe, unsuitable

RECORD = "/deployed.json"  # paths of the deployed files; `complete` is false during a deployment
_START_S = 45
_BATCH = 8
_FAILED = rb"Traceback \(most recent call last\):\r?\n( .*\r?\n)+\S.*\r?\n|waiting for download"


class Deployment:
    """One deployment, to a board that waits at its prompt."""

    def __init__(self, board, say=print):
        self._board = board
        self._say = say
        self.changing = False  # true while the board may hold a mix of old and new files
        self.done = False

    def run(self, source=None):
        """Bring the board up to date; return true if anything has changed.

        source: name of the module or package to copy as source, "" for all; default: none.
        """
        facts = self._board.facts()
        self._say(describe(facts))
        reason = unsuitable(facts)
        if reason:
            raise BoardError(reason)
        files = self._files(facts, source)
        updates = self._board.evaluate("updates()") if files else {}
        recorded, complete = self._recorded(facts["root"])
        present = self._present(files, recorded)
        intact = self._intact(files, present)
        if not complete:
            percent = _percent(files, intact)
            self._say(f"A deployment was interrupted; this one continues at {percent} %.")
        copy, remove = plan(files, present, intact)
        check_room(files, copy, {**present, **updates}, facts)
        self._remove_updates(updates)
        if copy or remove or set(recorded) != set(files) or not complete:
            self._record({*recorded, *files}, complete=False)
        self._remove(remove)
        self._copy(files, copy)
        self._verify(files, copy)
        if files:
            self._board.do("select_deployed()")
        if self.changing:
            self._record(files, complete=True)
        self.done = True
        self._say(
            f"{len(copy)} copied, {len(remove)} removed, {len(intact)} unchanged, all verified"
        )
        return bool(copy or remove)

    def _files(self, facts, source):
        """Return {path: bytes} of the files that the board should hold; BoardError."""
        if facts["application"]:
            there, here = facts["application"], product()["VERSION"]
            self._say(f"The firmware contains the application, version {there}.")
            if there != here:
                self._say(f"To install version {here}, send an update (tools/ota.py).")
            return {}
        files = compiled(facts) if source is None else readable(facts, source)
        files = without_frozen(files, facts["frozen"])
        hiding = sorted({part.split("/")[2] for part in files if part.count("/") > 2})
        hiding = [name for name in hiding if name in facts["root"]]
        if hiding:
            raise BoardError(
                f"/{hiding[0]} on the board would hide /lib/{hiding[0]}. Remove it, for example "
                f"with: mpremote connect PORT fs rm -r :/{hiding[0]}"
            )
        or_else = "copy the source of one module only (--py MODULE)" if source == "" else ""
        check_size(files, facts, or_else)
        return files

    def _remove_updates(self, paths):
        """Remove application updates, so that the deployed application runs."""
        for path in paths:
            self._say(f"  remove {path}, an application update")
            self.changing = True
            self._board.do(f"remove_tree({path!r})")

    def _recorded(self, root):
        """Return the paths of the last deployment, and true if it was complete."""
        data = self._board.get(RECORD) if RECORD[1:] in root else None
        try:
            record = json.loads(data or b'{"files": [], "complete": true}')
            return list(record["files"]), bool(record.get("complete", True))
        except (ValueError, KeyError, TypeError, AttributeError):  # damaged
            return [], False

    def _present(self, files, recorded):
        """Return {path: size} of our files on the board, and of what an interruption left."""
        paths = {*files, *recorded}
        single = sorted(paths_outside(paths) | {path + ".new" for path in LAST})
        sizes = self._board.evaluate(f"[size(path) for path in {single!r}]")
        present = {path: size for path, size in zip(single, sizes) if size >= 0}
        for line in self._board.do(f"tree({tuple(folders_of(paths))!r})").splitlines():
            size, _, path = line.partition(" ")
            present[path] = int(size) if size.isdigit() else -1
        return present

    def _intact(self, files, present):
        """Return the paths of the files that the board holds already."""
        same = {path: data for path, data in files.items() if present.get(path) == len(data)}
        return set(same) - set(self._differing(same))

    def _record(self, paths, complete):
        self.changing = True
        record = {"files": sorted(paths), "complete": complete}
        self._board.put(RECORD, json.dumps(record).encode())
        self.changing = not complete

    def _remove(self, paths):
        for path in paths:
            self._say(f"  remove {path}")
            self._board.do(f"remove({path!r})")

    def _copy(self, files, paths):
        done = set(files) - set(paths)
        for path in paths:
            try:
                self._board.put(path, files[path])
            except LinkError as exc:  # noise on the line, or a board that was busy for too long
                self._say(f"  again, because {exc}")
                self._board.resume()
                self._board.put(path, files[path])
            done.add(path)
            self._say(f"  {_percent(files, done):3} %  {path}")

    def _verify(self, files, copied):
        """Copy what has arrived damaged once more; BoardError if that does not help."""
        wanted = {path: files[path] for path in copied}
        damaged = self._differing(wanted)
        self._copy(files, damaged)
        damaged = self._differing({path: files[path] for path in damaged})
        if damaged:
            raise BoardError(
                f"written twice, but the board still reads other data: {', '.join(damaged)}"
            )

    def _differing(self, files):
        """Return the paths whose SHA-256, computed by the board, is wrong."""
        paths, differing = sorted(files), []
        for at in range(0, len(paths), _BATCH):
            batch = paths[at : at + _BATCH]
            found = self._board.evaluate(f"[digest(path) for path in {batch!r}]")
            differing += [p for p, sha in zip(batch, found) if sha != digest(files[p])]
        return differing


def _percent(files, done):
    """Return the part of the files' bytes that the board holds."""
    total = sum(map(len, files.values())) or 1
    return 100 * sum(len(files[path]) for path in done) // total


def restart(board, say=print):
    """Restart the board and wait for the camera's greeting, its name and version."""
    board.reset()
    name = product()["NAME"].encode()
    found, output = board.wait_for(re.escape(name) + rb" \d\S*(?=\s)|" + _FAILED, _START_S)
    if found and found[0].startswith(name):
        say(f"{found[0].decode()} runs")
        return
    if "waiting for download" in output:
        raise BoardError("IO0 is at GND: remove that wire and press the board's reset button")
    raise BoardError(f"the camera did not start; the board prints:\n{output[-1500:].strip()}")


def parse(argv=None):
    parser = argparse.ArgumentParser(prog="deploy.py", description=__doc__.splitlines()[0])
    parser.add_argument("port", help=PORT_HELP)
    parser.add_argument(
        "--py",
        metavar="MODULE",
        nargs="?",
        const="",
        help="deploy the source of a module or package such as app.camera; without a name, of all",
    )
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
                restart(board)
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
            f"To continue where it broke off: make deploy PORT={port}",
            file=sys.stderr,
        )
    elif deployment and not deployment.done:
        print(
            "deploy: the application is as before; a reset starts the board again.",
            file=sys.stderr,
        )
    return status


if __name__ == "__main__":
    sys.exit(main())
