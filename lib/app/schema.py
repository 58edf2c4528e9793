"""The table of settings: a row is the whole truth about one of them.

Masking, help, storage, documentation and tests are generated from these rows. Borrow this module
(aio.late): values are in RAM always, what may be said of them only while somebody asks.
"""

from micropython import const

from aio.late import borrow

NAMESPACE = "syscfg"

INT = const(0)  # stored in NVS as i32, as blob, or as a file of that name
TEXT = const(1)
FILE = const(2)

SECRET = const(1)  # shown as *** everywhere
GROUP = const(2)  # also allowed on the group topic
RESTART = const(4)  # takes effect by a restart
REJOIN = const(8)  # the Wi-Fi station joins anew
RECONNECT = const(16)  # the MQTT session connects anew
FRESH = const(32)  # forces a clean MQTT session (subscriptions of the old one would live on)
HIDDEN = const(64)  # not a command of its own
DEFAULT_BY_1 = const(128)  # the payload "1" restores the default
LOG = const(512)  # what the log keeps
DEVICE_ID_TOO = const(256)  # the default is also restored by the device id
CERTIFICATE = const(1024)  # a file that TLS has to be able to use
PUBLIC_KEY = const(2048)  # a file that is kept until a reset
HASHED = const(4096)  # kept as a salted hash
LOGIN = const(8192)  # an address that may hold a password

NAME = const(0)  # columns of a setting
KEY = const(1)
KIND = const(2)
DEFAULT = const(3)
CHECK = const(4)
FLAGS = const(5)

# name|NVS key or file (<= 15)|kind|default|check (of proto) and its limits|flags
_TABLE = """
ssid|STA_SSID|TEXT||checks.Chars 1 31|REJOIN DEFAULT_BY_1
password|STA_PASS|TEXT||checks.Passphrase|SECRET REJOIN DEFAULT_BY_1
ssid2|STA_SSID2|TEXT||checks.Chars 1 31|REJOIN DEFAULT_BY_1
password2|STA_PASS2|TEXT||checks.Passphrase|SECRET REJOIN DEFAULT_BY_1
ssid3|STA_SSID3|TEXT||checks.Chars 1 31|REJOIN DEFAULT_BY_1
password3|STA_PASS3|TEXT||checks.Passphrase|SECRET REJOIN DEFAULT_BY_1
apfallback|AP_FALLBACK|INT|180|checks.Between 0 3600|
apip|AP_IP|TEXT|192.168.1.1|checks.IPv4|DEFAULT_BY_1
appass|AP_PASS|TEXT||checks.Passphrase|SECRET DEFAULT_BY_1
apchannel|AP_CHANNEL|INT|1|checks.Between 1 13|
mqtthost|MQTT_HOST|TEXT||uri.BrokerURI 127|RECONNECT DEFAULT_BY_1
mqttport|MQTT_PORT|INT|0|checks.Between 0 65535|RECONNECT DEFAULT_BY_1
mqttuser|MQTT_USER|TEXT||checks.Chars 0 63|RECONNECT DEFAULT_BY_1
mqttpass|MQTT_PASS|TEXT||checks.Chars 0 127|SECRET RECONNECT DEFAULT_BY_1
mqttkeepalive|MQTT_KEEPALIVE|INT|120|checks.Between 10 3600|RECONNECT
mqttcleansession|MQTT_CLEANSESS|INT|1|checks.Between 0 1|RESTART
mqttsecurity|MQTT_SECURITY|INT|0|checks.OneOf plain tls|RECONNECT
mqttverify|MQTT_VERIFY|INT|0|checks.OneOf ca off|RECONNECT
mqttca|mqttca.pem|FILE||pem.CertificateText 8192|RECONNECT CERTIFICATE
topic|MQTT_TOPIC|TEXT|esp32-mqtt-cam|checks.TopicName 1 31|\
RESTART FRESH DEFAULT_BY_1 DEVICE_ID_TOO
grouptopic|MQTT_GRPTOPIC|TEXT|esp32-mqtt-cams|checks.TopicName 1 31|\
GROUP RESTART FRESH DEFAULT_BY_1 DEVICE_ID_TOO
mqttclientid|MQTT_CLIENT_ID|TEXT||checks.Chars 0 23|RECONNECT DEFAULT_BY_1
subtopic|MQTT_SUBTOPIC|TEXT|#|checks.Chars 1 31|RESTART DEFAULT_BY_1
teleperiod|TELE_PERIOD|INT|300|checks.Between 0 3600|
pulse|APP_PULSE|INT|0|checks.Between 0 36000|
poweratreset|APP_PWR_AT_RST|INT|2|checks.OneOf off on last_state|
laststate|APP_POWER|INT|0|checks.OneOf off on|HIDDEN
pubinterval|MQTT_PUBINTERV|INT|0|checks.Between 0 86400|
otaurl|OTA_URL|TEXT||checks.Chars 0 79|DEFAULT_BY_1 LOGIN
otaconfirm|OTA_CONFIRM|INT|0|checks.OneOf manual auto|
otakey|otakey.pem|FILE||checks.KeyText 1000|PUBLIC_KEY
timezone|APP_TIMEZONE|TEXT|CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00|\
posixtz.ZoneRule 63|GROUP DEFAULT_BY_1
adminpass|ADMIN_PASS|TEXT||checks.Password 8 63|SECRET DEFAULT_BY_1 HASHED
loglevel|LOG_LEVEL|INT|1|checks.OneOf error info debug|LOG
syslog|LOG_SYSLOG|TEXT||checks.Chars 0 63|DEFAULT_BY_1
ntpserver|NTP_SERVER|TEXT|pool.ntp.org|checks.Chars 1 63|DEFAULT_BY_1
"""  # one text: tuples of these take four times as much


def all_rows():
    """Each row as (name, key, kind, default, check, flags)."""
    for line in _TABLE.strip().split("\n"):
        yield _row(line)


def _row(line):
    name, key, kind, default, check, flags = line.split("|")
    kind = globals()[kind]
    if kind == INT:
        default = int(default)
    return name, key, kind, default, check, sum([globals()[flag] for flag in flags.split()])


def find(name):
    """The row of a setting, or None."""
    at = _TABLE.find("\n{}|".format(name)) + 1
    return _row(_TABLE[at : _TABLE.find("\n", at)]) if at else None


def choices(row):
    """The names of the values, in the order of their numbers; none where it is no choice."""
    what, *names = row[CHECK].split(" ")
    return names if what == "checks.OneOf" else ()


def check_of(row, kept):
    """The check of a setting, to be called with text; `kept` has modules that need no loading.

    Few rows are looked at at a time, and some checks are large: each is made when it is wanted.
    """
    what, *limits = row[CHECK].split(" ")
    module, _, kind = what.partition(".")
    checks = kept.get(module) or borrow("proto." + module)
    return getattr(checks, kind)(*[int(each) if each.isdigit() else each for each in limits])


def checks():
    """What to hand to check_of() for many rows: the module that most of them need."""
    return {"checks": borrow("proto.checks")}
