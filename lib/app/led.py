"""The status LED: patterns as data, one for each state, and short ones for events."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

_TICK_MS = const(20)

# A pattern is ((level, ms), ...); 0 ms lasts until the state changes
STEADY = ((1, 0),)
OFF = ((0, 0),)
SLOW_BLINK = ((1, 800), (0, 800))  # 0.625 Hz, half on, half off
BLINK = ((1, 400), (0, 400))
FAST_BLINK = ((1, 100), (0, 100))  # toggles every 100 ms
SLOW_FLASH = ((1, 100), (0, 1_500))  # 100 ms on, with the period of the slow blink
FAST_FLASH = ((1, 100), (0, 100))
DOUBLE_FLASH = ((1, 100), (0, 200), (1, 100), (0, 1_600))
TRIPLE_FLASH = ((1, 100), (0, 200), (1, 100), (0, 200), (1, 100), (0, 1_300))
QUADRUPLE_FLASH = ((1, 100), (0, 200)) * 3 + ((1, 100), (0, 1_000))

STATES = {  # state of the camera -> pattern, repeated
    "start": STEADY,
    "no Wi-Fi": TRIPLE_FLASH,
    "stopped": QUADRUPLE_FLASH,
    "joining": SLOW_BLINK,
    "connecting": SLOW_FLASH,
    "connected": OFF,
    "access point": FAST_FLASH,
    "update": BLINK,
    "safe mode": DOUBLE_FLASH,
    "erasing": STEADY,
}
EVENTS = {  # event -> pattern, number of times
    "command": (BLINK, 2),
    "syntax": (FAST_BLINK, 4),
    "press": (BLINK, 1),
}


class LED:
    """Shows `state()`, a key of STATES; the blinks of events come first."""

    def __init__(self, output, state, tick_ms=_TICK_MS):
        self._output = output
        self._state = state
        self._tick_ms = tick_ms
        self._events = []

    def show(self, event):
        """Blink for a key of EVENTS; the same event is queued once."""
        if event not in self._events:
            self._events.append(event)

    async def run(self):
        try:
            while True:
                if self._events:
                    await self._blink(self._events[0])
                    self._events.pop(0)
                else:
                    await self._hold(self._state())
        finally:
            self._output.set(False)

    async def _blink(self, event):
        pattern, times = EVENTS[event]
        self._output.set(False)
        await asyncio.sleep_ms(pattern[-1][1] // 2)  # so that it stands out if the LED is lit
        for _ in range(times):
            for level, ms in pattern:
                self._output.set(level)
                await asyncio.sleep_ms(ms)

    async def _hold(self, state):
        """Show a state's pattern once; another state or an event cuts it short."""
        for level, ms in STATES[state]:
            self._output.set(level)
            started = ticks_ms()
            while not ms or ticks_diff(ticks_ms(), started) < ms:
                await asyncio.sleep_ms(self._tick_ms)
                if self._events or self._state() != state:
                    return


def hold(output, state, ms):
    """Show a key of STATES for `ms`, when no loop runs; nothing else happens meanwhile."""

    async def show():
        try:
            await asyncio.wait_for_ms(LED(output, lambda: state).run(), ms)
        except asyncio.TimeoutError:
            pass

    asyncio.run(show())


class LEDState:
    """Chooses the state that the LED shows; components made later are set as attributes."""

    def __init__(self, wifi):
        self._wifi = wifi
        self.session = self.restart = self.updater = self.safe_mode = None

    def now(self):
        """Return a key of STATES."""
        if self.restart and self.restart.erasing:
            return "erasing"
        if self.updater and self.updater.state != "idle":
            return "update"
        if self.safe_mode:
            return "safe mode"
        if self._wifi.ap_open:
            return "access point"
        if self._wifi.state != "joined":
            return "joining"
        return "connected" if self.session and self.session.up.is_set() else "connecting"
