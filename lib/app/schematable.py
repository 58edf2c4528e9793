"""The table of settings; app.schema says what it means."""

# name|NVS key or file (<= 15)|kind|default|check (of proto) and its limits|flags
TABLE = """
ssid|STA_SSID|TEXT||texts.Chars 1 31|REJOIN DEFAULT_BY_1
password|STA_PASS|TEXT||texts.Passphrase|SECRET REJOIN DEFAULT_BY_1
ssid2|STA_SSID2|TEXT||texts.Chars 1 31|REJOIN DEFAULT_BY_1
password2|STA_PASS2|TEXT||texts.Passphrase|SECRET REJOIN DEFAULT_BY_1
ssid3|STA_SSID3|TEXT||texts.Chars 1 31|REJOIN DEFAULT_BY_1
password3|STA_PASS3|TEXT||texts.Passphrase|SECRET REJOIN DEFAULT_BY_1
apfallback|AP_FALLBACK|INT|180|numbers.Between 0 3600|
apip|AP_IP|TEXT|192.168.1.1|uri.IPv4|DEFAULT_BY_1
appass|AP_PASS|TEXT||texts.Passphrase|SECRET DEFAULT_BY_1
apchannel|AP_CHANNEL|INT|1|numbers.Between 1 13|
mqtthost|MQTT_HOST|TEXT||uri.BrokerURI 127|RECONNECT DEFAULT_BY_1
mqttport|MQTT_PORT|INT|0|numbers.Between 0 65535|RECONNECT DEFAULT_BY_1
mqttuser|MQTT_USER|TEXT||texts.Chars 0 63|RECONNECT DEFAULT_BY_1
mqttpass|MQTT_PASS|TEXT||texts.Chars 0 127|SECRET RECONNECT DEFAULT_BY_1
mqttkeepalive|MQTT_KEEPALIVE|INT|120|numbers.Between 10 3600|RECONNECT
mqttcleansession|MQTT_CLEANSESS|INT|1|numbers.Between 0 1|RESTART
mqttsecurity|MQTT_SECURITY|INT|0|numbers.OneOf plain tls|RECONNECT
mqttverify|MQTT_VERIFY|INT|0|numbers.OneOf ca off|RECONNECT
mqttca|mqttca.pem|FILE||pem.CertificateText 8192|RECONNECT CERTIFICATE
topic|MQTT_TOPIC|TEXT|esp32-mqtt-cam|texts.TopicName 1 31|\
RESTART FRESH DEFAULT_BY_1 DEVICE_ID_TOO
grouptopic|MQTT_GRPTOPIC|TEXT|esp32-mqtt-cams|texts.TopicName 1 31|\
GROUP RESTART FRESH DEFAULT_BY_1 DEVICE_ID_TOO
mqttclientid|MQTT_CLIENT_ID|TEXT||texts.Chars 0 23|RECONNECT DEFAULT_BY_1
subtopic|MQTT_SUBTOPIC|TEXT|#|texts.Chars 1 31|RESTART DEFAULT_BY_1
teleperiod|TELE_PERIOD|INT|300|numbers.Between 0 3600|
pulse|APP_PULSE|INT|0|numbers.Between 0 36000|
poweratreset|APP_PWR_AT_RST|INT|2|numbers.OneOf off on last_state|
laststate|APP_POWER|INT|0|numbers.OneOf off on|HIDDEN
pubinterval|MQTT_PUBINTERV|INT|0|numbers.Between 0 86400|
otaurl|OTA_URL|TEXT||texts.Chars 0 79|DEFAULT_BY_1 LOGIN
otaconfirm|OTA_CONFIRM|INT|0|numbers.OneOf manual auto|
otakey|otakey.pem|FILE||pem.KeyText 1000|PUBLIC_KEY
timezone|APP_TIMEZONE|TEXT|CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00|\
posixtz.ZoneRule 63|GROUP DEFAULT_BY_1
adminpass|ADMIN_PASS|TEXT||texts.Password 8 63|SECRET DEFAULT_BY_1 HASHED
loglevel|LOG_LEVEL|INT|1|numbers.OneOf error info debug|LOG
syslog|LOG_SYSLOG|TEXT||texts.Chars 0 63|DEFAULT_BY_1
ntpserver|NTP_SERVER|TEXT|pool.ntp.org|texts.Chars 1 63|DEFAULT_BY_1
"""  # one text: tuples of these take four times as much
