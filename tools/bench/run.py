"""Measure the firmware on this PC; `make bench` starts it.

    .venv/bin/python tools/bench/run.py [row ...] [--quick] [--output FILE]

Prints a table and writes build/bench.json; exits with 1 if a figure misses its limit. The rows are
publish, allocation, jpeg, motion, http, cpu, reply, stalls, heap, update and hubs; the default is
all of them. Those about memory or machine code (allocation, jpeg, motion, heap, hubs) run on a
32-bit interpreter, because the chip has 32-bit words.
"""

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tools"), str(ROOT / "tests" / "e2e")]  # interpreter, compile; mosquitto

# ruff: noqa: E402
import interpreter32
from computing import cpu, reply
from decoding import motion
from integrating import hubs
from program import Failed, prepare
from publishing import allocation, jpeg, throughput
from rows import HEAD, save
from serving import http
from smallest import heap
from stalling import stalls
from updating import update

ALL = {
    "publish": throughput,
    "allocation": allocation,
    "jpeg": jpeg,
    "motion": motion,
    "http": http,
    "cpu": cpu,
    "reply": reply,
    "stalls": stalls,
    "heap": heap,
    "update": update,
    "hubs": hubs,
}
CHIP = ("allocation", "jpeg", "motion", "heap", "hubs")


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(ALL))
    parser.add_argument(
        "--quick", action="store_true", help="fewer and shorter rounds, less precise"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json")
    options = parser.parse_args()
    unknown = set(options.rows) - set(ALL)
    if unknown:
        parser.error(f"unknown row: {', '.join(sorted(unknown))}; choose from {', '.join(ALL)}")
    return options


@contextlib.contextmanager
def _use_32_bits():
    """Use a 32-bit interpreter within the block; raise Unavailable if there is none."""
    before = dict(os.environ)
    os.environ["MICROPYTHON"] = str(interpreter32.fetch())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _measured(name, quick):
    """Yield the rows of one name."""
    with _use_32_bits() if name in CHIP else contextlib.nullcontext():
        prepare()
        yield from ALL[name](quick)


def main():
    """Measure the chosen rows; return the exit status."""
    options = _options()
    started, rows, failed = time.monotonic(), [], False
    print(HEAD)
    for name in options.rows or ALL:
        try:
            for row in _measured(name, options.quick):
                rows.append(row)
                print(row.as_text(), flush=True)
        except interpreter32.Unavailable as error:
            print(f"{name}: not measured: {error}", file=sys.stderr)
        except Failed as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
    save(rows, options.output)
    missed = [row.name for row in rows if not row.ok]
    print(f"{len(rows)} rows in {time.monotonic() - started:.0f} s, {len(missed)} missed")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
