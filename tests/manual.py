"""The Markdown files of the project: their headings, links and commands."""

import functools
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_FOLDERS = "config", "lib", "tools", "tests"
_PROGRAMS = "make", "mosquitto_", "curl", "telnet", "sudo", ".venv", "py"
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")


@functools.cache
def files():
    """Return the paths of all Markdown files, relative to the root."""
    found = [
        *ROOT.glob("*.md"),
        *(path for name in _FOLDERS for path in (ROOT / name).rglob("*.md")),
    ]
    names = [str(path.relative_to(ROOT)) for path in found]
    return sorted(name for name in names if "managed_components" not in name)


def text(name):
    return (ROOT / name).read_text()


def prose(markdown):
    """Yield the lines outside of code blocks."""
    return (line for line in markdown.splitlines() if not _is_code(line))


def blocks(markdown):
    """Yield the lines of code blocks without their indentation and comments."""
    for line in markdown.splitlines():
        if _is_code(line) and line.strip()[0] not in '{"':  # JSON
            yield re.split(r"\s{2,}#\s", line.strip())[0].rstrip()


def _is_code(line):
    return re.match(r" {4,}\S", line) is not None


def spans(markdown):
    """Yield the commands in inline code that are complete."""
    for line in prose(markdown):
        for found in _INLINE.findall(line):
            is_name = re.fullmatch(r"make [a-z-]+|\S+", found)  # of a target or a program
            if found.startswith(_PROGRAMS) and not is_name and "..." not in found:
                yield found


def links(markdown):
    """Yield the targets of all links and pictures."""
    for line in prose(markdown):
        for link, picture in _LINK.findall(line):
            yield link or picture


def anchors(markdown):
    """Return the anchors that GitHub makes of the headings."""
    made = []
    for line in prose(markdown):
        heading = re.match(r"#{1,6} (.+)", line)
        if heading:
            plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]))
            anchor = plain.strip().lower().replace(" ", "-")
            count = made.count(anchor)
            made.append(f"{anchor}-{count}" if count else anchor)
    return made


def section(markdown, title):
    """Return the text below a heading of level 2."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", markdown, re.MULTILINE | re.DOTALL)[1]
