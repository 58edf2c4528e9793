"""README's tables come from the firmware's own."""

import itertools
import json
import re

import docs
import pytest
import wording


def test_readme_is_current():
    assert docs.render(docs.README.read_text()) == docs.README.read_text()


@pytest.mark.parametrize("name", ["settings", "camera"])
def test_api_description_is_current(name):
    assert (docs.WWW / f"{name}.json").read_text() == getattr(docs, f"described_{name}")()


def test_api_description_is_json_once_filled_in():
    text = docs.described_settings() + "," + docs.described_camera()
    settings, camera = json.loads("[" + re.sub(r"{{.*?}}", "true", text) + "]")
    visible = {row[0] for row in docs.schema.all_rows() if "hidden" not in row[5]}
    assert {row["name"] for row in settings["settings"]} == visible
    assert all(row["group"] and row["label"] and row["about"] for row in settings["settings"])
    assert [row["name"] for row in camera["parameters"]] == [row[0] for row in docs.params()]


def test_rules_of_the_time_zones_are_current():
    page = docs.SETUP.read_text()
    rows = re.findall(r"{{zone:.+}}", page)
    assert len(rows) > 100 and rows == sorted(rows)
    assert docs.with_rules(page) == page
    old = page.replace("{{zone:Africa/Accra GMT0}}", "{{zone:Africa/Accra <+01>-1}}")
    assert old != page and docs.with_rules(old) == page


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
        docs.described_settings()


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
