"""Starts the camera: Wi-Fi, then everything under lib/, which lib/app/system.py connects."""

import asyncio
import gc
import sys
import time

import esp
import machine
import micropython

_START_MS = 60_000
_PROMPT_MS = 3_600_000
_CTRL_C = 3
_STOPPED = "The camera has stopped (", "). It restarts in ", " s; press Ctrl-C to get the prompt."
_TOO_SMALL = "Its memory is too small: use a board with PSRAM and the camera's firmware image."
_PAUSES_S = (2, 2, 2, 2, 2, 2, 60, 300)  # by the failed starts in a row: the seventh is safe mode


def _run():
    """Run the camera; return the error that ended it, or None if it has been reported."""
    try:
        # Inside, because the copy of the application that runs may be broken. Wi-Fi comes first:
        # its buffers need internal RAM, which the heap takes while the application is imported.
        # bootnote is small, and _failed_starts needs it when memory is used up.
        from hal import bootnote, wifi  # noqa: F401

        try:
            wifi.start()
        except OSError as e:
            from app import nowifi  # lazy import: a camera whose Wi-Fi starts does not need it

            _open_prompt()
            return nowifi.wait(e)
        from app.system import System

        asyncio.run(System().start().run())
        return RuntimeError("the loop has ended")
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C on the UART, or mpremote; a soft reset
        raise
    except BaseException as e:  # CancelledError is not an Exception
        return e


def _restart(error):
    """Restart; boot.py counts it, and chooses another copy if it happens again and again."""
    if error:
        try:
            _forget_application()
        except Exception:  # its tasks stay, but the loop that they belong to has ended
            pass
        pause_s = _PAUSES_S[_failed_starts()]
        try:
            _open_prompt()
            _explain(error, pause_s)
        except Exception:  # there is no memory, even for the message
            pass
        _pause(pause_s)
    machine.reset()


def _forget_application():
    """Free the memory of the application, which has ended; the rest of the start needs some.

    MicroPython keeps the value of a deleted entry, and also does so when an import fails.
    """
    sys.modules["app.system"] = None
    for name in sys.modules:  # without a copy, which would need memory
        if name == "app" or name.startswith("app."):
            sys.modules[name] = None
            del sys.modules[name]
    gc.collect()
    asyncio.new_event_loop()  # the old one holds all tasks
    gc.collect()


def _explain(error, pause_s):
    """Print why the camera has stopped; formatting the text would need memory."""
    sys.print_exception(error)
    stopped, restarts, prompt = _STOPPED
    print(stopped, type(error).__name__, restarts, pause_s, prompt, sep="")
    if isinstance(error, MemoryError):
        print(_TOO_SMALL)


def _pause(pause_s):
    """Wait, and show on the LED that the camera has stopped, if there is memory for that."""
    try:
        from app import led  # lazy imports: only a failure needs them
        from config import board
        from hal.pins import Output

        led.hold(Output(board.LED, board.LED_ON), "stopped", 1_000 * pause_s)
    except Exception:
        time.sleep(pause_s)


def _failed_starts():
    """Return how many starts in a row have failed before this one, 0 to 7."""
    try:
        from hal import bootnote  # lazy import: only a failure needs it

        return bootnote.load().starts
    except Exception:  # the copy of the application that runs is broken, or memory is short
        return 0


def _open_prompt():
    """Let Ctrl-C lead to the prompt, with an hour for work there."""
    machine.WDT(timeout=_PROMPT_MS)  # it cannot be stopped
    micropython.kbd_intr(_CTRL_C)
    esp.osdebug(None)  # app.console mutes ESP-IDF's log


micropython.kbd_intr(-1)  # packets on the UART contain this byte; app.console handles Ctrl-C
machine.WDT(timeout=_START_MS)  # with Ctrl-C off, nothing else ends a start that hangs
try:
    _restart(_run())
except KeyboardInterrupt:
    _open_prompt()
