"""Settings of Wi-Fi and access point; app.settings.schema says what a row means."""

# name|NVS key or file (<= 15)|kind|default|check (of proto) and its limits|flags
ROWS = """
ssid|STA_SSID|text||texts.Chars 1 31|rejoin default_by_1
password|STA_PASS|text||texts.Passphrase 8 63|secret rejoin default_by_1
ssid2|STA_SSID2|text||texts.Chars 1 31|rejoin default_by_1
password2|STA_PASS2|text||texts.Passphrase 8 63|secret rejoin default_by_1
ssid3|STA_SSID3|text||texts.Chars 1 31|rejoin default_by_1
password3|STA_PASS3|text||texts.Passphrase 8 63|secret rejoin default_by_1
apfallback|AP_FALLBACK|int|180|numbers.Between 0 3600|
apip|AP_IP|text|192.168.1.1|numbers.IPv4|default_by_1
appass|AP_PASS|text||texts.Passphrase 8 63|secret default_by_1
apchannel|AP_CHANNEL|int|1|numbers.Between 1 13|
"""  # one text: tuples of these take four times as much
