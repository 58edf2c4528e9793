"""What the numbers of HTTP answers mean (RFC 9110 section 15), and an answer that is just that.

Borrow it.
"""

from proto.http import SECURITY

REASONS = {
    200: "OK",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    414: "URI Too Long",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


def plain_answer(status, why):
    """A whole answer for whom no page can be shown, as bytes."""
    body = "{} {}: {}\n".format(status, REASONS[status], why)
    return (
        "HTTP/1.0 {} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
        "Connection: close\r\n{}{}\r\n{}".format(
            status,
            REASONS[status],
            len(body),
            SECURITY,
            "Retry-After: 5\r\n" if status == 503 else "",
            body,
        ).encode()
    )
