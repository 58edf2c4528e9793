"""Replacement for MicroPython's `micropython`, so that CPython can import pure modules of lib."""


def const(value):
    """Return the value, which MicroPython's compiler would fold."""
    return value


def native(function):
    """Return the function, which MicroPython would compile to machine code."""
    return function


viper = native


def kbd_intr(char):
    """Do nothing; on the board, sets the byte on the UART that raises KeyboardInterrupt."""
