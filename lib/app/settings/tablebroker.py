"""Settings of the broker and of topics; app.settings.schema says what a row means."""

# name|NVS key or file (<= 15)|kind|default|check (of proto) and its limits|flags
ROWS = """
mqtthost|MQTT_HOST|text||uri.BrokerURI 127|reconnect default_by_1
mqttport|MQTT_PORT|int|0|numbers.Between 0 65535|reconnect default_by_1
mqttuser|MQTT_USER|text||texts.Chars 0 63|reconnect default_by_1
mqttpass|MQTT_PASS|text||texts.Chars 0 127|secret reconnect default_by_1
mqttkeepalive|MQTT_KEEPALIVE|int|120|numbers.Between 10 3600|reconnect
mqttcleansession|MQTT_CLEANSESS|int|1|numbers.Between 0 1|restart
mqttsecurity|MQTT_SECURITY|int|0|numbers.OneOf plain tls|reconnect
mqttverify|MQTT_VERIFY|int|0|numbers.OneOf ca off|reconnect
mqttca|mqttca.pem|file||pem.CertificateText 8192|reconnect certificate
topic|MQTT_TOPIC|text|esp32-mqtt-cam|texts.TopicName 1 31|\
restart fresh default_by_1 device_id_too
grouptopic|MQTT_GRPTOPIC|text|esp32-mqtt-cams|texts.TopicName 1 31|\
group restart fresh default_by_1 device_id_too
mqttclientid|MQTT_CLIENT_ID|text||texts.Chars 0 23|reconnect default_by_1
subtopic|MQTT_SUBTOPIC|text|#|texts.Chars 1 31|restart default_by_1
"""  # one text: tuples of these take four times as much
