"""Writes README's reference tables from the firmware's own tables.

`docs.py` writes them, `docs.py --check` only reports whether they are current (exit status 1 if
not).
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tools" / "pc"), str(ROOT / "tools")]

from wording import wording  # noqa: E402

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


def _worded():
    """(row, its words) of each setting a user can reach, in the order of the words."""
    rows = {row[schema.NAME]: row for row in schema.all_rows()}
    rows = {name: row for name, row in rows.items() if "hidden" not in row[schema.FLAGS]}
    words = wording()
    if set(words) != set(rows):
        odd = ", ".join(sorted(set(words) ^ set(rows)))
        raise SystemExit(f"tools/wording.py and the schema differ in: {odd}")
    return [(rows[name], told) for name, told in words.items()]


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
    text = README.read_text()
    wanted = render(text)
    if text == wanted:
        return 0
    if "--check" in arguments:
        print("README.md: not what the tables say: make docs")
        return 1
    README.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
