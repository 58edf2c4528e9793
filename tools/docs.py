"""Write the reference tables of commands, settings and limits from the firmware's own tables.

The tables are in config/README.md. The time zone rules in lib/www/zones.txt come from the tz
database. `docs.py` writes both; `docs.py --check` only checks that they are current (exit status 1
if not).
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "config" / "README.md"
ZONES = ROOT / "lib" / "www" / "zones.txt"
sys.path[:0] = [str(ROOT / folder) for folder in ("lib", "tools/pc", "tools", "")]

from zones import with_rules  # noqa: E402

from app.commands import GROUP, QOS1, RETAIN, TABLE  # noqa: E402
from app.settings import schema  # noqa: E402
from config import limits as values  # noqa: E402
from proto.params import CHOICES, FRAMESIZES, PARAMS, RANGES, limits_of  # noqa: E402

_NOTES = (
    (schema.SECRET, "secret: shown as `***`"),
    (schema.RESTART, "restarts the camera"),
    (schema.AT_ONCE, "saved before the reply"),
    (schema.REJOIN, "joins the Wi-Fi again"),
    (schema.RECONNECT, "reconnects to the broker"),
    (schema.DEFAULT_BY_1, "`1` restores the default"),
    (schema.DEVICE_ID_TOO, "so does the device id"),
    (schema.GROUP, "also on the group topic"),
)

_UNITS = {  # last word of a limit's name: (size, unit), the largest one first
    "MS": ((3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")),
    "S": ((3_600, "h"), (60, "min"), (1, "s")),
    "BYTES": ((1_048_576, "MB"), (1_024, "KB"), (1, "bytes")),
}


def commands():
    """Yield the lines of the table of commands."""
    yield "| command | argument and effect | reply on | group |"
    yield "| --- | --- | --- | --- |"
    for name, flags, _, reply, text in TABLE:
        topic = f"`stat/<topic>/{reply}`"
        topic += ", retained" if flags & RETAIN else ""
        topic += ", QoS 1" if flags & QOS1 else ""
        group = "yes" if flags & GROUP else ""
        yield f"| `{name}` | {_cell(text)} | {topic} | {group} |"


def settings():
    """Yield the lines of the table of settings."""
    yield "| setting | purpose | values | default | notes | NVS key |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in visible():
        name, key, kind, default, check, flags, title, label, about = row
        names = schema.choices(row)
        shown = names[default] if names else default
        value = f"`{shown}`" if shown != "" else "none"
        notes = ", ".join(text for flag, text in _NOTES if flag & flags)
        place = f"file `{key}`" if kind == schema.FILE else f"`{key}`"
        purpose = _cell(f"{title}, {label}. {about}")
        yield f"| `{name}` | {purpose} | {_cell(str(check))} | {value} | {notes} | {place} |"


def visible():
    """Return the rows of the settings that are not hidden."""
    return [row for row in schema.SCHEMA if not row[schema.FLAGS] & schema.HIDDEN]


def parameters():
    """Yield the lines of the table of camera parameters, and of the frame sizes below it."""
    sensors = ", ".join(RANGES)
    yield f"| parameter | range with an OV2640 | with an {sensors} | default |"
    yield "| --- | --- | --- | --- |"
    for name, low, high, initial in PARAMS:
        others = {limits_of(name, sensor) for sensor in RANGES} - {(low, high)}
        other = " ".join(f"{low}..{high}" for low, high in others)
        other = "not offered" if name == "nightmode" else other or "the same"
        yield f"| `{name}` | {low}..{high} | {other} | {initial} |"
    yield "| `save_to_nvs` | 1 | the same | |"
    sizes = (f"{i} {name} ({w} x {h})" for i, (name, w, h) in enumerate(FRAMESIZES))
    yield ""
    yield "`framesize` is a number or a name: " + ", ".join(sizes) + "."
    for param, names in CHOICES.items():
        if param != "framesize":
            yield ""
            choices = ", ".join(f"{value} {name}" for value, name in enumerate(names))
            yield f"`{param}` is a number or a name: {choices}."


def limits(source=None):
    """Yield the lines of the tables of limits, one for each part of config/limits.py.

    Raises SystemExit for a limit whose comment does not say what happens beyond it.
    """
    above = "-"
    for line in (source or Path(values.__file__).read_text()).splitlines():
        if not above and line.startswith("# "):
            yield from ("", f"**{line[2:]}**", "", "| limit | value | applies to | beyond it |")
            yield "| --- | --- | --- | --- |"
        elif re.match("[A-Z_]+ = ", line):
            name = line.partition(" ")[0]
            of, semicolon, beyond = line.partition("  # ")[2].partition("; ")
            if not semicolon:
                raise SystemExit(f"config/limits.py: {name}: its comment is not `# of; beyond`")
            value = _with_unit(name, getattr(values, name))
            yield f"| `{name}` | {value} | {_cell(of)} | {_cell(beyond)} |"
        above = line


def _with_unit(name, value):
    """Return a limit as text; the last word of its name is the unit."""
    unit = name.rpartition("_")[2]
    for size, text in _UNITS.get(unit, ()):
        if value % size == 0:
            return f"{value // size:,} {text}"
    return f"{value:,}"


def _cell(text):
    return text.replace("|", "\\|")


def render(text):
    """Return the reference with current tables between their markers."""
    for table in (commands, settings, parameters, limits):
        begin, end = f"<!-- {table.__name__} -->\n", f"<!-- end of {table.__name__} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"config/README.md has no markers for {table.__name__}")
        text = before + begin + "\n".join(table()) + "\n" + end + after
    return text


def main(arguments):
    wanted = {REFERENCE: render(REFERENCE.read_text()), ZONES: with_rules(ZONES.read_text())}
    old = [path for path, text in wanted.items() if path.read_text() != text]
    if old and "--check" in arguments:
        print(", ".join(path.name for path in old) + ": out of date; run `make docs`")
        return 1
    for path in old:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
