"""The captive portal, which leads clients of the access point to the set-up page."""

from microdot import Response, redirect

# Windows opens the page that this probe leads to, unless it is on the camera itself
_WINDOWS_PROBE = "/connecttest.txt"
_MISSING = ("/wpad.dat", "/favicon.ico")  # a client that gets a page for it keeps requesting it
_SUCCESS = ("/success.txt", "/chrome-variations/seed", "/service/update2/json")


class Portal:
    """Answers the requests by which phones and PCs look for a login page.

    The access point resolves every name to the camera, so that any path may be such a probe.
    """

    def __init__(self, wifi):
        self._wifi = wifi

    def answer(self, path):
        """Return the response to a path that has no page; None for a 404."""
        if not self._wifi.ap_open or path in _MISSING:
            return None
        if path in _SUCCESS:
            return Response("", headers={"Content-Type": "text/html; charset=UTF-8"})
        if path == _WINDOWS_PROBE:
            return redirect("http://logout.net/")
        return redirect("http://{}/".format(self._wifi.ap_address))
