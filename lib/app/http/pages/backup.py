"""Backup of the settings as JSON, for POST /api/settings of this camera or of another one."""

import json

from microdot import Response

from config import product
from proto.http import HTTPError

_FORMAT = 1
_NAME = 'attachment; filename="backup.json"'


class Backup:
    """The route `/api/backup`: a POST, because a GET may be cached, logged or linked to.

    Secrets are part of it only if the body has the admin password, even within a session: an open
    browser must not reveal them.
    """

    def __init__(self, settings, access, device_id):
        self._settings = settings
        self._access = access
        self._device_id = device_id

    async def backup(self, request):
        given = request.json
        password = given.get("password", "")
        if not isinstance(password, str) or not set(given) <= {"password"}:
            raise HTTPError(400, 'The body must be {} or {"password": "..."}.')
        if "password" in given:
            await self._authenticate(password, request.address)
        headers = {"Content-Type": "application/json; charset=UTF-8", "Content-Disposition": _NAME}
        return Response(self._parts("password" in given), headers=headers)

    async def _authenticate(self, password, address):
        """Raise HTTPError unless this is the admin password; guesses count as at the login."""
        if self._access.open:
            raise HTTPError(
                403, "Without an admin password there is no backup with secrets.", "Set one first."
            )
        if self._access.wait_s(address):
            raise HTTPError(429, "There were too many wrong passwords.")
        if not await self._access.is_password(password, address):
            raise HTTPError(403, "Wrong admin password.", "Enter it again.")

    def _parts(self, secrets):
        """Yield the parts of the JSON object; each setting is read when it is sent."""
        head = {"format": _FORMAT, "version": product.VERSION, "device_id": self._device_id}
        yield json.dumps(head)[:-1] + ', "settings": {'
        comma = ""
        for name, text in self._settings.backup(secrets):
            yield "{}\n{}: {}".format(comma, json.dumps(name), json.dumps(text))
            comma = ","
        yield "}}"
