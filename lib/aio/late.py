"""Modules for seldom work: imported when they are wanted, and not kept."""

import sys


def borrow(name):
    """The module `package.name`; when the caller drops it, the collector takes it back.

    So does what it alone has imported. Classes and functions of it that stay behind keep it
    alive. Costs a read of the flash each time; of a firmware that has it frozen, nothing.
    """
    there = sys.modules.get(name)
    if there:  # somebody keeps it
        return there
    before = [None] * len(sys.modules)  # no more memory than that, at no time
    for n, each in enumerate(sys.modules):
        before[n] = each
    try:
        __import__(name)
        return sys.modules[name]
    finally:  # also where it has failed in the middle
        for new in [each for each in sys.modules if each not in before]:
            _forget(new)


def lender(name):
    """What borrows a module when it is called: for those who may not know its name."""
    return lambda: borrow(name)


def once(name):
    """The same, but what it imports stays: for what puts others together and is done."""
    __import__(name)
    module = sys.modules[name]
    _forget(name)
    return module


def _forget(name):
    del sys.modules[name]
    package, _, own = name.rpartition(".")
    if hasattr(sys.modules.get(package), own):
        delattr(sys.modules[package], own)
