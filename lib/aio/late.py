"""Modules for seldom work: imported when they are wanted, and not kept."""

import sys


def borrow(name):
    """The module `package.name`; when the caller drops it, the collector takes it back.

    What it defines must not outlive the work: an instance that stays keeps its class. Costs a
    read of the flash each time; of a firmware that has the module frozen, nothing.
    """
    __import__(name)
    module = sys.modules.pop(name)
    package, _, own = name.rpartition(".")
    delattr(sys.modules[package], own)
    return module
