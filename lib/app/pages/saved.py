"""The page after the setup form was saved: what happens next, and where the camera will be."""


async def tell(exchange, title, wanted, kept, restarts):
    """`wanted` are the settings that were changed, `kept` whether the flash has taken them."""
    site = exchange.site
    fallback_s = site.settings["apfallback"]
    words = {
        "title": title,
        "unkept": not kept,
        "restarts": restarts,
        "ssid": site.settings["ssid"],
        "joins": restarts or "ssid" in wanted or "password" in wanted,
        "locked": wanted.get("adminpass"),
        "ap": site.wifi.ap_open,
        "fallback": _span(fallback_s),
        "stays": not fallback_s,
        "host": site.access.host,
        "device": site.device_id,
    }
    await exchange.start()
    await site.part("template").send(exchange, "saved.html", words.get)


def _span(seconds):
    """In words, "" for none."""
    if not seconds or seconds % 60:
        return "{} seconds".format(seconds) if seconds else ""
    return "{} minutes".format(seconds // 60) if seconds > 60 else "1 minute"
