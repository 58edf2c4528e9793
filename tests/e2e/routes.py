"""Routes of the web application, read from its sources: they are calls such as `app.get("/x")`."""

import re

from sim import ROOT

_ROUTE = re.compile(r"\bapp\.(get|post)\(\"([^\"]+)\"\)")


def routes():
    """Return {(path, method), ...}; HEAD goes with GET."""
    found = set()
    for path in (ROOT / "lib" / "app" / "http").rglob("*.py"):
        found |= {(route, method.upper()) for method, route in _ROUTE.findall(path.read_text())}
    assert len(found) > 20
    return found


def paths():
    return sorted({path for path, _ in routes()})
