"""Measures what the firmware does on this PC; `make bench` starts it.

    .venv/bin/python tools/bench/run.py [row ...] [--quick] [--32] [--output FILE]

Prints a table and writes build/bench.json; exits with 1 when a figure is not reached. Rows:
publish, allocation, http, pages, stalls, heap, update; without any, all of them, or with `--32`
those of memory.
"""

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tools"), str(ROOT / "tests" / "e2e")]  # interpreter, compile; mosquitto

# ruff: noqa: E402
import interpreter32
from paging import pages
from program import Failed, prepare
from publishing import allocation, throughput
from rows import HEAD, save
from serving import http
from smallest import heap
from stalling import stalls
from updating import update

ALL = {
    "publish": throughput,
    "allocation": allocation,
    "http": http,
    "pages": pages,
    "stalls": stalls,
    "heap": heap,
    "update": update,
}

OF_MEMORY = ("allocation", "pages", "heap", "update")


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(ALL))
    parser.add_argument("--quick", action="store_true", help="short and rough")
    parser.add_argument(
        "--32", dest="bits32", action="store_true", help="32 bits, as the chip has"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json")
    options = parser.parse_args()
    unknown = set(options.rows) - set(ALL)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    return options


def _bits32():
    try:
        return str(interpreter32.bring())
    except interpreter32.NotHere as error:
        sys.exit(f"bench: {error}")


def main():
    """Measure what was asked for; return the exit status."""
    options = _options()
    if options.bits32:
        os.environ["MICROPYTHON"] = _bits32()
    prepare()
    started, rows, failed = time.monotonic(), [], False
    print(HEAD)
    for name in options.rows or (OF_MEMORY if options.bits32 else ALL):
        try:
            for row in ALL[name](options.quick):
                rows.append(row)
                print(row.as_text(), flush=True)
        except Failed as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
    save(rows, options.output)
    missed = [row.name for row in rows if not row.ok]
    print(f"{len(rows)} rows in {time.monotonic() - started:.0f} s, {len(missed)} not reached")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
