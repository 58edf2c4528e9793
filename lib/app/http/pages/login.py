"""The login page: the admin password for a session, and out again."""

from aio.late import borrow

_COOKIE = "Set-Cookie: session={}; Path=/; HttpOnly; SameSite=Strict{}\r\n"


async def page(exchange, status=200, message="", wanted=None):
    """The form; without a password there is nothing to log in for."""
    if exchange.site.access.open:
        await exchange.redirect("/")
        return
    if wanted is None:
        wanted = exchange.request.args.get("next", "/")
    words = {"next": _local(wanted), "message": message}
    retry = ""
    if status == 429:
        retry = "Retry-After: {}\r\n".format(_wait_s(exchange))
    await exchange.start(status, headers=retry)
    await exchange.site.part("template").send(exchange, "login.html", words.get)


async def enter(exchange):
    """Open a session for who knows the password."""
    access = exchange.site.access
    fields = await borrow("app.http.pages.formbody").fields(exchange, ("password", "next"))
    wanted = _local(fields.get("next", "/"))
    if access.open:
        await exchange.redirect(wanted)
        return
    wait_s = _wait_s(exchange)
    if wait_s:
        text = "Too many wrong passwords: wait {} seconds, then try again.".format(wait_s)
        await page(exchange, 429, text, wanted)
        return
    guard = access.guard()
    if await guard.is_password(access, fields.get("password", ""), exchange.address):
        await exchange.redirect(wanted, headers=_COOKIE.format(guard.enter(access), ""))
    else:
        exchange.site.log.info("web", "a wrong password")
        await page(exchange, 401, "That is not the password. Try again.", wanted)


async def leave(exchange):
    """End the session."""
    access = exchange.site.access
    access.guard().leave(access, exchange.request.cookies.get("session", ""))
    await exchange.redirect("/login", headers=_COOKIE.format("", "; Max-Age=0"))


def _wait_s(exchange):
    access = exchange.site.access
    return access.guard().wait_s(access, exchange.address)


def _local(path):
    """An address of ours: nobody is led to another site, nor a header split."""
    plain = all("!" <= char <= "~" and char not in '\\"<>' for char in path)
    return path if plain and path[:1] == "/" and path[1:2] != "/" else "/"
