"""README's tables come from the firmware's own."""

import itertools
import re

import docs
import pytest
import wording


def test_readme_is_current():
    assert docs.render(docs.README.read_text()) == docs.README.read_text()


def test_every_row_is_there():
    text = docs.README.read_text()
    for name, *_ in docs.commandtable.rows():
        assert f"| `{name}` |" in text
    for name, *_, flags in docs.schema.all_rows():
        assert (f"| `{name}` |" in text) != ("hidden" in flags)


def test_changed_table_is_noticed_and_mended():
    old = docs.README.read_text().replace("| `pubinterval` |", "| `interval` |")
    assert docs.render(old) == docs.README.read_text()


@pytest.mark.parametrize(
    "change", [("ssid|", "sid|"), ("loglevel|Kept|How much the log has.\n", "")]
)
def test_setting_without_words_is_noticed(monkeypatch, change):
    monkeypatch.setattr(wording, "_TABLE", wording._TABLE.replace(*change, 1))
    with pytest.raises(SystemExit, match=change[0].split("|")[0]):
        list(docs.settings())


def test_missing_marker_is_said():
    with pytest.raises(SystemExit, match="markers for commands"):
        docs.render("# no tables here")


def test_every_flag_of_a_setting_is_one_that_the_schema_explains():
    explained = set(re.findall(r"^    (\w+)  +", docs.schema.__doc__, re.MULTILINE))
    rows = list(docs.schema.all_rows())
    assert {flag for row in rows for flag in row[5]} == explained
    assert {row[2] for row in rows} == {"int", "text", "file"}
    spoken = re.compile(r'"(\w+)" (?:not )?in (?:flags|row\[(?:-1|schema\.FLAGS)\])')
    found = [spoken.findall(path.read_text()) for path in (docs.ROOT / "lib").rglob("*.py")]
    assert found and set(itertools.chain(*found)) <= explained
