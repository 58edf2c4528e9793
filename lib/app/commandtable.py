"""The table of commands: a row is the whole truth about one of them.

Help, replies, documentation and tests are generated from these rows; each setting is a command of
its own name besides (app.settings.schema).
"""

RETAIN = 1  # the reply is retained
QOS1 = 2  # the reply goes out at QoS 1
GROUP_TOO = 4  # also allowed on the group topic
PRIVATE = 8  # on consoles the reply is for who asked alone

NAME, FLAGS, OWNER, REPLY, HELP = range(5)  # columns of a command

# command|flags|owner|replies as|help; the owner's method is cmd_<command>
_TABLE = """
status|GROUP_TOO|status|status|| 1 | 2 | 3  how the camera is
config|PRIVATE|status|config|all settings, secrets masked
log|PRIVATE|status|log|the last lines of the log
time|GROUP_TOO|clock|time|local time
camera||params|camera|{"framesize": "VGA", ...}  parameters; nothing: all
help|GROUP_TOO PRIVATE|commands|help|[command]  what there is
power|RETAIN QOS1 GROUP_TOO|power|power|off | on | toggle
light|RETAIN QOS1 GROUP_TOO|power|power|off | on | toggle, the same as power
timer|RETAIN|power|timer|1..1440 | +N  minutes until power goes off
capture||publisher|capture|publish a picture now
upgrade||updater|upgrade|1 | force  fetch the update that otaurl names
mqttotastart||updater|mqttotastart|1 | force | 0  take an update by MQTT
mqttotaconfirm||updater|mqttotaconfirm|1 to keep the running image
smartconfig||wifi|smartconfig|1 to open the access point for setting up
restart||system|restart|1 to restart
reset||system|reset|1 to erase the settings and restart
"""  # one text: tuples of these take three times as much


def rows(before="\n"):
    """Each row that begins so, as (command, flags, owner, replies as, help)."""
    at = _TABLE.find(before)
    while 0 <= at < len(_TABLE) - 1:
        end = _TABLE.find("\n", at + 1)
        name, flags, *rest = _TABLE[at + 1 : end].split("|", 4)
        yield (name, sum([globals()[flag] for flag in flags.split()])) + tuple(rest)
        at = _TABLE.find(before, end)


def find(name):
    """The row of a command, or None."""
    for row in rows("\n{}|".format(name)):
        if row[NAME] == name:  # it may hold a | itself
            return row
    return None
