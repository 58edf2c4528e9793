"""Show and record the live view of a camera, through its broker.

    .venv/bin/python tools/live.py --broker mqtt://host --device DVES_A1B2C3
    .venv/bin/python tools/live.py --broker mqtt://host --topic porch --record porch.mp4

The page is on this computer only. The camera sends pictures while a page is open, or while
they are recorded. Ctrl-C ends the live view.

Exit status: 0 success, 1 refused or failed, 2 wrong arguments, 3 no response.
"""

import argparse
import contextlib
import signal
import sys
import time
import webbrowser

import brokerlink
from encoder import Encoder, EncoderError
from liveview.keeper import Keeper
from liveview.newest import Newest
from liveview.recorder import Recorder
from liveview.server import Server
from progress import CONSOLE

_PORT = 8071
_FPS = 0.1, 30  # pictures per second, as the camera accepts them
_STOP_S = 5


def _rate(text):
    low, high = _FPS
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not low <= rate <= high:
        raise argparse.ArgumentTypeError(f"a number from {low:g} to {high}")
    return rate


def _seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not seconds > 0:
        raise argparse.ArgumentTypeError("a number of seconds above 0")
    return seconds


def parser():
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="live.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    brokerlink.add_arguments(made)
    made.add_argument("--fps", type=_rate, default=5, help="pictures per second (default: 5)")
    made.add_argument("--port", type=int, default=_PORT, help=f"port of the page ({_PORT})")
    made.add_argument("--open", action="store_true", help="open the page in the browser")
    made.add_argument("--record", metavar="FILE", help="record a video, such as porch.mp4")
    made.add_argument("--seconds", type=_seconds, help="end after this time (default: Ctrl-C)")
    made.add_argument("--force", action="store_true", help="replace FILE if it exists")
    return made


def run(args):
    """Show the live view until Ctrl-C or `--seconds`; raise BrokerError or EncoderError."""
    newest, recorder = Newest(), None
    with contextlib.ExitStack() as stack:
        encoder = Encoder(args.record, force=args.force) if args.record else None
        link = stack.enter_context(brokerlink.BrokerLink(args))
        server = stack.enter_context(Server(newest, link.find_topic(), args.port))
        if encoder:
            recorder = stack.enter_context(Recorder(newest, encoder))

        def is_wanted():
            return recorder or server.viewers

        keeper = Keeper(link, newest, args.fps, is_wanted)
        keeper.subscribe()
        try:
            CONSOLE.print(f"{link.topic}: {server.url} (Ctrl-C ends it)")
            if args.open:
                webbrowser.open(server.url)
            _show(keeper, newest, recorder, is_wanted, args.seconds)
        except KeyboardInterrupt:
            pass
        finally:
            newest.end()
            keeper.stop(_STOP_S)
    if recorder:
        _summarize(recorder, args.record)


def _show(keeper, newest, recorder, is_wanted, seconds):
    until = time.monotonic() + seconds if seconds else None
    with CONSOLE.status("") as line:
        while until is None or time.monotonic() < until:
            keeper.step()
            line.update(describe(newest, recorder, is_wanted()))
            if recorder and recorder.error:
                return


def describe(newest, recorder, is_wanted):
    """Return the line that shows what happens."""
    state = newest.state()
    if state["problem"]:
        return state["problem"]
    if not is_wanted:
        return "no viewer"
    if state["fps"]:
        text = f"{state['fps']} pictures per second"
    elif state["age_s"] is not None:
        text = f"the newest picture is {state['age_s']:.0f} s old"
    else:
        text = "waiting for a picture"
    return text + (f", {recorder.pictures} recorded" if recorder else "")


def _summarize(recorder, name):
    """Say what was recorded; raise EncoderError if nothing was."""
    if recorder.error:
        raise recorder.error
    if not recorder.pictures:
        raise EncoderError("no picture arrived, so there is no video")
    CONSOLE.print(f"{name}: {recorder.pictures} pictures")


def main(arguments=None):
    args = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C
    try:
        run(args)
    except (brokerlink.BrokerError, EncoderError) as error:
        print(f"live.py: {error}", file=sys.stderr)
        return getattr(error, "status", 1)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
