"""Stands in for MicroPython's `micropython` where CPython imports pure modules of lib."""


def const(value):
    """Return the value: on the board the compiler folds it."""
    return value


def native(function):
    """Return the function: on the board it becomes machine code."""
    return function


viper = native
