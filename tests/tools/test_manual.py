"""The Markdown files: links, sizes, and the names of targets, files, commands and texts."""

import ast
import re

import debian
import manual
import pytest

from app.commands import TABLE
from app.settings import schema
from app.watchdog import SAFE_MODE

ROOT = manual.ROOT
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = {row[0] for row in TABLE} | {row[schema.NAME] for row in schema.SCHEMA}
ELSEWHERE = {"Brownout detector was triggered"}  # printed by the chip's own code


@pytest.mark.parametrize("name", manual.files())
def test_links(name):
    missing = []
    for link in manual.links(manual.text(name)):
        path, _, anchor = link.partition("#")
        if re.match("https?:", link):
            continue
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists():
            missing.append(link)
        elif anchor and anchor not in manual.anchors(target.read_text()):
            missing.append(link)
    assert not missing


@pytest.mark.parametrize("name", manual.files())
def test_names(name):
    text = manual.text(name)
    targets = re.findall(r"(?:`|^ +|\n +)make ([a-z][a-z-]*)(?![\w-])", text)
    assert set(targets) <= TARGETS
    programs = set(re.findall(r"\btools[/\\]\w[\w/\\]*\.py", text))
    paths = [path.replace("\\", "/") for path in programs]
    folder = (ROOT / name).parent
    assert [
        path for path in paths if not ((ROOT / path).exists() or (folder / path).exists())
    ] == []
    topics = re.findall(r"\bcmnd/[\w<>-]+/(\w+)", text)
    assert set(topics) <= COMMANDS


def test_readme_is_one_page():
    text = manual.text("README.md")
    assert len(text.splitlines()) <= 150
    assert len(text.split()) <= 1_200
    first = [line for line in manual.blocks(text)][:2]
    assert [line.split()[:2] for line in first] == [["make", "run"], ["make", "test"]]


def test_every_folder_and_picture_is_in_the_readme():
    text = manual.text("README.md")
    pictures = {str(path.relative_to(ROOT)) for path in (ROOT / "config" / "images").iterdir()}
    assert pictures == {link for link in manual.links(text) if link.startswith("config/images/")}
    for folder in ("config", "lib", "tools", "tests"):
        assert f"]({folder}/README.md)" in text and f"| `{folder}` |" in text


def test_every_target_is_described():
    described = " ".join(map(manual.text, manual.files()))
    assert [name for name in TARGETS if f"make {name}" not in described] == []


def test_debian_packages():
    (line,) = [each for each in manual.blocks(manual.text("tools/README.md")) if "apt-get" in each]
    packages = " ".join(row[0] for row in debian.APT)
    assert line == "sudo apt-get install " + packages


# Troubleshooting quotes the firmware


@pytest.fixture(scope="module")
def texts():
    """Texts in the firmware's sources, and those with fields as regular expressions."""
    paths = [*(ROOT / "lib").rglob("*.py"), ROOT / "main.py"]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    found = {node.value for node in nodes if isinstance(node, ast.Constant)}
    plain = {SAFE_MODE} | {text for text in found if isinstance(text, str)}
    pieces = [re.split("{[^}]*}", text) for text in plain if "{" in text]
    long = [each for each in pieces if len("".join(each)) > 8]
    return plain, [re.compile(".+".join(map(re.escape, each))) for each in long]


def quoted():
    """Yield what the tables of the section quote in their first column."""
    section = manual.section(manual.text("config/README.md"), "Troubleshooting")
    for cell in re.findall(r"^\| (.+?) \|", section, re.MULTILINE):
        yield from (text for text in re.findall("`([^`]+)`", cell) if " " in text)


def is_known(text, texts):
    """Return True if the firmware can print a text; `status` makes some of two or three."""
    parts = re.fullmatch(r"(wifi |mqtt |camera |started by )([a-z ]+?)(?: \((.+)\))?", text)
    if parts:
        return all(part in texts[0] or is_made(part, *texts) for part in parts.groups() if part)
    return text in ELSEWHERE or is_made(text, *texts)


def is_made(text, plain, patterns):
    """Return True if a text is part of one of the firmware, or one with its fields filled in."""
    text = text.replace("...", "{}")
    is_part = len(text) > 8 and any(text in each for each in plain)
    return is_part or any(each.fullmatch(text) for each in patterns)


def test_troubleshooting_quotes_the_firmware(texts):
    found = list(quoted())
    assert len(found) > 40
    assert [text for text in found if not is_known(text, texts)] == []


@pytest.mark.parametrize(
    "text",
    ["mqtt waiting (connection denied)", "wifi gone", "No image", "camera absent (no OV2640)"],
)
def test_other_texts_are_not_known(text, texts):
    assert not is_known(text, texts)
