"""What a person or a program is told when a request cannot be done: what happened, what to do."""


async def tell(exchange, titled, status, what="", headers=""):
    """Answer with `status`, in the form that who asks can use; `titled` is proto.reasons'."""
    happened, advice = _told(exchange.site, status)
    what = what or happened
    if status == 401 and exchange.method in ("GET", "HEAD") and exchange.wants_page():
        await exchange.redirect("/login?next=" + exchange.path)
        return
    headers += _own_headers(exchange, status)
    if exchange.path.startswith("/api/"):
        import json

        await exchange.start(status, "application/json", headers)
        await exchange.write(json.dumps({"error": what, "advice": advice}))
    elif exchange.wants_page():
        words = {"title": titled(status), "what": what, "advice": advice}
        await exchange.start(status, headers=headers)
        await exchange.site.part("template").send(exchange, "message.html", words.get)
    else:
        await exchange.start(status, "text/plain; charset=UTF-8", headers)
        await exchange.write("{}: {} {}\n".format(titled(status), what, advice))


def _told(site, status):
    """What has happened, unless the caller knows better, and what to do: a line of advice.txt."""
    begin = "{}|".format(status).encode()
    file = site.part("static").opened("advice.txt")
    try:
        line = file.readline()
        while line and not line.startswith(begin):
            line = file.readline()
    finally:
        file.close()
    return line.decode().rstrip().split("|")[1:]


def _own_headers(exchange, status):
    if status == 401 and not exchange.header("X-Requested-With"):  # our script asks by itself
        return 'WWW-Authenticate: Basic realm="camera", charset="UTF-8"\r\n'
    if status == 429:
        access = exchange.site.access
        wait_s = access.guard().wait_s(access, exchange.address)
        return "Retry-After: {}\r\n".format(max(1, wait_s))
    return "Retry-After: 5\r\n" if status == 503 else ""
