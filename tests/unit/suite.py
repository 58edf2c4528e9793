"""Test runner that the last line of each unit test file calls."""

import sys
import unittest


def main():
    """Run the program's tests; exit with status 0 if all of them pass, otherwise with 1."""
    try:
        unittest.main()
    except SystemExit as e:  # MicroPython 1.29 prints a status that is a bool, and exits with 1
        sys.exit(int(e.args[0]))
