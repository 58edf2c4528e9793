"""The table of settings: a row is the whole truth about one of them.

Masking, help, storage, documentation and tests are generated from these rows. Borrow this module
(aio.late): values are in RAM always, what may be said of them only while somebody asks.
"""

from proto.checks import Between, Chars, KeyText, OneOf, Password, TopicName
from proto.pem import CertificateText
from proto.posixtz import ZoneRule
from proto.uri import BrokerURI
from proto.wlan import IPv4, Passphrase

NAMESPACE = "syscfg"

INT, TEXT, FILE = range(3)  # stored in NVS as i32, as blob, or as a file of that name

SECRET = 1  # shown as *** everywhere
GROUP = 2  # also allowed on the group topic
RESTART = 4  # takes effect by a restart
REJOIN = 8  # the Wi-Fi station joins anew
RECONNECT = 16  # the MQTT session connects anew
FRESH = 32  # forces a clean MQTT session (subscriptions of the old one would live on)
HIDDEN = 64  # not a command of its own
DEFAULT_BY_1 = 128  # the payload "1" restores the default
LOG = 512  # what the log keeps
DEVICE_ID_TOO = 256  # the default is also restored by the device id
CERTIFICATE = 1024  # a file that TLS has to be able to use
PUBLIC_KEY = 2048  # a file that is kept until a reset
HASHED = 4096  # kept as a salted hash
LOGIN = 8192  # an address that may hold a password

_EU = "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00"

_SSID, _PASSPHRASE = Chars(1, 31), Passphrase()

NAME, KEY, KIND, DEFAULT, CHECK, FLAGS = range(6)  # columns of a setting

SCHEMA = (  # name, NVS key or file (<= 15), kind, default, check, flags
    ("ssid", "STA_SSID", TEXT, "", _SSID, REJOIN | DEFAULT_BY_1),
    ("password", "STA_PASS", TEXT, "", _PASSPHRASE, REJOIN | SECRET | DEFAULT_BY_1),
    ("ssid2", "STA_SSID2", TEXT, "", _SSID, REJOIN | DEFAULT_BY_1),
    ("password2", "STA_PASS2", TEXT, "", _PASSPHRASE, REJOIN | SECRET | DEFAULT_BY_1),
    ("ssid3", "STA_SSID3", TEXT, "", _SSID, REJOIN | DEFAULT_BY_1),
    ("password3", "STA_PASS3", TEXT, "", _PASSPHRASE, REJOIN | SECRET | DEFAULT_BY_1),
    ("apfallback", "AP_FALLBACK", INT, 180, Between(0, 3_600), 0),
    ("apip", "AP_IP", TEXT, "192.168.1.1", IPv4(), DEFAULT_BY_1),
    ("appass", "AP_PASS", TEXT, "", _PASSPHRASE, SECRET | DEFAULT_BY_1),
    ("apchannel", "AP_CHANNEL", INT, 1, Between(1, 13), 0),
    ("mqtthost", "MQTT_HOST", TEXT, "", BrokerURI(127), RECONNECT | DEFAULT_BY_1),
    ("mqttport", "MQTT_PORT", INT, 0, Between(0, 65_535), RECONNECT | DEFAULT_BY_1),
    ("mqttuser", "MQTT_USER", TEXT, "", Chars(0, 63), RECONNECT | DEFAULT_BY_1),
    ("mqttpass", "MQTT_PASS", TEXT, "", Chars(0, 127), RECONNECT | SECRET | DEFAULT_BY_1),
    ("mqttkeepalive", "MQTT_KEEPALIVE", INT, 120, Between(10, 3_600), RECONNECT),
    ("mqttcleansession", "MQTT_CLEANSESS", INT, 1, Between(0, 1), RESTART),
    ("mqttsecurity", "MQTT_SECURITY", INT, 0, OneOf("plain", "tls"), RECONNECT),
    ("mqttverify", "MQTT_VERIFY", INT, 0, OneOf("ca", "off"), RECONNECT),
    ("mqttca", "mqttca.pem", FILE, "", CertificateText(8_192), RECONNECT | CERTIFICATE),
    (
        "topic",
        "MQTT_TOPIC",
        TEXT,
        "esp32-mqtt-cam",
        TopicName(1, 31),
        FRESH | RESTART | DEFAULT_BY_1 | DEVICE_ID_TOO,
    ),
    (
        "grouptopic",
        "MQTT_GRPTOPIC",
        TEXT,
        "esp32-mqtt-cams",
        TopicName(1, 31),
        GROUP | FRESH | RESTART | DEFAULT_BY_1 | DEVICE_ID_TOO,
    ),
    ("mqttclientid", "MQTT_CLIENT_ID", TEXT, "", Chars(0, 23), RECONNECT | DEFAULT_BY_1),
    ("subtopic", "MQTT_SUBTOPIC", TEXT, "#", Chars(1, 31), RESTART | DEFAULT_BY_1),
    ("teleperiod", "TELE_PERIOD", INT, 300, Between(0, 3_600), 0),
    ("pulse", "APP_PULSE", INT, 0, Between(0, 36_000), 0),
    ("poweratreset", "APP_PWR_AT_RST", INT, 2, OneOf("off", "on", "last_state"), 0),
    ("laststate", "APP_POWER", INT, 0, OneOf("off", "on"), HIDDEN),
    ("pubinterval", "MQTT_PUBINTERV", INT, 0, Between(0, 86_400), 0),
    ("otaurl", "OTA_URL", TEXT, "", Chars(0, 79), LOGIN | DEFAULT_BY_1),
    ("otaconfirm", "OTA_CONFIRM", INT, 0, OneOf("manual", "auto"), 0),
    ("otakey", "otakey.pem", FILE, "", KeyText(1_000), PUBLIC_KEY),
    ("timezone", "APP_TIMEZONE", TEXT, _EU, ZoneRule(63), GROUP | DEFAULT_BY_1),
    ("adminpass", "ADMIN_PASS", TEXT, "", Password(8, 63), SECRET | HASHED | DEFAULT_BY_1),
    ("loglevel", "LOG_LEVEL", INT, 1, OneOf("error", "info", "debug"), LOG),
    ("syslog", "LOG_SYSLOG", TEXT, "", Chars(0, 63), DEFAULT_BY_1),
    ("ntpserver", "NTP_SERVER", TEXT, "pool.ntp.org", Chars(1, 63), DEFAULT_BY_1),
)


def find(name):
    """The row of a setting, or None."""
    for row in SCHEMA:
        if row[NAME] == name:
            return row
    return None
