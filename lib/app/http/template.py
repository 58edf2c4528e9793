"""Pages with blanks: files of lib/www whose {{blanks}} are filled in while they are sent."""

from microdot import Response

from app.http.static import open_page


def page(name, fill, status=200, headers=None):
    """Return the response with the page `name`.

    `fill(blank)` returns text to be escaped, an iterable of HTML, or a false value. A line that
    begins with {{?blank}} is sent unless that blank is false.
    """
    response = Response(_filled(name, fill), status, headers)
    response.headers["Content-Type"] = "text/html; charset=UTF-8"
    return response


def escape(text):
    """Return text escaped for HTML, also for attribute values in quotes."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return text.replace("'", "&#39;")


def _filled(name, fill):
    """Yield the parts of a page."""
    file = open_page(name)
    try:
        line = file.readline()
        while line:
            if line.startswith(b"{{?"):
                end = line.find(b"}}")
                line = line[end + 2 :] if fill(line[3:end].decode()) else b""
            yield from _filled_line(line, fill)
            line = file.readline()
    finally:
        file.close()


def _filled_line(line, fill):
    at = line.find(b"{{")
    while at >= 0:
        end = line.find(b"}}", at)
        yield line[:at]
        value = fill(line[at + 2 : end].decode())
        if isinstance(value, str):
            yield escape(value)
        elif value:
            yield from value
        line = line[end + 2 :]
        at = line.find(b"{{")
    yield line
