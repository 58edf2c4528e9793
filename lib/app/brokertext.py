"""How the session with the broker is, in words; borrow it. `of` is the Status."""


def state(of):
    """For instance `connected, tls ca`, or `offline (no Wi-Fi)`."""
    name, reason = of.session.state, of.session.reason
    if name == "connected" and not of.session.up.is_set():
        name = "subscribing"
    if name == "offline":
        reason = of.link.waits_for
    if reason:
        name = "{} ({})".format(name, reason)
    if of.session.state != "offline" and of.link.tls:
        name += ", tls ca" if of.link.verified() else ", tls off"
    return name
