"""Write what is said of commands and settings out of the firmware's own tables.

That is README's references, and what GET /api/settings and /api/camera answer, with blanks that
app.http fills in; and on the set-up page the rules of the time zones, out of the tz database.
`docs.py` writes, `docs.py --check` only says whether all is current (exit status 1 if not).
"""

import itertools
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
WWW = ROOT / "lib" / "www"
SETUP = WWW / "setup.html"
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tools" / "pc"), str(ROOT / "tools")]

from wording import wording  # noqa: E402
from zones import with_rules  # noqa: E402

from app import commandtable  # noqa: E402
from app.settings import schema  # noqa: E402
from proto.framesizes import framesizes  # noqa: E402
from proto.params import params  # noqa: E402

_NOTES = (
    ("secret", "secret: shown as `***`"),
    ("restart", "restarts"),
    ("rejoin", "joins the Wi-Fi anew"),
    ("reconnect", "reconnects to the broker"),
    ("default_by_1", "`1` restores the default"),
    ("device_id_too", "so does the device id"),
    ("group", "also on the group topic"),
)


def commands():
    """One row for each command of the table."""
    yield "| command | argument and effect | reply on | group |"
    yield "| --- | --- | --- | --- |"
    for name, flags, _, reply, text in commandtable.rows():
        topic = f"`stat/<topic>/{reply}`"
        topic += ", retained" if flags & commandtable.RETAIN else ""
        topic += ", QoS 1" if flags & commandtable.QOS1 else ""
        group = "yes" if flags & commandtable.GROUP_TOO else ""
        yield f"| `{name}` | {_cell(text)} | {topic} | {group} |"


def settings():
    """One row for each setting a user can reach."""
    yield "| setting | what it is for | values | default | notes | NVS key |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row, (group, label, about) in _worded():
        name, key, kind, default, _, flags = row
        check, names = schema.check_of(row, {}), schema.choices(row)
        shown = names[default] if names else default
        notes = ", ".join(text for flag, text in _NOTES if flag in flags)
        where = f"file `{key}`" if kind == "file" else f"`{key}`"
        value = f"`{shown}`" if shown != "" else "none"
        what = f"{group}, {label}. {about}"
        yield f"| `{name}` | {_cell(what)} | {_cell(str(check))} | {value} | {notes} | {where} |"


def parameters():
    """One row for each camera parameter, then the frame sizes."""
    yield "| parameter | range | at first |"
    yield "| --- | --- | --- |"
    for name, low, high, initial in params():
        yield f"| `{name}` | {low}..{high} | {initial} |"
    yield "| `save_to_nvs` | 1 | |"
    sizes = (f"{i} {name} ({w} x {h})" for i, (name, w, h) in enumerate(framesizes()))
    yield ""
    yield "`framesize` is a number or a name: " + ", ".join(sizes) + "."


def described_settings():
    """The JSON of all settings that a user can reach."""
    return _described("settings", itertools.starmap(_setting, _worded()))


def _worded():
    """(row, its words) of each setting a user can reach, in the order of the words."""
    rows = {row[schema.NAME]: row for row in schema.all_rows()}
    rows = {name: row for name, row in rows.items() if "hidden" not in row[schema.FLAGS]}
    words = wording()
    if set(words) != set(rows):
        odd = ", ".join(sorted(set(words) ^ set(rows)))
        raise SystemExit(f"tools/wording.py and the schema differ in: {odd}")
    return [(rows[name], told) for name, told in words.items()]


def described_camera():
    """The JSON of all camera parameters."""
    return _described("parameters", itertools.starmap(_parameter, params()))


def _described(name, objects):
    """An object with one list, each blank as it is: not in quotes."""
    text = f'{{"{name}": [\n' + ",\n".join(map(json.dumps, objects)) + "\n]}\n"
    return text.replace('"{{', "{{").replace('}}"', "}}")


def _setting(row, words):
    name, _, kind, default, _, flags = row
    check, names = schema.check_of(row, {}), schema.choices(row)
    found = {"name": name, "kind": "text", "value": f"{{{{text:{name}}}}}", "allowed": str(check)}
    found["default"] = names[default] if names else str(default)
    if "secret" in flags or kind == "file":
        found |= {"kind": "file" if kind == "file" else "secret", "value": None}
        found["set"] = f"{{{{set:{name}}}}}"
    elif names:
        value = f"{{{{choice:{name} {' '.join(names)}}}}}"
        found |= {"kind": "choice", "options": names, "value": value}
    elif kind == "int":
        found |= {"kind": "number", "low": check.low, "high": check.high}
    elif "login" in flags:
        found["value"] = f"{{{{login:{name}}}}}"
    found["restarts"] = "restart" in flags
    return found | dict(zip(("group", "label", "about"), words, strict=True))


def _parameter(name, low, high, initial):
    found = {"name": name, "value": f"{{{{{name}}}}}", "low": low, "high": high}
    found["default"] = initial
    if name == "framesize":
        found["options"] = [f"{width} x {height}" for _, width, height in framesizes()]
    return found


def _cell(text):
    return text.replace("|", "\\|")


def render(text):
    """README's text with what stands between the markers of each table made anew."""
    for table in (commands, settings, parameters):
        begin, end = f"<!-- {table.__name__} -->\n", f"<!-- end of {table.__name__} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"README.md has no markers for {table.__name__}")
        text = before + begin + "\n".join(table()) + "\n" + end + after
    return text


def main(arguments):
    wanted = {
        README: render(README.read_text()),
        WWW / "settings.json": described_settings(),
        WWW / "camera.json": described_camera(),
        SETUP: with_rules(SETUP.read_text()),
    }
    old = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if old and "--check" in arguments:
        print(", ".join(path.name for path in old) + ": not what the tables say: make docs")
        return 1
    for path in old:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
