"""Replacement for MicroPython's `micropython`, so that CPython can import pure modules of lib."""

import builtins

# types of viper, which only annotations name
builtins.ptr8 = builtins.ptr16 = builtins.ptr32 = bytes


def const(value):
    """Return the value, which MicroPython's compiler would fold."""
    return value


def native(function):
    """Return the function, which MicroPython would compile to machine code."""
    return function


def viper(function):
    """Return the function; as in viper, its memoryviews have unsigned bytes."""

    def call(*args):
        return function(*(a.cast("B") if isinstance(a, memoryview) else a for a in args))

    return call


def kbd_intr(char):
    """Do nothing; on the board, sets the byte on the UART that raises KeyboardInterrupt."""
