"""The camera as a device of Home Assistant, with its entities, for MQTT discovery.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

import json

from micropython import const

from app.identity import slug
from app.settings import schema
from config import product
from proto.params import CHOICES, limits_of

# sources
PICTURE, VIDEO, COMMAND, ACTION, SETTING, PARAMETER, FIGURE, EVENT = range(8)
UPDATE, LIGHT, MOTION = range(8, 11)

ENTITIES = (  # key, platform, name, category, source, its subject, more keys and their values
    ("camera", "camera", None, None, PICTURE, "topic", ()),
    ("picture", "image", "Picture", None, PICTURE, "image_topic",
     ("content_type", "image/jpeg")),
    ("live", "camera", "Live", None, VIDEO, "topic", ()),
    ("golive", "button", "Live for a minute", None, ACTION, "live",
     ("payload_press", "60", "icon", "mdi:video")),
    ("lamp", "light", "Lamp", None, LIGHT, "power", ("payload_on", "on", "payload_off", "off")),
    ("privacy", "switch", "Privacy", None, COMMAND, "privacy",
     ("payload_on", "on", "payload_off", "off", "icon", "mdi:eye-off")),
    ("motion", "binary_sensor", "Motion", None, MOTION, "MOTION",
     ("device_class", "motion", "payload_on", "on", "payload_off", "off")),
    ("detection", "select", "Motion detection", "config", SETTING, "motion",
     ("icon", "mdi:motion-sensor")),
    ("button", "event", "Button", None, EVENT, "button", ("device_class", "button")),
    ("capture", "button", "Take a picture", None, ACTION, "capture", ("icon", "mdi:camera")),
    ("restart", "button", "Restart", "config", ACTION, "restart", ("device_class", "restart")),
    ("firmware", "update", "Firmware", "config", UPDATE, "upgrade",
     ("device_class", "firmware", "payload_install", "1")),
    ("keep", "button", "Keep firmware", "config", ACTION, "mqttotaconfirm",
     ("icon", "mdi:check-decagram")),
    ("setup", "button", "Open access point", "config", ACTION, "smartconfig",
     ("icon", "mdi:wifi-cog", "enabled_by_default", False)),
    ("interval", "number", "Picture every", "config", SETTING, "pubinterval",
     ("mode", "box", "unit_of_measurement", "s", "icon", "mdi:timer")),
    ("sleep", "number", "Deep sleep", "config", SETTING, "deepsleep",
     ("mode", "box", "unit_of_measurement", "s", "icon", "mdi:sleep")),
    ("flash", "switch", "Flash", "config", COMMAND, "flash",
     ("payload_on", "on", "payload_off", "off", "icon", "mdi:flash")),
    ("limit", "number", "Largest picture", "config", SETTING, "pubmaxbytes",
     ("mode", "box", "unit_of_measurement", "B", "icon", "mdi:image-size-select-small",
      "enabled_by_default", False)),
    ("size", "select", "Size", "config", PARAMETER, "framesize", ()),
    ("quality", "number", "Compression", "config", PARAMETER, "quality", ()),
    ("brightness", "number", "Brightness", "config", PARAMETER, "brightness", ()),
    ("contrast", "number", "Contrast", "config", PARAMETER, "contrast", ()),
    ("saturation", "number", "Saturation", "config", PARAMETER, "saturation", ()),
    ("exposure", "number", "Exposure level", "config", PARAMETER, "ae_level", ()),
    ("effect", "select", "Effect", "config", PARAMETER, "special_effect", ()),
    ("light", "select", "White balance", "config", PARAMETER, "wb_mode", ()),
    ("mirror", "switch", "Mirror", "config", PARAMETER, "hmirror", ()),
    ("flip", "switch", "Upside down", "config", PARAMETER, "vflip", ()),
    ("night", "switch", "Night mode", "config", PARAMETER, "nightmode", ()),
    ("signal", "sensor", "Wi-Fi signal", "diagnostic", FIGURE, "value_json.Wifi.Signal",
     ("device_class", "signal_strength", "unit_of_measurement", "dBm",
      "state_class", "measurement")),
    ("uptime", "sensor", "Uptime", "diagnostic", FIGURE, "value_json.UptimeSec",
     ("device_class", "duration", "unit_of_measurement", "s")),
    ("address", "sensor", "Address", "diagnostic", FIGURE, "value_json.IPAddress",
     ("icon", "mdi:ip-network")),
    ("started", "sensor", "Restart reason", "diagnostic", FIGURE, "value_json.RestartReason", ()),
    ("error", "sensor", "Last error", "diagnostic", FIGURE,
     "(value_json.LastError or 'none')[:255]", ()),
    ("frames", "sensor", "Frames", "diagnostic", FIGURE, "value_json.Camera.Captured",
     ("state_class", "total_increasing")),
    ("published", "sensor", "Published picture", "diagnostic", FIGURE, "value_json.Picture.Bytes",
     ("device_class", "data_size", "unit_of_measurement", "B", "state_class", "measurement",
      "enabled_by_default", False)),
    ("failures", "sensor", "Failed frames", "diagnostic", FIGURE, "value_json.Camera.Failed",
     ("state_class", "total_increasing")),
    ("memory", "sensor", "Free memory", "diagnostic", FIGURE, "value_json.Heap",
     ("device_class", "data_size", "unit_of_measurement", "B", "state_class", "measurement",
      "enabled_by_default", False)),
    ("problem", "binary_sensor", "Camera", "diagnostic", FIGURE,
     "'OFF' if value_json.Camera.State in ('ready', 'starting', 'off') else 'ON'",
     ("device_class", "problem")),
)  # fmt: skip
_LATE_S = const(300)
_EVENTS = {"button": ("press", "four_presses")}


class Device:
    """The discovery message, made in pieces: `len` and `piece` are all that is needed to send it.

    mac: six bytes. offered: the names of the parameters that the camera has. chip: its sensor. The
    pieces stay the same as long as the settings do. `detects` is True if motion is an entity.
    """

    def __init__(self, settings, topics, mac, address, offered, chip=""):
        self._topics = topics
        self._settings = settings
        self._name = settings["name"] or settings["topic"]
        self._mac = ":".join("{:02x}".format(byte) for byte in mac)
        self._address = address
        self._chip = chip
        self.detects = bool(settings["motion"])
        self._entities = [row for row in ENTITIES if row[4] != PARAMETER or row[5] in offered]

    def __len__(self):
        return len(self._entities) + 2

    def piece(self, number):
        """Return piece `number` of the JSON text, as bytes."""
        if not number:
            return self._head().encode()
        if number > len(self._entities):
            return b"}}"
        row = self._entities[number - 1]
        text = '{}"{}": {}'.format(
            ", " if number > 1 else "", row[0], json.dumps(self._entity(row))
        )
        return text.encode()

    def _head(self):
        """Return the text before the first entity."""
        head = {
            "dev": {
                "ids": [self._topics.device_id],
                "cns": [["mac", self._mac]],
                "name": self._name,
                "mf": "AI-Thinker",
                "mdl": "ESP32-CAM",
                "sw": product.VERSION,
                "cu": "http://{}/".format(self._address),
            },
            "o": {"name": product.NAME, "sw": product.VERSION},
            "avty_t": self._topics.lwt.decode(),
            "pl_avail": "Online",
            "pl_not_avail": "Offline",
        }
        if self._settings["deepsleep"]:  # then it is available while it is Sleeping
            head["avty_tpl"] = "{{ 'Offline' if value == 'Offline' else 'Online' }}"
        return json.dumps(head)[:-1] + ', "cmps": {'

    def _suit_sleep(self, entity, source):
        """Let the broker keep commands, and telemetry expire, as the battery may be empty then."""
        if "command_topic" in entity:
            entity["qos"] = 1
        if source == FIGURE:
            asleep, awake = self._settings["deepsleep"], self._settings["teleperiod"]
            entity["expire_after"] = 3 * asleep + 2 * awake + _LATE_S

    def _entity(self, row):
        key, platform, name, category, source, subject, more = row
        if source == MOTION and not self.detects:
            return {"p": platform}  # Home Assistant removes it
        entity_id = "{}_{}".format(slug(self._name, "_") or self._topics.device_id, key).lower()
        entity = {
            "p": platform,
            "name": name,
            "unique_id": "{}_{}".format(self._topics.device_id, key),
            "object_id": entity_id,
            "default_entity_id": "{}.{}".format(platform, entity_id),
        }
        if category:
            entity["entity_category"] = category
        _ADD[source](entity, self._topics, platform, subject)
        if self._settings["deepsleep"]:
            self._suit_sleep(entity, source)
        if source == PARAMETER and platform == "number":
            entity["min"], entity["max"] = limits_of(subject, self._chip)
            entity["step"] = 1
        for at in range(0, len(more), 2):
            entity[more[at]] = more[at + 1]
        return entity


def _picture(entity, topics, platform, key):
    entity[key] = topics.image.decode()


def _video(entity, topics, platform, key):
    entity[key] = topics.live.decode()


def _command(entity, topics, platform, name):
    entity["state_topic"] = topics.stat(name).decode()
    entity["command_topic"] = topics.cmnd(name)


def _light(entity, topics, platform, name):
    _command(entity, topics, platform, name)
    entity["brightness_state_topic"] = topics.stat("lamplevel").decode()
    entity["brightness_command_topic"] = topics.cmnd("lamplevel")
    entity["brightness_scale"] = 100


def _action(entity, topics, platform, name):
    entity["command_topic"] = topics.cmnd(name)
    entity["payload_press"] = "1"


def _setting(entity, topics, platform, name):
    _command(entity, topics, platform, name)
    row = schema.find(name)
    if platform == "select":
        entity["options"] = schema.choices(row)
    else:
        check = row[schema.CHECK]
        entity.update({"min": check.low, "max": check.high, "step": 1})


def _parameter(entity, topics, platform, name):
    _command(entity, topics, platform, "camera")
    value = "value_json." + name
    if platform == "switch":
        for key, number in (("on", 1), ("off", 0)):
            entity["payload_" + key] = json.dumps({name: number})
            entity["state_" + key] = str(number)
    elif platform == "select":
        entity["options"] = CHOICES[name]
        value = "{}[{}]".format(json.dumps(CHOICES[name]), value)
        entity["command_template"] = '{{"{}": "{{{{ value }}}}"}}'.format(name)
    else:
        entity["command_template"] = '{{"{}": {{{{ value }}}}}}'.format(name)
    entity["value_template"] = "{{ " + value + " }}"


def _figure(entity, topics, platform, value):
    entity["state_topic"] = topics.tele("STATE").decode()
    entity["value_template"] = "{{ " + value + " }}"


def _motion(entity, topics, platform, name):
    entity["state_topic"] = entity["json_attributes_topic"] = topics.tele(name).decode()
    entity["value_template"] = "{{ value_json.State }}"


def _event(entity, topics, platform, name):
    entity["state_topic"] = topics.stat(name).decode()
    entity["event_types"] = _EVENTS[name]


def _update(entity, topics, platform, name):
    entity["state_topic"] = topics.stat("update").decode()
    entity["command_topic"] = topics.cmnd(name)
    # Home Assistant refuses the whole message if any text in it is null
    entity["value_template"] = "{{ dict(value_json.items() | rejectattr(1, 'none')) | to_json }}"


_ADD = (
    _picture,
    _video,
    _command,
    _action,
    _setting,
    _parameter,
    _figure,
    _event,
    _update,
    _light,
    _motion,
)  # by source
