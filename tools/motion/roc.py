"""How well motion is detected: rates of detections and false alarms for levels of `motionlevel`.

    .venv/bin/python tools/motion/roc.py [--sequences 1000] [--levels 10,30,50,70,90] [--area 3]

Draws sequences of pictures (`sequences.py`), runs the firmware's decoder and detector on them in
MicroPython (`board.py`), and prints the table of config/README.md. `make motion` starts it.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tools"), str(ROOT / "tools" / "sim")]

# ruff: noqa: E402
from interpreter import HOW_TO_GET_ONE, find
from mirror import mirror_for
from progress import CountBar
from sequences import QUIET, SIZES, STILL, Film, planned

LEVELS = (10, 30, 50, 70, 90)
AREA = 3  # the default of `motionarea`
_CHUNK = 10  # sequences that a process draws at a time


def seen_in(seed, numbers, levels, area=AREA):
    """Return, for each sequence and level, the numbers of the pictures with motion."""
    root = mirror_for(find()) / "root"
    film, data = Film(seed), [struct.pack("<I", len(numbers))]
    for number in numbers:
        for jpeg in film.pictures(planned(seed, number)):
            data += struct.pack("<I", len(jpeg)), jpeg
        data.append(bytes(4))
    path = f"{root}:.frozen:{root / 'lib'}"
    done = subprocess.run(
        [find(), str(Path(__file__).with_name("board.py")), *[f"{n}/{area}" for n in levels]],
        input=b"".join(data),
        stdout=subprocess.PIPE,
        env={**os.environ, "MICROPYPATH": path},
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


class Rates:
    """Counts sequences by level and kind, and those of them with motion where it counts."""

    def __init__(self, seed, levels):
        self._seed = seed
        self._levels = levels
        self._all, self._alarms = Counter(), Counter()

    def add(self, number, seen):
        """Count a sequence; before the person comes, motion is a false alarm."""
        sequence = planned(self._seed, number)
        for level, pictures in zip(self._levels, seen):
            early = any(picture < QUIET for picture in pictures)
            late = any(picture >= QUIET for picture in pictures)
            if sequence.moves:
                self._count(level, sequence.kind, late)
                self._count(level, "early", early)
            else:
                self._count(level, sequence.kind, early or late)
                self._count(level, "false", early or late)

    def _count(self, level, kind, alarm):
        self._all[level, kind] += 1
        self._alarms[level, kind] += alarm

    def of(self, level, kind):
        """Return the part of the sequences of a kind with an alarm: "false" is all of STILL."""
        return self._alarms[level, kind] / max(1, self._all[level, kind])

    def table(self):
        """Yield the lines of the table, in Markdown."""
        heads = [*SIZES, *STILL]
        yield "| `motionlevel` | " + " | ".join(heads) + " | all without a person |"
        yield "| --- |" + " ---: |" * (len(heads) + 1)
        for level in self._levels:
            rates = [f"{100 * self.of(level, kind):.0f} %" for kind in (*heads, "false")]
            yield f"| {level} | " + " | ".join(rates) + " |"


def measure(seed, count, levels, area=AREA, show=lambda done: None):
    """Return the Rates of `count` sequences."""
    mirror_for(find())  # once, before the processes need it
    chunks = [range(n, min(n + _CHUNK, count)) for n in range(0, count, _CHUNK)]
    rates = Rates(seed, levels)
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(seen_in, seed, chunk, levels, area) for chunk in chunks]
        for chunk, job in zip(chunks, jobs):
            for number, seen in zip(chunk, job.result()):
                rates.add(number, seen)
            show(chunk[-1] + 1)
    return rates


def _levels(text):
    levels = [int(each) if each.isdecimal() else 0 for each in text.split(",")]
    if not all(1 <= level <= 100 for level in levels):
        raise argparse.ArgumentTypeError("numbers from 1 to 100, with commas between them")
    return levels


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=1_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--area", type=int, default=AREA, choices=range(1, 193), metavar="N")
    parser.add_argument("--levels", type=_levels, default=LEVELS, metavar="N,...")
    options = parser.parse_args()
    find() or sys.exit("motion: " + HOW_TO_GET_ONE)
    with CountBar("sequences", options.sequences) as bar:
        rates = measure(options.seed, options.sequences, options.levels, options.area, bar.show)
    print(f"{options.sequences:,} sequences, seed {options.seed}, area {options.area}\n")
    print("\n".join(rates.table()))


if __name__ == "__main__":
    main()
