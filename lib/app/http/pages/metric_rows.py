"""The table of the metrics: what each one is called, what it means, and where it comes from."""

from app.identity import micropython_version
from config import product


def _build(status):
    return _info(
        version=product.VERSION, date=product.BUILD_DATE, micropython=micropython_version()
    )


def _memory(status):
    free = {"heap": status.memory.free_bytes, "internal": status.chip.internal_bytes()[0]}
    return _by("pool", free)


def _signal(status):
    rssi = status.wifi.rssi()
    return [] if rssi is None else rssi


def _info(**labels):
    return [(_labels(labels), 1)]


def _by(label, values):
    """Return [(labels, number), ...] of {value of the label: number}."""
    return [(_labels({label: key}), values[key]) for key in sorted(values)]


def _labels(labels):
    return "{" + ",".join('{}="{}"'.format(*item) for item in sorted(labels.items())) + "}"


# fmt: off
ROWS = (  # name, type, help, source, function of it: a number, or [(labels, number), ...]
    ("build_info", "gauge", "Version of the firmware; always 1.", "status", _build),
    ("uptime_seconds", "gauge", "Time since the start.",
     "status", lambda s: s.log.uptime_s()),
    ("reset_info", "gauge", "Cause of the last start; always 1.",
     "status", lambda s: _info(reason=s.chip.reset_cause())),
    ("safe_mode", "gauge", "1 in safe mode.",
     "status", lambda s: int(bool(s.safe_mode))),
    ("privacy", "gauge", "1 while privacy is on.",
     "status", lambda s: s.settings["privacy"]),
    ("component_restarts_total", "counter", "Restarts of components after an error.",
     "status", lambda s: _by("component", s.supervisor.restarts)),
    ("memory_free_bytes", "gauge", "Free memory.", "status", _memory),
    ("memory_largest_block_bytes", "gauge", "Largest free block of the chip's own memory.",
     "status", lambda s: s.chip.internal_bytes()[1]),
    ("wifi_joined", "gauge", "1 while a network is joined.",
     "status", lambda s: int(s.wifi.state == "joined")),
    ("wifi_rssi_dbm", "gauge", "Signal strength of the network.", "status", _signal),
    ("wifi_joins_total", "counter", "Times that a network was joined.",
     "status", lambda s: s.wifi.joins),
    ("mqtt_connected", "gauge", "1 while the broker is connected.",
     "status", lambda s: int(s.session.up.is_set())),
    ("mqtt_connects_total", "counter", "Connections to the broker.",
     "status", lambda s: s.session.connects),
    ("mqtt_commands_refused_total", "counter", "Commands refused as busy.",
     "status", lambda s: s.handler.refused),
    ("mqtt_pictures_total", "counter", "Pictures published.",
     "publisher", lambda p: p.sent),
    ("mqtt_pictures_failed_total", "counter", "Pictures that could not be published.",
     "publisher", lambda p: p.dropped),
    ("mqtt_picture_bytes_total", "counter", "Bytes of the pictures published.",
     "publisher", lambda p: p.sent_bytes),
    ("mqtt_picture_max_bytes", "gauge", "Largest picture to publish; 0: any size.",
     "publisher", lambda p: p.figures()["MaxBytes"]),
    ("mqtt_picture_quality", "gauge", "Quality of the published pictures; lower is better.",
     "publisher", lambda p: p.figures()["Quality"]),
    ("kept_pictures", "gauge", "Pictures kept until the broker is back.",
     "kept", lambda k: k.waiting),
    ("kept_pictures_sent_total", "counter", "Kept pictures that were sent.",
     "kept", lambda k: k.sent),
    ("kept_pictures_dropped_total", "counter", "Kept pictures that were dropped.",
     "kept", lambda k: k.dropped),
    ("push_pictures_total", "counter", "Pictures posted to pushurl.",
     "push", lambda p: p.sent),
    ("push_pictures_failed_total", "counter", "Pictures that pushurl did not accept.",
     "push", lambda p: p.failed),
    ("push_pictures_dropped_total", "counter", "Pictures taken while another was being posted.",
     "push", lambda p: p.dropped),
    ("live_seconds_left", "gauge", "Seconds left of the live view over MQTT.",
     "status", lambda s: s.live.left_s if s.live else 0),
    ("live_pictures_total", "counter", "Pictures sent by the live view over MQTT.",
     "status", lambda s: s.live.sent if s.live else 0),
    ("live_picture_bytes_total", "counter", "Bytes of these pictures.",
     "status", lambda s: s.live.sent_bytes if s.live else 0),
    ("motion", "gauge", "1 while there is motion.",
     "detection", lambda m: int(m.on)),
    ("motion_events_total", "counter", "Times that motion began.",
     "detection", lambda m: m.events),
    ("motion_pictures_total", "counter", "Pictures published around motion.",
     "detection", lambda m: m.pictures.sent),
    ("frames_total", "counter", "Pictures captured.",
     "status", lambda s: s.camera.captured),
    ("frames_dropped_total", "counter", "Pictures for which there was no memory.",
     "status", lambda s: s.frames.dropped),
    ("frame_bytes", "gauge", "Size of the newest picture.",
     "status", lambda s: s.frames.pool.last_bytes),
    ("capture_failures_total", "counter", "Captures without a picture.",
     "status", lambda s: _by("reason", s.camera.failures)),
    ("recoveries_total", "counter", "Attempts to recover the sensor.",
     "status", lambda s: _by("step", s.camera.recoveries)),
    ("stream_viewers", "gauge", "Viewers of the live stream.",
     "images", lambda i: i.viewers),
    ("rtsp_sessions", "gauge", "RTSP clients that play; they count as viewers.",
     "status", lambda s: s.rtsp_sessions() or 0),
    ("stream_skipped_total", "counter", "Pictures that slow viewers have missed.",
     "images", lambda i: i.skipped),
    ("http_responses_total", "counter", "Responses by status class.",
     "headers", lambda h: _by("class", h.sent)),
    ("auth_failures_total", "counter", "Wrong passwords.",
     "access", lambda a: a.failures),
    ("update_state_info", "gauge", "State of an update; always 1.",
     "updater", lambda u: _info(state=u.state)),
)
# fmt: on
