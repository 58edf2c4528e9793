"""The table of pages: what is asked for, and the module and function that answer it."""

# path, method, module, function; * for the path: "/" while it is the setup
ROUTES = """
/ GET assets camera
* GET setup page
* POST setupform read
/camera GET assets camera
/setup GET setup page
/setup POST setupform read
/login GET login page
/login POST login enter
/logout POST login leave
/style.css GET assets style
/app.js GET assets script
/icon.svg GET assets icon
/api/status GET apistatus read
/api/settings GET apisettings read
/api/settings POST apisettings write
/api/camera GET apicamera read
/api/camera POST apicamera write
/api/command POST apicommand run
/api/log GET apistatus log
/api/networks GET networks read
/update POST uploads take
"""  # one text: a tuple for each would take four times as much


def rows(path=None):
    """The rows in their order, of one path or all, each as its four words."""
    before = "\n" if path is None else "\n{} ".format(path)
    at = ROUTES.find(before)
    while 0 <= at < len(ROUTES) - 1:
        end = ROUTES.find("\n", at + 1)
        yield tuple(ROUTES[at + 1 : end].split(" "))
        at = ROUTES.find(before, end)


def find(method, path, setup_first):
    """((module, function) or None, the methods that the path has as a header's text)."""
    if path == "/" and setup_first:
        path = "*"
    wanted = "GET" if method == "HEAD" else method
    allowed = []
    for row in rows(path) if " " not in path else ():
        if row[1] == wanted:
            return row[2:], ""
        allowed.append(row[1])
    return None, ", ".join(allowed).replace("GET", "GET, HEAD")
