"""Store the pictures that a camera publishes, and make a time-lapse video of them.

    .venv/bin/python tools/timelapse.py collect FOLDER --broker mqtt://host --topic porch
    .venv/bin/python tools/timelapse.py video FOLDER OUT.mp4 --fps 25 --from 2026-11-27T06:00

`collect` runs until Ctrl-C and can be started again at any time. With the camera's setting `meta`
on, the pictures are stored by the time of their exposure, and checked.

Exit status: 0 success, 1 refused or failed, 2 wrong arguments, 3 no response.
"""

import argparse
import contextlib
import signal
import sys
from datetime import date, datetime, timedelta

import brokerlink
from encoder import Encoder, EncoderError
from progress import CONSOLE, CountBar
from stills.collector import Collector
from stills.folder import PictureFolder
from stills.jpegs import is_whole, size

_TURN_S = 0.5
_TURNS = {90: ["transpose=clock"], 180: ["hflip", "vflip"], 270: ["transpose=cclock"]}
_FPS = 1, 120


class TimelapseError(Exception):
    """There is nothing to do; the text is for people."""


def collect(args):
    """Store pictures until Ctrl-C, or until there are `--count`."""
    folder = PictureFolder(args.folder)
    folder.create()
    collector = Collector(folder)
    with brokerlink.BrokerLink(args) as link:
        link.find_topic()
        meta, image = link.name("data", "meta"), link.name("data", "image")
        will = link.name("tele", "LWT")
        link.subscribe("tele", "LWT")
        link.subscribe("data", "meta", "image")  # in this order: it precedes its picture
        CONSOLE.print(f"{link.topic}: pictures go to {folder.path} (Ctrl-C ends it)")
        offline = False
        with CONSOLE.status("") as line:
            while not args.count or collector.stored < args.count:
                line.update(_text(collector, offline))
                message = link.next(_TURN_S)
                if not message:
                    continue
                if message.topic == meta:
                    collector.take_meta(message.payload)
                elif message.topic == image:
                    collector.take_picture(message.payload, message.retain)
                elif message.topic == will:
                    offline = message.payload == b"Offline"
    CONSOLE.print(_text(collector, False))


def _text(collector, offline):
    """Return the line that shows what happens."""
    if offline:
        return f"{collector.stored} stored; the camera is offline; waiting for it"
    if not (collector.stored or collector.refused or collector.duplicates):
        return "no picture yet; the camera publishes one every pubinterval seconds (0: none)"
    parts = [f"{collector.stored} stored, {collector.bytes / 1e6:.1f} MB"]
    if collector.last:
        parts.append(f"the last from {collector.last.astimezone():%Y-%m-%d %H:%M:%S}")
    if collector.duplicates:
        parts.append(f"{collector.duplicates} already stored")
    if collector.refused:
        parts.append(f"{collector.refused} refused: {collector.refusal}")
    return "; ".join(parts)


def video(args):
    """Make a video; raise TimelapseError or EncoderError."""
    folder = PictureFolder(args.folder)
    paths = folder.select(args.since, args.until)
    if not paths:
        raise TimelapseError(f"{folder.path}: no pictures in that time; is it the right folder?")
    first = next((jpeg for path in paths if is_whole(jpeg := path.read_bytes())), None)
    if not first:
        raise TimelapseError(f"{folder.path}: no picture is whole, so there is no video")
    filters = [*_fit(first), *_TURNS.get(args.rotate, ())]
    damaged = []
    with (
        Encoder(args.output, args.fps, filters, args.force) as encoder,
        CountBar(args.output, len(paths)) as bar,
    ):
        for number, path in enumerate(paths, 1):
            jpeg = path.read_bytes()
            if is_whole(jpeg):
                encoder.write(jpeg)
            else:
                damaged.append(path.name)
            bar.show(number)
    if damaged:
        CONSOLE.print(f"left out {len(damaged)} that are damaged, such as {damaged[0]}")
    seconds = encoder.written / args.fps
    CONSOLE.print(f"{args.output}: {encoder.written} pictures, {seconds:.1f} s")


def _fit(jpeg):
    """Return the filters that make all pictures as large as this one; a codec needs even sizes."""
    width, height = (max(2, each // 2 * 2) for each in size(jpeg))
    frame = f"{width}:{height}"
    return [
        f"scale={frame}:force_original_aspect_ratio=decrease",
        f"pad={frame}:-1:-1",
        "setsar=1",
    ]


def _time(text, end=False):
    """Return a time of the command line, which is local time unless it has a zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time such as 2026-11-27T06:00 or 2026-11-27"
        ) from None
    if end:
        with contextlib.suppress(ValueError):  # it has a time of day
            date.fromisoformat(text)
            time += timedelta(days=1)  # that day included
    return time.astimezone()


def _count(text):
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("a whole number from 1")
    return int(text)


def _rate(text):
    low, high = _FPS
    if not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"a whole number from {low} to {high}")
    return int(text)


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="timelapse.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="command")
    made = commands.add_parser("collect", help="store the pictures that a camera publishes")
    made.set_defaults(run=collect)
    made.add_argument("folder")
    brokerlink.add_arguments(made)
    made.add_argument("--count", type=_count, metavar="N", help="end after N new pictures")
    made = commands.add_parser("video", help="make a video of the stored pictures")
    made.set_defaults(run=video)
    made.add_argument("folder")
    made.add_argument("output", help="file to write, such as day.mp4")
    made.add_argument("--fps", type=_rate, default=25, help="pictures per second (default: 25)")
    made.add_argument("--from", dest="since", type=_time, metavar="TIME", help="from this time on")
    made.add_argument(
        "--to",
        dest="until",
        type=lambda text: _time(text, True),
        metavar="TIME",
        help="up to this time; a date includes that day",
    )
    made.add_argument(
        "--rotate", type=int, default=0, choices=(0, *_TURNS), help="degrees clockwise"
    )
    made.add_argument("--force", action="store_true", help="replace the file if it exists")
    return top


def main(arguments=None):
    args = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C
    try:
        args.run(args)
    except (brokerlink.BrokerError, EncoderError, TimelapseError) as error:
        print(f"timelapse.py: {error}", file=sys.stderr)
        return getattr(error, "status", 1)
    except OSError as error:
        print(f"timelapse.py: {error.filename or args.folder}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if args.run is collect else 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
