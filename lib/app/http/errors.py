"""Responses to requests that fail: a page for people, JSON for scripts, a line for others."""

from microdot import Response, redirect

from app.http.template import page
from proto.http import REASONS

_TEXTS = {  # status: what has happened, unless the caller knows it; what to do
    400: ("The camera does not understand this request.", "Go back and correct it."),
    401: ("The camera needs its password.", "Log in, or send it by HTTP Basic."),
    403: (
        "Another site has sent this request; only the camera's own pages may change things.",
        "Open the camera's page and do it there.",
    ),
    404: ("There is no such page.", "The camera's page is at /, its set-up at /setup."),
    405: ("This address does not allow this method.", "The Allow header lists the methods."),
    413: ("The request is too large.", "Send less at once."),
    421: (
        "The camera is not known by the name in this address.",
        "Open it by its IP address or its host name, or add this name to the setting hosts.",
    ),
    429: ("There were too many wrong passwords.", "Wait, then try again."),
    500: (
        "The camera has failed to do this; its log says why.",
        "Try again. If it happens every time, restart the camera.",
    ),
    503: ("The camera is short of memory at the moment.", "Try again in a moment."),
}


class Errors:
    """Makes the response for an error in the form that the client can use."""

    def __init__(self, access):
        self._access = access

    def response(self, request, status, what="", advice="", headers=None):
        """Return the response; `what` happened and `advice` have defaults for each status."""
        if status == 401 and request.method in ("GET", "HEAD") and request.wants_page():
            return redirect("/login?next=" + request.path, 303)
        headers = dict(headers or {})
        headers.update(self._own_headers(request, status))
        if status == 503 and not advice:  # with other advice, a retry does not help
            headers["Retry-After"] = "5"
        what, advice = what or _TEXTS[status][0], advice or _TEXTS[status][1]
        title = "{} {}".format(status, REASONS[status])
        if request.wants_page():
            texts = {"title": title, "what": what, "advice": advice}
            return page("message.html", texts.get, status, headers)
        if request.wants_json():
            return Response({"error": what, "advice": advice}, status, headers)
        return Response("{}: {} {}\n".format(title, what, advice), status, headers)

    def _own_headers(self, request, status):
        if status == 401 and not request.headers.get("X-Requested-With"):  # else a page's script
            return {"WWW-Authenticate": 'Basic realm="camera", charset="UTF-8"'}
        if status == 429:
            return {"Retry-After": str(max(1, self._access.wait_s(request.address)))}
        return {}
