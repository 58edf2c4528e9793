"""Tells the broker about power and timer when they change by themselves or by the button."""


class PowerReport:
    """The retained state topics follow the output, whoever has switched it."""

    def __init__(self, power, session, door):
        self._power = power
        self._session = session
        self._door = door

    async def run(self):
        while True:
            await self._power.changed.wait()
            self._power.changed.clear()
            if self._session.up.is_set():  # else the greeting tells
                await self._door.report()
