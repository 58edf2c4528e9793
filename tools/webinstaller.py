"""Write build/firmware/web/, the page that installs the firmware from a browser, and serve it.

    make web-installer                            after make firmware
    make web-installer ARGS="--image FILE"        for an image that was built elsewhere
    make web-installer ARGS="--port 9000"

The folder is complete: any web server can serve it, with HTTPS, or on the browser's own computer.
"""

import argparse
import contextlib
import functools
import html
import http.server
import json
import runpy
import shutil
import sys
from pathlib import Path

import npm_packages
import wholeimage

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "build" / "firmware" / "web"
PAGE = ROOT / "config" / "web-installer" / "index.html"
TOOLS = npm_packages.MODULES / "esp-web-tools"
_MANUAL = ("README.md", "config/README.md", "tools/README.md")
_STYLE = ("style.css", "icon.svg")
_START_S = 30  # the first start formats the file system
_PORT = 8070


class NoPage(Exception):
    """The page cannot be written; the text is for people."""


def write(image, folder=WEB):
    """Replace the folder by the page for an image of whole firmware; return its manifest.

    Raises NoPage.
    """
    name = runpy.run_path(ROOT / "config" / "product.py")["NAME"]
    try:
        data = image.read_bytes()
        found = wholeimage.read(data)
    except wholeimage.BadFirmware as exc:
        raise NoPage(f"{image}: {exc}") from None
    if not TOOLS.exists():
        raise NoPage("its npm packages are missing; run make setup, which says more")
    if found.project != name:
        raise NoPage(f"{image} is {found.project} {found.version}, not {name}")
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    _copy_page(new, found)
    manifest = {
        "name": name,
        "version": found.version,
        "new_install_prompt_erase": True,
        "new_install_improv_wait_time": _START_S,
        "builds": [{"chipFamily": "ESP32", "parts": []}],
    }
    for at, part in parts(data, found):
        path = new / f"firmware-{at:#x}.bin"
        path.write_bytes(part)
        manifest["builds"][0]["parts"].append({"path": path.name, "offset": at})
    (new / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
    return manifest


def parts(data, found):
    """Return [(offset in flash, bytes), ...] of an image, without the settings, which stay."""
    if not found.nvs:
        return [(found.offset, data)]
    start, end = found.nvs[0], sum(found.nvs)
    return [(found.offset, data[: start - found.offset]), (end, data[end - found.offset :])]


def _copy_page(folder, found):
    """Copy all that does not depend on the image, but for the name and the version."""
    shutil.copytree(TOOLS / "dist" / "web", folder / "esp-web-tools")
    for name in _STYLE:
        shutil.copyfile(ROOT / "lib" / "www" / name, folder / name)
    for name in _MANUAL:
        path = folder / "manual" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, path)
    page = PAGE.read_text().replace("{{name}}", html.escape(found.project))
    (folder / "index.html").write_text(page.replace("{{version}}", html.escape(found.version)))
    (folder / "LICENSES.txt").write_text(_licences())


def _licences():
    """Return the licences of ESP Web Tools and of the packages that it is made of."""
    texts = []
    for folder in npm_packages.of_the_page():
        for licence in sorted(folder.glob("LICEN[CS]E*")):
            facts = json.loads((folder / "package.json").read_text())
            texts.append(f"{facts['name']} {facts['version']}\n\n{licence.read_text()}")
    return ("\n" + "-" * 72 + "\n\n").join(texts)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the folder; a browser reloads what a later build has replaced."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",  # whatever the PC's own table says
        ".md": "text/plain; charset=utf-8",
    }

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_):
        pass


def server(port=_PORT, folder=WEB):
    """Return a server on this computer only, on another port if this one cannot be used."""
    handler = functools.partial(Handler, directory=folder)
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except (OSError, OverflowError):  # taken, privileged, or no port at all
        return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


def main(argv=None):
    parser = argparse.ArgumentParser(prog="webinstaller.py", description=__doc__.splitlines()[0])
    parser.add_argument("--image", type=Path, metavar="FILE", help="install this image")
    parser.add_argument("--port", type=int, default=_PORT, help=f"port of the page ({_PORT})")
    args = parser.parse_args(argv)
    try:
        if args.image:
            write(args.image)
        elif not (WEB / "manifest.json").exists():
            raise NoPage("build the firmware first (make firmware), or use ARGS='--image FILE'")
    except (NoPage, OSError) as exc:
        print(f"web-installer: {exc}", file=sys.stderr)
        return 1
    facts = json.loads((WEB / "manifest.json").read_text())
    with server(args.port) as served, contextlib.suppress(KeyboardInterrupt):
        where = f"http://127.0.0.1:{served.server_port}/"
        print(f"{facts['name']} {facts['version']}: {where} (Ctrl-C stops)", flush=True)
        served.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
