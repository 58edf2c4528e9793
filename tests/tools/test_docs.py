"""The reference's tables are generated from those of the firmware."""

import docs
import pytest
from docs import schema


def test_reference_is_current():
    assert docs.render(docs.REFERENCE.read_text()) == docs.REFERENCE.read_text()


def test_rules_of_the_time_zones_are_current():
    table = docs.ZONES.read_text()
    rows = table.splitlines()
    assert len(rows) > 100 and rows == sorted(rows)
    assert docs.with_rules(table) == table
    old = table.replace("Africa/Accra GMT0", "Africa/Accra <+01>-1")
    assert old != table and docs.with_rules(old) == table


def test_every_row_is_included():
    text = docs.REFERENCE.read_text()
    for name, *_ in docs.TABLE:
        assert f"| `{name}` |" in text
    for row in schema.SCHEMA:
        hidden = bool(row[schema.FLAGS] & schema.HIDDEN)
        assert (f"| `{row[schema.NAME]}` |" in text) != hidden


def test_changed_table_is_detected_and_updated():
    old = docs.REFERENCE.read_text().replace("| `pubinterval` |", "| `interval` |")
    assert docs.render(old) == docs.REFERENCE.read_text()


def test_every_limit_is_included():
    text = docs.REFERENCE.read_text()
    names = [name for name in dir(docs.values) if name.isupper()]
    assert len(names) > 100
    for name in names:
        assert text.count(f"| `{name}` | ") == 1


def test_limits_have_units_and_sections():
    names = (
        "# A\n",
        "CONNECTIONS = 6  # x; y",
        "HTTP_HEAD_BYTES = 1  # x; a | b",
        "HTTP_HEAD_MS = 1  # x; y",
    )
    rows = list(docs.limits("\n".join(("", *names))))
    assert rows[:2] == ["", "**A**"] and len(rows) == 8
    assert rows[5:] == [
        "| `CONNECTIONS` | 6 | x | y |",
        "| `HTTP_HEAD_BYTES` | 3 KB | x | a \\| b |",
        "| `HTTP_HEAD_MS` | 10 s | x | y |",
    ]


@pytest.mark.parametrize("comment", ["", "  # x", "  # x, then y"])
def test_limit_whose_comment_does_not_say_what_happens_is_refused(comment):
    with pytest.raises(SystemExit, match="CONNECTIONS: its comment is not"):
        list(docs.limits("CONNECTIONS = 6" + comment))


def test_missing_marker_is_reported():
    with pytest.raises(SystemExit, match="markers for commands"):
        docs.render("# no tables here")


def test_every_row_is_complete():
    titles = []
    for row in schema.SCHEMA:
        assert row[schema.LABEL] and row[schema.ABOUT].endswith("."), row
        if titles[-1:] != [row[schema.GROUP_TITLE]]:
            titles.append(row[schema.GROUP_TITLE])
    assert len(set(titles)) == len(titles), "the rows of a group are not together"


def test_every_flag_is_a_separate_bit_and_every_kind_is_used():
    names = "SECRET GROUP RESTART REJOIN RECONNECT CLEAN_SESSION HIDDEN DEFAULT_BY_1 "
    names += "DEVICE_ID_TOO LOG CERTIFICATE PUBLIC_KEY HASHED LOGIN SPACES CLOCK AT_ONCE"
    flags = [getattr(schema, name) for name in names.split()]
    assert flags == [1 << n for n in range(len(flags))]
    used = 0
    for row in schema.SCHEMA:
        used |= row[schema.FLAGS]
    assert used == sum(flags)
    assert {row[schema.KIND] for row in schema.SCHEMA} == {schema.INT, schema.TEXT, schema.FILE}
