"""What the numbers of HTTP answers mean (RFC 9110 section 15), and an answer that is just that.

Borrow it.
"""

from proto.http import SECURITY

REASONS = (  # as one text: a dictionary of them takes four times as much
    "200 OK\n302 Found\n303 See Other\n304 Not Modified\n400 Bad Request\n401 Unauthorized\n"
    "403 Forbidden\n404 Not Found\n405 Method Not Allowed\n408 Request Timeout\n409 Conflict\n"
    "413 Content Too Large\n414 URI Too Long\n421 Misdirected Request\n"
    "422 Unprocessable Content\n429 Too Many Requests\n431 Request Header Fields Too Large\n"
    "500 Internal Server Error\n501 Not Implemented\n503 Service Unavailable\n"
    "505 HTTP Version Not Supported\n"
)


def titled(status):
    """A status with its reason, `404 Not Found`; KeyError for one that we do not send."""
    at = REASONS.find("{} ".format(status))
    if at < 0:
        raise KeyError(status)
    return REASONS[at : REASONS.find("\n", at)]


def plain_answer(status, why):
    """A whole answer for whom no page can be shown, as bytes."""
    title = titled(status)
    body = "{}: {}\n".format(title, why)
    return (
        "HTTP/1.0 {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
        "Connection: close\r\n{}{}\r\n{}".format(
            title,
            len(body),
            SECURITY,
            "Retry-After: 5\r\n" if status == 503 else "",
            body,
        ).encode()
    )
