"""What the setup form wants: saved whole, or the form again with what is wrong."""


async def save(exchange, typed, pressed, wanted):
    """Save, Save and reboot, or Reboot; what is wrong is shown with what was typed."""
    site, kept, restarts = exchange.site, True, pressed != "save"
    if pressed != "reboot":
        wrong, kept, soon = await site.settings.apply(wanted)
        restarts = restarts or soon
        if wrong:
            return "pages.setup", "page", typed, wrong
    if pressed != "save":
        await site.commands.call("restart", "1")
    title = "Saved" if kept else "In force, but not saved"
    title = "Restarting" if pressed == "reboot" else title
    return "pages.saved", "tell", title, wanted, kept, restarts
