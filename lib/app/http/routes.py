"""The table of pages: what is asked for, and the module and function that answer it."""

# path, method, module, function; * for the path: "/" while it is the setup
ROUTES = """
/ GET static camera
* GET pages.setup page
* POST pages.setupform read
/camera GET static camera
/setup GET pages.setup page
/setup POST pages.setupform read
/login GET pages.login page
/login POST pages.login enter
/logout POST pages.login leave
/style.css GET static style
/app.js GET static script
/icon.svg GET static icon
/api/status GET pages.apistatus read
/api/settings GET pages.api read
/api/settings POST pages.api write
/api/camera GET pages.apicamera read
/api/camera POST pages.apicamera write
/api/command POST pages.apicommand run
/api/log GET pages.apistatus log
/api/networks GET pages.networks read
/update POST pages.uploads take
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
