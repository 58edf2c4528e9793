"""The API: settings, camera parameters, commands, log, networks and updates as JSON."""

import json

from microdot import Response

from app.settings import schema
from config import limits
from proto.http import HTTPError
from proto.params import FRAMESIZES, PARAMS, choices_of, limits_of
from proto.posixtz import SECONDS_TO_2000
from proto.values import BadArgument, UnknownCommand

_JSON = "application/json; charset=UTF-8"  # as microdot names it for a dictionary


class API:
    """Routes of the API, which config/openapi.yaml describes, and of uploads."""

    def __init__(self, settings, commands, wifi, status, updater):
        self._settings = settings
        self._commands = commands
        self._wifi = wifi
        self._status = status
        self._updater = updater

    def add_routes(self, app):
        app.get("/api/settings")(self.settings)
        app.post("/api/settings")(self.set_settings)
        app.get("/api/camera")(self.camera)
        app.post("/api/camera")(self.set_camera)
        app.post("/api/command")(self.command)
        app.post("/api/time")(self.set_time)
        app.get("/api/motion")(self.motion)
        app.get("/api/log")(self.log)
        app.get("/api/networks")(self.networks)
        app.post("/update")(self.update)

    # Settings

    async def settings(self, request):
        rows = (self._setting(row, text) for row, text in self._settings.all())
        return _list("settings", rows)

    def _setting(self, row, text):
        check, names = row[schema.CHECK], schema.choices(row)
        default, flags = row[schema.DEFAULT], row[schema.FLAGS]
        found = {
            "name": row[schema.NAME],
            "kind": "text",
            "value": text,
            "allowed": str(check),
            "default": names[default] if names else str(default),
            "restarts": bool(flags & schema.RESTART),
            "group": row[schema.GROUP_TITLE],
            "label": row[schema.LABEL],
            "about": row[schema.ABOUT],
        }
        if flags & schema.SECRET or row[schema.KIND] == schema.FILE:
            found["kind"] = "file" if row[schema.KIND] == schema.FILE else "secret"
            found["value"] = None
            found["set"] = bool(self._settings[row[schema.NAME]])
        elif names:
            found["kind"] = "choice"
            found["options"] = names
        elif row[schema.KIND] == schema.INT:
            found["kind"] = "number"
            found["low"], found["high"] = check.low, check.high
        return found

    async def set_settings(self, request):
        """Set all that are given, or none; the response has the fault of each."""
        given = _object(request, limits.HTTP_SETTINGS_BYTES)
        wanted = {name: _text(name, value) for name, value in given.items()}
        faults, saved, restarts, removed = await self._settings.apply(wanted)
        if faults:
            what = "Nothing was changed: {}.".format(", ".join(sorted(faults)))
            return {"error": what, "faults": faults}, 400
        response = {"restarts": restarts, "saved": saved}
        if removed:
            response["removed"] = removed
        return response

    # Camera parameters

    async def camera(self, request):
        """Return all parameters; the value of one that this camera lacks is null."""
        camera = self._status.camera
        values = camera.values()
        return _list("parameters", (_parameter(row, values, camera.chip) for row in PARAMS))

    async def set_camera(self, request):
        """Set all that are given, or none."""
        try:
            await self._commands.call("camera", json.dumps(_object(request)))
        except BadArgument as e:
            raise HTTPError(400, str(e)) from None
        return {"values": self._status.camera.values()}

    # Commands

    async def command(self, request):
        """Run a command as MQTT and the consoles do."""
        given = _object(request)
        name = given.get("command")
        if not isinstance(name, str) or not set(given) <= {"command", "argument"}:
            raise HTTPError(400, 'The body must be {"command": "...", "argument": "..."}.')
        argument = _text("argument", given.get("argument", ""))
        try:
            reply, text, _ = await self._commands.call(name, argument)
        except UnknownCommand:
            raise HTTPError(404, "There is no such command; the command help lists all.") from None
        except BadArgument as e:
            raise HTTPError(400, "{}: {}".format(name, e)) from None
        if text is None:  # the reply comes when the work is done
            text = "reply follows on " + self._status.topics.stat(reply).decode()
        return {"command": reply, "reply": text}

    # State

    async def motion(self, request):
        """Return the mask, and what the newest picture shows."""
        mask, mode = self._settings["motionmask"], self._settings.show("motion")
        return dict(self._status.motion_shown(), mask=mask, mode=mode)

    async def set_time(self, request):
        """Accept the browser's time, unless the camera has one already."""
        given = _object(request)
        seconds = given.get("time")
        if set(given) != {"time"} or type(seconds) is not int:
            raise HTTPError(400, 'The body must be {"time": seconds since 1970}.')
        try:
            accepted = self._status.clock.accept(seconds - SECONDS_TO_2000)
        except ValueError:
            text = "This time is implausible; check the clock of this device."
            raise HTTPError(400, text) from None
        return {"accepted": accepted}

    async def log(self, request):
        """Return the lines of the log, the oldest first, with the clock time of each."""
        levels = schema.choices(schema.find("loglevel"))
        uptime_s, clock = self._status.log.uptime_s(), self._status.clock
        rows = (
            {
                "number": number,
                "level": levels[level],
                "time": clock.iso_if_set(int(line.split(" ", 1)[0]) - uptime_s),
                "line": line,
            }
            for number, level, line in self._status.log.since(0)
        )
        return _list("lines", rows)

    async def networks(self, request):
        """Return the Wi-Fi networks in range, the strongest first."""
        found = await self._wifi.scan()
        rows = ({"ssid": n, "signal": rssi, "secured": bool(key)} for n, rssi, key in found)
        return _list("networks", rows)

    # Updates

    async def update(self, request):
        """Install the update in the body; the old firmware stays unless all of it is valid."""
        body, force = request.stream, _flag(request, "force") or False
        keep = _flag(request, "keep")
        request.sock[1].busy_for(None)  # an update gives way to no other connection
        status, text = await self._updater.upload(body.readinto, body.left, force, keep)
        return {"message" if status == 200 else "error": text}, status


def _flag(request, name):
    """Return an argument of the query as True or False; None if it is not given."""
    text = request.args.get(name)
    if text not in (None, "0", "1"):
        raise HTTPError(400, "{} must be 0 or 1.".format(name))
    return text and text == "1"


def _parameter(row, values, chip):
    name, _, _, initial = row
    low, high = limits_of(name, chip)
    found = {"name": name, "value": values.get(name), "low": low, "high": high, "default": initial}
    if name == "framesize":
        found["options"] = ["{} x {}".format(width, height) for _, width, height in FRAMESIZES]
    elif choices_of(name, chip):
        found["options"] = choices_of(name, chip)
    return found


def _list(name, values):
    """Return a response with one list, whose values are made as they are sent."""
    return Response(_list_parts(name, values), headers={"Content-Type": _JSON})


def _list_parts(name, values):
    yield '{{"{}": ['.format(name)
    comma = ""
    for value in values:
        yield comma
        yield json.dumps(value)
        comma = ",\n"
    yield "]}"


def _object(request, limit=limits.HTTP_JSON_BYTES):
    """Return the JSON object in the body of a request; raises HTTPError."""
    if request.content_length > limit:
        raise HTTPError(413, "The body has more than {} bytes.".format(limit))
    return request.json


def _text(name, value):
    """Return a value as the text that commands and settings accept."""
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, (int, float, str)):
        return str(value)
    raise HTTPError(400, "{}: must be a text, a whole number, true or false.".format(name))
