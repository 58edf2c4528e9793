"""The table of settings: a row is the whole truth about one of them.

Storage, masking, help, the API, the Settings page, documentation and tests are generated from
these rows. A new setting is a row here, the code that reads it, and a test.
"""

# long: the whole table

from micropython import const

from app.settings.checks import (
    Between,
    BrokerURI,
    CellMask,
    Chars,
    HostNames,
    IPv4,
    KeyPin,
    MQTTText,
    Netmask,
    OneOf,
    OptionalIPv4,
    Passphrase,
    TopicFilter,
    TopicLayout,
    TopicName,
    TopicPrefix,
    WPAKey,
    ZoneRule,
)
from app.settings.filechecks import CertificateText, KeyText, PrivateKeyText
from app.settings.formats import DayTimes, HeaderLine, Place, WebAddress
from config import limits
from proto.mqtttext import LAYOUT

NAMESPACE = "syscfg"  # of NVS

# columns of a row
NAME = const(0)  # also the name of the command
KEY = const(1)  # in NVS, at most 15 characters; of a FILE its path
KIND = const(2)
DEFAULT = const(3)
CHECK = const(4)  # see app.settings.checks
FLAGS = const(5)
GROUP_TITLE = const(6)  # the heading above it on the Settings page
LABEL = const(7)
ABOUT = const(8)

INT, TEXT, FILE = "int", "text", "file"  # kinds: an i32 in NVS, a blob in NVS, a file

SECRET = const(1)  # shown as *** everywhere
GROUP = const(2)  # also allowed on the group topic
RESTART = const(4)  # a change restarts the camera
REJOIN = const(8)  # a change joins the Wi-Fi network again
RECONNECT = const(16)  # a change connects to the broker again
CLEAN_SESSION = const(32)  # a change forces a clean session: old subscriptions must not live on
HIDDEN = const(64)  # no command, on no page
DEFAULT_BY_1 = const(128)  # "1" restores the default, as does an empty text
DEVICE_ID_TOO = const(256)  # as does the device id
LOG = const(512)  # a change sets the level of the log
CERTIFICATE = const(1024)  # TLS must be able to use it
PUBLIC_KEY = const(2048)  # once set, it stays until a reset
HASHED = const(4096)  # stored as a salted hash; a change ends sessions and connections
LOGIN = const(8192)  # an address that may contain a password
SPACES = const(16384)  # white space around the value belongs to it
CLOCK = const(32768)  # a change restarts the sensor
AT_ONCE = const(65536)  # in flash and in force before the reply to a change

_NETWORK = const(REJOIN | DEFAULT_BY_1)
_BROKER = const(RECONNECT | DEFAULT_BY_1)
_TOPIC = const(RESTART | CLEAN_SESSION | DEFAULT_BY_1 | DEVICE_ID_TOO)

# shared, because each check takes memory
_SWITCH, _FLAG = OneOf("off", "on"), Between(0, 1)

# fmt: off
SCHEMA = (
    ("name", "CAM_NAME", TEXT, "", MQTTText(0, 48), RESTART | DEFAULT_BY_1,
     "Camera", "Name",
     "Shown by hubs; the address is made from its letters and digits. Empty: the topic."),
    ("privacy", "PRIVACY", INT, 0, _SWITCH, AT_ONCE,
     "Camera", "Privacy", "on: the sensor has no power and nobody gets a picture, until off."),
    ("buttonmode", "BUTTON_MODE", INT, 0, OneOf("power", "privacy"), 0,
     "Camera", "Button", "A press switches the power output (the lamp), or privacy."),

    ("ssid", "STA_SSID", TEXT, "", Chars(1, 32), SPACES | _NETWORK,
     "Wi-Fi", "Network", "Name (SSID) of the Wi-Fi network to join."),
    ("password", "STA_PASS", TEXT, "", WPAKey(), SECRET | SPACES | _NETWORK,
     "Wi-Fi", "Password", "Password of this network; none for an open network."),
    ("ssid2", "STA_SSID2", TEXT, "", Chars(1, 32), SPACES | _NETWORK,
     "Wi-Fi", "Second network", "Joined when the first network is out of range or weaker."),
    ("password2", "STA_PASS2", TEXT, "", WPAKey(), SECRET | SPACES | _NETWORK,
     "Wi-Fi", "Second password", "Password of the second network."),
    ("ssid3", "STA_SSID3", TEXT, "", Chars(1, 32), SPACES | _NETWORK,
     "Wi-Fi", "Third network", "Joined when the other networks are out of range or weaker."),
    ("password3", "STA_PASS3", TEXT, "", WPAKey(), SECRET | SPACES | _NETWORK,
     "Wi-Fi", "Third password", "Password of the third network."),

    ("ip", "STA_IP", TEXT, "", OptionalIPv4(), _NETWORK,
     "Wi-Fi", "Address", "IPv4 address of the camera; none: the router assigns one."),
    ("netmask", "STA_NETMASK", TEXT, "255.255.255.0", Netmask(), _NETWORK,
     "Wi-Fi", "Network mask", "Used with an address of its own."),
    ("gateway", "STA_GATEWAY", TEXT, "", OptionalIPv4(), _NETWORK,
     "Wi-Fi", "Gateway", "The router's address, used with an address of its own."),
    ("dns", "STA_DNS", TEXT, "", OptionalIPv4(), _NETWORK,
     "Wi-Fi", "Name server", "Used with an address of its own; none: the gateway."),

    ("roam", "STA_ROAM", INT, 0, _SWITCH, 0,
     "Wi-Fi", "Roaming",
     "on: change to an access point of the network that is much stronger, while nobody watches."),

    ("apfallback", "AP_FALLBACK", INT, 180, Between(0, 3_600), 0,
     "Access point", "Opens after",
     "Seconds without Wi-Fi, a third of that after a refused password; 0: never."),
    ("apip", "AP_IP", TEXT, "192.168.1.1", IPv4(), DEFAULT_BY_1,
     "Access point", "Address",
     "IP address of the camera there; 4.3.2.1 if a Samsung phone does not show the set-up page."),
    ("appass", "AP_PASS", TEXT, "", Passphrase(8, 63), SECRET | SPACES | DEFAULT_BY_1,
     "Access point", "Password",
     "WPA2 password; without one anyone can join until it closes, after 10 minutes unused."),
    ("apchannel", "AP_CHANNEL", INT, 1, Between(1, 13), 0,
     "Access point", "Channel", "Radio channel while no network is joined."),

    ("mqtthost", "MQTT_HOST", TEXT, "", BrokerURI(127), _BROKER,
     "MQTT broker", "Broker",
     "Address, such as mqtt://broker.local; mqtts:// for TLS, ws:// or wss:// for WebSocket."),
    ("mqttport", "MQTT_PORT", INT, 0, Between(0, 65_535), _BROKER,
     "MQTT broker", "Port", "0: the standard port: 1883, 8883 for TLS, 80 or 443 for WebSocket."),
    ("mqttuser", "MQTT_USER", TEXT, "", MQTTText(0, 255), _BROKER,
     "MQTT broker", "User", "User name, if the broker requires one."),
    ("mqttpass", "MQTT_PASS", TEXT, "", Chars(0, 255), SECRET | SPACES | _BROKER,
     "MQTT broker", "Password", "Password of this user."),
    ("mqttsecurity", "MQTT_SECURITY", INT, 0, OneOf("plain", "tls"), RECONNECT,
     "MQTT broker", "Encryption", "Used if the address has neither mqtt:// nor mqtts://."),
    ("mqttverify", "MQTT_VERIFY", INT, 0, OneOf("ca", "off", "pin"), RECONNECT,
     "MQTT broker", "Certificate check",
     "ca: by the CA; pin: by the broker's key, without a CA; off: accept any certificate."),
    ("mqttpin", "MQTT_PIN", TEXT, "", KeyPin(), _BROKER,
     "MQTT broker", "Broker's key",
     "SHA-256 of its public key, for the check by key; learn: the key of the next connection."),
    ("mqttca", "mqttca.pem", FILE, "",
     CertificateText(limits.TLS_CA_BYTES), RECONNECT | CERTIFICATE,
     "MQTT broker", "CA certificate",
     "PEM certificate of the CA that signs for the broker and for the update server."),
    ("mqttcert", "mqttcert.pem", FILE, "",
     CertificateText(limits.TLS_CA_BYTES), RECONNECT | DEFAULT_BY_1,
     "MQTT broker", "Client certificate",
     "PEM certificate of the camera, if the broker requires one; 1 removes it."),
    ("mqttkey", "mqttkey.pem", FILE, "",
     PrivateKeyText(limits.TLS_KEY_BYTES), SECRET | RECONNECT | DEFAULT_BY_1,
     "MQTT broker", "Client key",
     "PEM private key of this certificate, without a password; 1 removes it."),
    ("mqttclientid", "MQTT_CLIENT_ID", TEXT, "", MQTTText(0, 128), _BROKER,
     "MQTT broker", "Client id", "Empty: the device id."),
    ("mqttkeepalive", "MQTT_KEEPALIVE", INT, 120, Between(10, 3_600), RECONNECT,
     "MQTT broker", "Keepalive",
     "Seconds of silence after which the broker considers the camera lost."),
    ("mqttcleansession", "MQTT_CLEANSESS", INT, 1, _FLAG, RESTART,
     "MQTT broker", "Clean session",
     "Off: the broker keeps commands for the camera while it is offline."),

    ("topic", "MQTT_TOPIC", TEXT, "esp32-mqtt-cam", TopicName(1, 31), _TOPIC,
     "Topics and publishing", "Topic", "Middle part of the cmnd/, stat/, data/ and tele/ topics."),
    ("grouptopic", "MQTT_GRPTOPIC", TEXT, "esp32-mqtt-cams", TopicName(1, 31), GROUP | _TOPIC,
     "Topics and publishing", "Group topic",
     "Topic for commands to several cameras at once; -: none."),
    ("topiclayout", "MQTT_LAYOUT", TEXT, LAYOUT, TopicLayout(16, 64),
     RESTART | CLEAN_SESSION | DEFAULT_BY_1,
     "Topics and publishing", "Topic layout",
     "Levels of all topics, such as home/garden/%topic%/%prefix%; prefix: cmnd, stat and so on."),
    ("subtopic", "MQTT_SUBTOPIC", TEXT, "#", TopicFilter(1, 31), RESTART | DEFAULT_BY_1,
     "Topics and publishing", "Subscription", "Topic filter below cmnd/<topic>/; #: everything."),
    ("pubinterval", "MQTT_PUBINTERV", INT, 0, Between(0, 86_400), 0,
     "Topics and publishing", "Picture every", "Seconds between published pictures; 0: none."),
    ("keep", "PUB_KEEP", INT, 0, Between(0, limits.KEPT_PICTURES), 0,
     "Topics and publishing", "Keep pictures",
     "Number of pictures to keep while the broker is away, and to send afterwards; 0: none."),
    ("pubtimes", "PUB_TIMES", TEXT, "", DayTimes(), DEFAULT_BY_1,
     "Topics and publishing", "Only at",
     "Local times such as 07:00-21:30, or sun: from sunrise to sunset. Empty: always."),
    ("place", "PUB_PLACE", TEXT, "", Place(), DEFAULT_BY_1,
     "Topics and publishing", "Place",
     "Latitude and longitude for sunrise and sunset; south and west are negative."),
    ("pubmaxbytes", "MQTT_PUBMAX", INT, 0, Between(0, limits.PICTURE_BYTES), 0,
     "Topics and publishing", "Largest picture",
     "Bytes of a published picture, for which quality, then size are lowered;"
     " 0: find out what the broker accepts."),
    ("retain", "MQTT_RETAIN", INT, 1, _FLAG, 0,
     "Topics and publishing", "Retain",
     "The broker keeps pictures and states for hubs that start later."),
    ("teleperiod", "TELE_PERIOD", INT, 300, Between(0, 3_600), 0,
     "Topics and publishing", "Telemetry every",
     "Seconds between reports on tele/; 0: only after the command status."),
    ("deepsleep", "SLEEP", INT, 0, Between(0, 86_400), RECONNECT,
     "Topics and publishing", "Deep sleep",
     "Seconds of sleep after each picture, to save the battery; 0: the camera stays awake."),
    ("sleepwait", "SLEEP_WAIT", INT, 5, Between(1, 600), 0,
     "Topics and publishing", "Wait before sleep",
     "Seconds to wait for commands, after the picture and after each command."),
    ("meta", "PUB_META", INT, 0, _SWITCH, 0,
     "Topics and publishing", "Metadata",
     "on: data/<topic>/meta gets time, size and SHA-256 of each published picture, before it."),

    ("pushurl", "PUSH_URL", TEXT, "", WebAddress(255), DEFAULT_BY_1 | LOGIN,
     "HTTP push", "Post pictures to",
     "Web address that gets each published picture by POST, with or without a broker."),
    ("pushheader", "PUSH_HEADER", TEXT, "", HeaderLine(255), SECRET | DEFAULT_BY_1,
     "HTTP push", "Header", "Sent along, such as Authorization: Bearer TOKEN."),

    ("hadiscovery", "HA_DISCOVERY", INT, 1, _SWITCH, RECONNECT,
     "Home Assistant", "Discovery", "Home Assistant finds the camera by itself."),
    ("haprefix", "HA_PREFIX", TEXT, "homeassistant", TopicPrefix(1, 48), RECONNECT | DEFAULT_BY_1,
     "Home Assistant", "Discovery prefix", "As set in Home Assistant's MQTT integration."),

    ("xclk", "CAM_XCLK", INT, 20, Between(8, 20), CLOCK,
     "Sensor", "Clock",
     "MHz; a slower clock can end stripes in pictures and Wi-Fi trouble, with fewer pictures/s."),
    ("rotate", "CAM_ROTATE", INT, 0, OneOf("0", "90", "180", "270"), 0,
     "Sensor", "Rotate",
     "Degrees by which viewers turn pictures clockwise (Exif); the stream has no Exif data."),
    ("exif", "CAM_EXIF", INT, 0, _SWITCH, 0,
     "Sensor", "Exif data", "on: pictures contain their time and orientation."),

    ("motion", "MOTION", INT, 0, OneOf("off", "picture", "pin", "both"), GROUP,
     "Motion", "Detect motion",
     "In the picture, by a sensor at a pin, or both; reported on tele/<topic>/MOTION."),
    ("motionlevel", "MOTION_LEVEL", INT, 50, Between(1, 100), 0,
     "Motion", "Sensitivity", "Of the comparison of pictures; higher: smaller changes count."),
    ("motionarea", "MOTION_AREA", INT, 3, Between(1, 96), 0,
     "Motion", "Smallest area", "Number of the picture's 192 cells that have to change."),
    ("motionframes", "MOTION_FRAMES", INT, 2, Between(1, 10), 0,
     "Motion", "Pictures in a row", "Number that have to show motion; 1 reacts soonest."),
    ("motionmask", "MOTION_MASK", TEXT, "", CellMask(), DEFAULT_BY_1,
     "Motion", "Ignored cells", "A bit for each cell, row by row; draw them on the tab Picture."),
    ("motionfps", "MOTION_FPS", INT, 2, Between(1, 5), 0,
     "Motion", "Pictures per second",
     "How often pictures are compared, and kept for motionpictures."),
    ("motionpause", "MOTION_PAUSE", INT, 10, Between(1, 3_600), 0,
     "Motion", "Ends after", "Seconds without motion."),
    ("motionpictures", "MOTION_PICT", INT, 0, Between(0, limits.MOTION_PICTURES), 0,
     "Motion", "Pictures around it",
     "Number to publish from before motion, and as many from after it; 0: none."),
    ("motionpin", "MOTION_PIN", INT, 13, Between(0, 39), 0,
     "Motion", "Pin", "GPIO of the motion sensor: 13, 14 or 2."),
    ("motionpinlevel", "MOTION_PINLEV", INT, 1, OneOf("low", "high"), 0,
     "Motion", "Level", "Of the pin while the sensor sees motion."),

    ("poweratreset", "APP_PWR_AT_RST", INT, 2, OneOf("off", "on", "last_state"), 0,
     "Power output", "After a restart", "State of the output (the lamp) after a restart."),
    ("laststate", "APP_POWER", INT, 0, _SWITCH, HIDDEN,
     "Power output", "Last state", "State of the output before the last restart."),
    ("pulse", "APP_PULSE", INT, 0, Between(0, 36_000), 0,
     "Power output", "Pulse",
     "Tenths of a second until the output switches off by itself; 0: it stays on."),
    ("lamplevel", "LAMP_LEVEL", INT, 100, Between(1, 100), 0,
     "Power output", "Brightness", "Of the lamp, in percent; 100 for a relay."),
    ("flash", "FLASH", INT, 0, _SWITCH, 0,
     "Power output", "Flash", "on: the lamp is on for each published picture."),
    ("flashlead", "FLASH_LEAD", INT, 300, Between(0, 5_000), 0,
     "Power output", "Flash lead",
     "Milliseconds of light before the picture, in which the exposure adapts."),

    ("otaurl", "OTA_URL", TEXT, "", Chars(0, 255), DEFAULT_BY_1 | LOGIN,
     "Updates", "Update from",
     "The http:// or https:// address of an update, or of a release's manifest.json."),
    ("otaconfirm", "OTA_CONFIRM", INT, 0, OneOf("manual", "auto"), 0,
     "Updates", "Confirmation", "auto: new firmware that works is kept without a command."),
    ("otakey", "otakey.pem", FILE, "", KeyText(1_000), PUBLIC_KEY,
     "Updates", "Signing key",
     "Public key in PEM; once set, only updates signed with it are accepted, until a reset."),

    ("timezone", "APP_TIMEZONE", TEXT, "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00",
     ZoneRule(63), GROUP | DEFAULT_BY_1,
     "Time", "Time zone", "POSIX rule, such as CET-1CEST,M3.5.0,M10.5.0/3."),
    ("ntpserver", "NTP_SERVER", TEXT, "pool.ntp.org", Chars(1, 63), DEFAULT_BY_1,
     "Time", "Time server", "NTP server that sets the clock."),
    ("ntpserver2", "NTP_SERVER2", TEXT, "", Chars(0, 63), DEFAULT_BY_1,
     "Time", "Second server", "Asked when the first one does not answer; often the router."),

    ("adminpass", "ADMIN_PASS", TEXT, "",
     Passphrase(8, limits.PASSWORD_BYTES), SECRET | SPACES | DEFAULT_BY_1 | HASHED,
     "Access", "Admin password",
     "For pages, pictures, API, telnet and RTSP; without one they are open to everyone."),
    ("hosts", "HTTP_HOSTS", TEXT, "", HostNames(0, 255), DEFAULT_BY_1,
     "Access", "More names",
     "Other names of the camera, such as that of a proxy; .example.org: all below it."),
    ("embed", "HTTP_EMBED", INT, 0, _FLAG, 0,
     "Access", "Embed pictures",
     "Pages of other sites may show the camera's pictures."),

    ("metrics", "HTTP_METRICS", INT, 0, _SWITCH, 0,
     "Access", "Metrics", "Metrics for Prometheus at /metrics."),
    ("rtsp", "RTSP", INT, 0, _SWITCH, 0,
     "Access", "RTSP", "Live picture for recorders and players at rtsp://, port 554."),

    ("loglevel", "LOG_LEVEL", INT, 1, OneOf("error", "info", "debug"), LOG,
     "Log", "Level", "The log keeps messages up to this level."),
    ("syslog", "LOG_SYSLOG", TEXT, "", Chars(0, 63), DEFAULT_BY_1,
     "Log", "Syslog server", "host or host:port; empty: none."),
)
# fmt: on

_BY_NAME = {row[NAME]: row for row in SCHEMA}


def find(name):
    """Return the row of a setting, or None."""
    return _BY_NAME.get(name)


def typed(row, text):
    """Return what a user typed without the white space around it, unless that belongs to it."""
    is_exact = row[FLAGS] & SPACES or row[KIND] == FILE
    return text if is_exact else text.strip()


def choices(row):
    """Return the names of a choice in the order of their values, () for another setting."""
    return getattr(row[CHECK], "names", ())
