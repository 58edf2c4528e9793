"""Recipes of config/recipes, with the address of a simulated camera."""

import contextlib
import os
import signal
import subprocess

from sim import ROOT

FOLDER = ROOT / "config" / "recipes"
HOST = "porch.local"


def recipe(name, camera):
    """Return a recipe's text in which the camera's host is that of `camera`."""
    text = (FOLDER / name).read_text()
    assert HOST in text, name
    address = camera.url.removeprefix("http://")
    return text.replace(HOST + ":80", address).replace(HOST, address)


def written(name, camera, folder):
    """Write a recipe for `camera` into a folder and return its path."""
    path = folder / name
    path.write_text(recipe(name, camera))
    return path


@contextlib.contextmanager
def running(*line, folder, **options):
    """Run a program in a folder; end it and its children as Ctrl-C does, then by force.

    Yields the process; its output is in the folder's file `output`.
    """
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen(
            line, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True, **options,
        )  # fmt: skip
    try:
        yield process
    finally:
        for number in (signal.SIGINT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
