"""Login and logout: the admin password opens a session, which a cookie names."""

from microdot import redirect

from app.http.template import page

_COOKIE = "session={}; Path=/; HttpOnly; SameSite=Strict{}"  # microdot's has no SameSite


class LoginPages:
    """Routes of the login page."""

    def __init__(self, access, images, log):
        self._access = access
        self._images = images
        self._log = log

    def add_routes(self, app):
        app.get("/login")(self.form)
        app.post("/login")(self.log_in)
        app.post("/logout")(self.log_out)

    async def form(self, request):
        """Show the form; redirect to the camera's page while no password is set."""
        if self._access.open:
            return redirect("/", 303)
        return _form(request.args.get("next", "/"))

    async def log_in(self, request):
        """Open a session if the password is right."""
        target = _local(request.form.get("next", "/"))
        if self._access.open:
            return redirect(target, 303)
        wait_s = self._access.wait_s(request.address)
        if wait_s:
            text = "Too many wrong passwords: wait {} seconds, then try again."
            return _form(target, text.format(wait_s), 429, {"Retry-After": str(wait_s)})
        password = request.form.get("password", "")
        if not await self._access.is_password(password, request.address):
            self._log.info("web", "wrong password from " + request.address)
            return _form(target, "Wrong password. Try again.", 401)
        response = redirect(target, 303)
        response.headers["Set-Cookie"] = _COOKIE.format(self._access.log_in(), "")
        return response

    async def log_out(self, request):
        """End the session and its streams."""
        token = request.cookies.get("session", "")
        if token:
            self._access.log_out(token)
            self._images.drop_viewers(token)
        response = redirect("/login", 303)
        response.headers["Set-Cookie"] = _COOKIE.format("", "; Max-Age=0")
        return response


def _form(target, message="", status=200, headers=None):
    texts = {"next": _local(target), "message": message}
    return page("login.html", texts.get, status, headers)


def _local(path):
    """Return `path` if it is the camera's own, else "/": no other site, no split header."""
    plain = all("!" <= char <= "~" and char not in '\\"<>' for char in path)
    return path if plain and path[:1] == "/" and path[1:2] != "/" else "/"
