"""The page after the setup form was saved: what happens next, and where the camera will be."""

from app.identity import host_name


async def tell(exchange, title, wanted, kept, restarts):
    """`wanted` are the settings that were changed, `kept` whether the flash has taken them."""
    site = exchange.site
    fallback_s, ssid = site.settings["apfallback"], site.settings["ssid"]
    host = site.access.host
    if "topic" in wanted:  # the name follows it with the next start
        named = host_name(site.device_id, site.settings["topic"])
        host = named.lower() + ".local"
    words = {
        "title": title,
        "unkept": not kept,
        "restarts": restarts,
        "ssid": ssid,
        "joins": ssid and (restarts or "ssid" in wanted or "password" in wanted),
        "alone": restarts and not ssid,
        "locked": "adminpass" in wanted and site.settings["adminpass"],
        "ap": ssid and site.wifi.ap_open,
        "fallback": ssid and _span(fallback_s),
        "stays": ssid and not fallback_s,
        "host": ssid and host,
        "device": site.device_id,
    }
    await exchange.start()
    await site.part("template").send(exchange, "saved.html", words.get)


def _span(seconds):
    """In words, "" for none."""
    if not seconds or seconds % 60:
        return "{} seconds".format(seconds) if seconds else ""
    return "{} minutes".format(seconds // 60) if seconds > 60 else "1 minute"
