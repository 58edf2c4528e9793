"""What people are told of each setting: its group, its label, and what it is for.

A camera has no memory for this: tools/docs.py puts it into lib/www/settings.json, which is read
line by line, and into README.
"""

_TABLE = """
= Wi-Fi
ssid|Network|The name of the Wi-Fi network to join.
password|Password|Of that network; none where it is open.
ssid2|Second network|Joined where the first is not in reach, or where it is weaker.
password2|Its password|Of the second network.
ssid3|Third network|As the second.
password3|Its password|Of the third network.
= Access point
apfallback|Opens after|Seconds without Wi-Fi (a third where the password is refused); 0: never.
apip|Address|The camera's own address in it.
appass|Password|For WPA2; without one the access point is open.
apchannel|Channel|Of the radio while no network is joined.
= MQTT broker
mqtthost|Broker|Its address, such as mqtt://broker.local, or mqtts:// for TLS.
mqttport|Port|0: 1883, and 8883 for TLS.
mqttuser|User|Where the broker asks for one.
mqttpass|Password|Of that user.
mqttsecurity|Encryption|For an address without mqtt:// or mqtts://.
mqttverify|Certificate check|off: TLS to whoever answers.
mqttca|CA certificate|In PEM: who has signed the certificates of broker and update server.
mqttclientid|Client id|Empty: the device id.
mqttkeepalive|Keepalive|Seconds after which the broker takes a silent camera for lost.
mqttcleansession|Clean session|0: the broker keeps what is sent while the camera is away.
= Topics and publishing
topic|Topic|The middle part of cmnd/, stat/ and tele/ topics.
grouptopic|Group topic|Commands that several cameras listen to.
subtopic|Subscribed below|What follows cmnd/<topic>/ in the subscription.
pubinterval|Picture every|Seconds between published pictures; 0: none.
teleperiod|Telemetry every|Seconds between reports on tele/; 0: none.
= Power output
poweratreset|After a restart|What the output (the lamp) does then.
pulse|Pulse|Tenths of a second after which it goes off again; 0: it stays on.
= Updates
otaurl|Update from|The http:// or https:// address that upgrade fetches.
otaconfirm|Confirmation|auto: a new image that works confirms itself.
otakey|Signing key|Public, in PEM: from then on only signed updates are taken, until a reset.
= Time
timezone|Time zone|As a POSIX rule, such as CET-1CEST,M3.5.0,M10.5.0/3.
ntpserver|Time server|Asked by NTP.
= Access
adminpass|Admin password|For pages, pictures, API and telnet; without one they are open.
= Log
loglevel|Kept|How much the log has.
syslog|Syslog server|host or host:port; empty: none.
"""


def wording():
    """{setting: (group, label, what it is for)}, in the order in which they are shown."""
    found, group = {}, ""
    for line in _TABLE.strip().splitlines():
        if line.startswith("= "):
            group = line[2:]
        else:
            name, label, about = line.split("|")
            found[name] = group, label, about
    return found
