"""Pack, inspect, sign, send and serve updates for cameras.

    .venv/bin/python tools/ota.py info FILE [--key PUBLIC.pem]
    .venv/bin/python tools/ota.py keygen NAME
    .venv/bin/python tools/ota.py sign FILE --key NAME.key.pem [--output FILE]
    .venv/bin/python tools/ota.py app FILE.zip [--key NAME.key.pem]
    .venv/bin/python tools/ota.py push FILE --broker mqtt://host --device DVES_A1B2C3 [--confirm]
    .venv/bin/python tools/ota.py serve FOLDER [--port 8000]

Exit status: 0 success, 1 refused or failed, 2 wrong arguments, 3 no response.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "lib"), str(ROOT / "tools" / "pc")]  # the firmware's pure modules

# ruff: noqa: E402
from update.errors import UpdateError

from proto.mqtttext import LAYOUT


def _info(args):
    from update.file import Update
    from update.keys import read_public

    update = Update.read(args.file)
    for name, value in update.facts():
        print(f"{name:<11}{value}")
    if args.key:
        update.verify(read_public(args.key))
        print(f"{'verified':<11}with {args.key}")


def _keygen(args):
    from update.keys import generate

    private, public = generate(Path(args.name), args.bits)
    print(f"{private}  signs updates; keep it secret, and back it up")
    print(f"{public}  goes into each camera once, as the setting otakey:")
    print(f"  mosquitto_pub -h BROKER -t cmnd/TOPIC/otakey -f {public}")


def _sign(args):
    from update.file import Update
    from update.keys import read_private

    output = Path(args.output or args.file)
    update = Update.read(args.file)
    update.sign(read_private(args.key))
    output.write_bytes(update.data)
    print(f"{output}  {update.name}, signed")


def _app(args):
    from update.archive import application, pack
    from update.file import Update
    from update.keys import read_private

    update = Update(pack(*application(args.bytecode), args.bytecode), args.file)
    if args.key:
        update.sign(read_private(args.key))
    Path(args.file).write_bytes(update.data)
    print(f"{args.file}  {update.name} for {update.kind}, {len(update.data):,} bytes")


def _push(args):
    from update.file import Update
    from update.push import Push

    if args.password is None:
        args.password = os.environ.get("MQTT_PASSWORD")
    with Push(args) as push:
        push.run(Update.read(args.file), args.force, args.confirm)


def _serve(args):
    from update.serve import serve

    serve(Path(args.folder), args.bind, args.port)


def parser():
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(required=True, metavar="command")

    info = commands.add_parser("info", help="describe and check a file")
    info.set_defaults(run=_info)
    info.add_argument("file")
    info.add_argument("--key", help="public key to verify the signature with")

    keygen = commands.add_parser("keygen", help="generate a pair of keys")
    keygen.set_defaults(run=_keygen)
    keygen.add_argument("name", help="written are NAME.key.pem and NAME.pub.pem")
    keygen.add_argument("--bits", type=int, default=3072, choices=(2048, 3072))

    sign = commands.add_parser("sign", help="append a signature")
    sign.set_defaults(run=_sign)
    sign.add_argument("file")
    sign.add_argument("--key", required=True, help="private key")
    sign.add_argument("--output", help="write to this file instead of changing the input")

    app = commands.add_parser("app", help="pack the application alone as an update")
    app.set_defaults(run=_app)
    app.add_argument("file", help="archive to write")
    app.add_argument("--key", help="private key to sign it with")
    app.add_argument(
        "--bytecode",
        default="xtensawin-6.3",
        help="kind of bytecode: %(default)s, or x64-6.3 for the simulated board",
    )

    push = commands.add_parser("push", help="send a file to a camera over MQTT")
    push.set_defaults(run=_push)
    push.add_argument("file")
    push.add_argument("--broker", required=True, help="mqtt://host[:port] or mqtts://...")
    push.add_argument("--device", required=True, help="device id, DVES_...")
    push.add_argument("--topic", help="the camera's topic (default: query the camera)")
    push.add_argument(
        "--layout", default=LAYOUT, help="the camera's topiclayout (default: %(default)s)"
    )
    push.add_argument("--confirm", action="store_true", help="keep the new image once it runs")
    push.add_argument(
        "--force",
        action="store_true",
        help="also install an older image, one that failed before, or one without a name",
    )
    push.add_argument("--cafile", help="for mqtts: CA certificate that signed the broker's")
    push.add_argument("--user")
    push.add_argument("--password", help="default: the environment variable MQTT_PASSWORD")
    push.add_argument("--patience", type=float, default=60, metavar="S", help=argparse.SUPPRESS)

    serve = commands.add_parser("serve", help="serve a folder over HTTP, for `upgrade`")
    serve.set_defaults(run=_serve)
    serve.add_argument("folder")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--bind", default="", metavar="ADDRESS")
    return top


def main(arguments=None):
    """Run one command; return the exit status."""
    args = parser().parse_args(arguments)
    try:
        args.run(args)
    except UpdateError as error:
        print(f"ota.py: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"ota.py: {error.filename or ''} {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
