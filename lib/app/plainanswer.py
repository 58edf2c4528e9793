"""What is said to whom no page can be shown: a request that is none, one too many; borrow it."""

from proto.http import SECURITY
from proto.reasons import REASONS


def made(status, why):
    """A whole answer, as bytes."""
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
