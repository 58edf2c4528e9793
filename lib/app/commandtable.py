"""The table of commands: a row is the whole truth about one of them.

Help, replies, documentation and tests are generated from these rows; each setting is a command of
its own name besides (app.schema).
"""

RETAIN = 1  # the reply is retained
QOS1 = 2  # the reply goes out at QoS 1
GROUP_TOO = 4  # also allowed on the group topic
PRIVATE = 8  # on consoles the reply is for who asked alone

COMMANDS = (  # command, flags, owner, replies as, help; the owner's method is cmd_<command>
    ("status", GROUP_TOO, "status", "status", "| 1 | 2 | 3  how the camera is"),
    ("config", PRIVATE, "status", "config", "all settings, secrets masked"),
    ("log", PRIVATE, "status", "log", "the last lines of the log"),
    ("time", GROUP_TOO, "clock", "time", "local time"),
    ("camera", 0, "params", "camera", '{"framesize": "VGA", ...}  parameters; nothing: all'),
    ("help", GROUP_TOO | PRIVATE, "commands", "help", "[command]  what there is"),
    ("power", GROUP_TOO | RETAIN | QOS1, "power", "power", "off | on | toggle"),
    ("light", GROUP_TOO | RETAIN | QOS1, "power", "power", "off | on | toggle, the same as power"),
    ("timer", RETAIN, "power", "timer", "1..1440 | +N  minutes until power goes off"),
    ("capture", 0, "publisher", "capture", "publish a picture now"),
    ("upgrade", 0, "updater", "upgrade", "1 | force  fetch the update that otaurl names"),
    ("mqttotastart", 0, "updater", "mqttotastart", "1 | force | 0  take an update by MQTT"),
    ("mqttotaconfirm", 0, "updater", "mqttotaconfirm", "1 to keep the running image"),
    ("smartconfig", 0, "wifi", "smartconfig", "1 to open the access point for setting up"),
    ("restart", 0, "system", "restart", "1 to restart"),
    ("reset", 0, "system", "reset", "1 to erase the settings and restart"),
)

NAME, FLAGS, OWNER, REPLY, HELP = range(5)  # columns of a command
