"""The table of pages: what is asked for, and the module and function that answer it."""

ROUTES = (  # path, methods, module, function; * for the path: "/" while it is the setup
    ("/", "GET", "assets", "camera"),
    ("*", "GET", "setup", "page"),
    ("*", "POST", "setupsave", "save"),
    ("/camera", "GET", "assets", "camera"),
    ("/setup", "GET", "setup", "page"),
    ("/setup", "POST", "setupsave", "save"),
    ("/login", "GET", "login", "page"),
    ("/login", "POST", "login", "enter"),
    ("/logout", "POST", "login", "leave"),
    ("/style.css", "GET", "assets", "style"),
    ("/app.js", "GET", "assets", "script"),
    ("/icon.svg", "GET", "assets", "icon"),
    ("/api/status", "GET", "apistatus", "read"),
    ("/api/settings", "GET", "apisettings", "read"),
    ("/api/settings", "POST", "apisettings", "write"),
    ("/api/camera", "GET", "apicamera", "read"),
    ("/api/camera", "POST", "apicamera", "write"),
    ("/api/command", "POST", "apicommand", "run"),
    ("/api/log", "GET", "apistatus", "log"),
    ("/api/networks", "GET", "networks", "read"),
    ("/update", "POST", "uploads", "take"),
)


def find(method, path, setup_first):
    """(row or None, the methods that the path has as a header's text)."""
    if path == "/" and setup_first:
        path = "*"
    wanted = "GET" if method == "HEAD" else method
    rows = [row for row in ROUTES if row[0] == path]
    for row in rows:
        if row[1] == wanted:
            return row, ""
    allowed = ", ".join(row[1] for row in rows)
    return None, allowed.replace("GET", "GET, HEAD")
