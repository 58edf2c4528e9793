"""Replaces `_thread`, which no file can do by its name: a stack takes memory of the IDF."""

import _thread
import sys
from _thread import *  # noqa: F403

import idf


def start_new_thread(function, args, kwargs=None):
    idf.take("thread")
    try:
        return _thread.start_new_thread(_run, (function, args, kwargs or {}))
    except OSError:
        idf.give("thread")
        raise


def _run(function, args, kwargs):
    try:
        function(*args, **kwargs)
    finally:
        idf.give("thread")


sys.modules["_thread"] = sys.modules[__name__]
