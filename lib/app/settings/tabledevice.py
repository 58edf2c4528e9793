"""Settings of what the camera does; app.settings.schema says what a row means."""

# name|NVS key or file (<= 15)|kind|default|check (of proto) and its limits|flags
ROWS = """
teleperiod|TELE_PERIOD|int|300|numbers.Between 0 3600|
pulse|APP_PULSE|int|0|numbers.Between 0 36000|
poweratreset|APP_PWR_AT_RST|int|2|numbers.OneOf off on last_state|
laststate|APP_POWER|int|0|numbers.OneOf off on|hidden
pubinterval|MQTT_PUBINTERV|int|0|numbers.Between 0 86400|
otaurl|OTA_URL|text||texts.Chars 0 79|default_by_1 login
otaconfirm|OTA_CONFIRM|int|0|numbers.OneOf manual auto|
otakey|otakey.pem|file||pem.KeyText 1000|public_key
timezone|APP_TIMEZONE|text|CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00|\
zonerule.ZoneRule 63|group default_by_1
adminpass|ADMIN_PASS|text||texts.Password 8 63|secret default_by_1 hashed
loglevel|LOG_LEVEL|int|1|numbers.OneOf error info debug|log
syslog|LOG_SYSLOG|text||texts.Chars 0 63|default_by_1
ntpserver|NTP_SERVER|text|pool.ntp.org|texts.Chars 1 63|default_by_1
"""  # one text: tuples of these take four times as much
