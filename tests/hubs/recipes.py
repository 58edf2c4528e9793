"""Recipes of config/recipes, with the address of a simulated camera."""

from sim import ROOT

FOLDER = ROOT / "config" / "recipes"
HOST = "porch.local"


def recipe(name, camera):
    """Return a recipe's text in which the camera's host is that of `camera`."""
    text = (FOLDER / name).read_text()
    assert HOST in text, name
    address = camera.url.removeprefix("http://")
    return text.replace(HOST + ":80", address).replace(HOST, address)
