"""Replacements for built-in modules, which the interpreter does not look for on its path."""

import os
import sys

import micropython
import world

_ESCAPE = b"\x10"  # see tools/sim/terminal.py


class _Module:
    """Object with some attributes of its own, and all others of a built-in module."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        return getattr(self._module, name)


class OS(_Module):
    def statvfs(self, path):
        """Return the figures of the file system; too many folders make the free blocks negative.

        littlefs counts them modulo 2**32, and the chip's small integers keep the sign.
        """
        figures = self._module.statvfs(path)
        return tuple([each - (1 << 32) if each >> 31 else each for each in figures])


class MicroPython(_Module):
    def kbd_intr(self, char):
        """Set the byte on the UART that raises KeyboardInterrupt; -1: none."""
        world.call("uart.interrupt", char)


class Sys(_Module):
    def __init__(self, module):
        super().__init__(module)
        self.stdout = Stdout(module.stdout)


class Stdout(_Module):
    def __init__(self, stdout):
        super().__init__(stdout)
        self.buffer = Binary(stdout.buffer)


class Binary(_Module):
    """`sys.stdout.buffer`: its line feeds stay alone, those of `print` get a carriage return."""

    def write(self, data):
        escaped = bytes(data).replace(_ESCAPE, 2 * _ESCAPE).replace(b"\n", _ESCAPE + b"\n")
        self._module.write(escaped)
        return len(data)


def install():
    """Have all later imports find the replacements."""
    sys.modules["os"] = OS(os)
    sys.modules["micropython"] = MicroPython(micropython)
    if os.getenv("SIM_TERMINAL"):
        sys.modules["sys"] = Sys(sys)
