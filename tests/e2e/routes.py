"""Routes of the web application, parsed from calls such as `app.get("/x")` in its sources."""

import re

from sim import ROOT

_ROUTE = re.compile(r"\b(?:app|self)\.(get|post)\(\"([^\"]+)\"\)")


def routes():
    """Return {(path, method), ...}; GET includes HEAD."""
    found = set()
    for path in (ROOT / "lib" / "app" / "http").rglob("*.py"):
        found |= {(route, method.upper()) for method, route in _ROUTE.findall(path.read_text())}
    assert len(found) > 20
    return found


def paths():
    return sorted({path for path, _ in routes()})
