"""What a person or a program is told when a request cannot be done: what happened, what to do."""

from proto.reasons import titled

_ADVICE = """\
400|The camera does not understand this request.|Go back, check what was sent.
401|The camera asks for its password.|Log in, or send it by HTTP Basic.
403|Another site has sent this request; only the camera's own pages may change things.|Open \
the camera's page and do it there.
404|There is no such page.|The camera's page is at /, its set-up at /setup.
405|This cannot be done with that address.|The header Allow says what can.
413|That is too much at once.|Send less.
421|The camera is not known by the name in this address.|Open it by its own IP address or its \
host name.
429|Too many wrong passwords came from your address.|Wait, then try again.
500|Something went wrong inside the camera; its log says what.|Try again. Should it happen each \
time, restart the camera.
503|The camera is short of memory at the moment.|Try again in a moment.
"""  # status, what has happened, unless the caller knows better, what to do about it


async def tell(exchange, status, what="", headers=""):
    """Answer with `status`, in the form that who asks can use."""
    at = _ADVICE.index("{}|".format(status))
    _, happened, advice = _ADVICE[at : _ADVICE.index("\n", at)].split("|")
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


def _own_headers(exchange, status):
    if status == 401 and not exchange.header("X-Requested-With"):  # our script asks by itself
        return 'WWW-Authenticate: Basic realm="camera", charset="UTF-8"\r\n'
    if status == 429:
        access = exchange.site.access
        wait_s = access.guard().wait_s(access, exchange.address)
        return "Retry-After: {}\r\n".format(max(1, wait_s))
    return "Retry-After: 5\r\n" if status == 503 else ""
