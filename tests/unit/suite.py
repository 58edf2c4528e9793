"""Runs the tests of the program that calls it: the last line of each file of unit tests."""

import sys
import unittest


def main():
    """End the program with status 0 if all its tests pass, with 1 if not."""
    try:
        unittest.main()
    except SystemExit as e:  # of a bool, which MicroPython 1.29 prints, and ends with 1
        sys.exit(int(e.args[0]))
