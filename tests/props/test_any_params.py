"""proto.params: a JSON object of camera parameters, or BadArgument with the wrong one's name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.params import FRAMESIZES, PARAMS, SAVE, parse
from proto.values import BadArgument

RANGES = {row[0]: row[1:3] for row in PARAMS}
RANGES[SAVE] = (0, 1)
GOOD = st.sampled_from(sorted(RANGES)).flatmap(
    lambda name: st.tuples(st.just(name), st.integers(*RANGES[name]))
)
NAMES = st.text(max_size=8)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(GOOD, min_size=1, unique_by=lambda pair: pair[0]), st.booleans())
def test_values_as_numbers_or_text(pairs, as_text):
    wire = {name: str(value) if as_text else value for name, value in pairs}
    assert parse(json.dumps(wire)) == pairs


@given(st.sampled_from(sorted(RANGES)), st.integers(-5000, 5000))
def test_value_out_of_range_is_refused_with_its_name(name, value):
    low, high = RANGES[name]
    if low <= value <= high:
        return
    with pytest.raises(BadArgument, match=name):
        parse(json.dumps({name: value}))


@given(ANY_JSON | st.dictionaries(st.sampled_from(sorted(RANGES)), ANY_JSON, max_size=3))
def test_any_json_is_parameters_or_refused(wire):
    try:
        pairs = parse(json.dumps(wire))
    except BadArgument as error:
        assert str(error)
        return
    for name, value in pairs:
        assert type(value) is int and RANGES[name][0] <= value <= RANGES[name][1]


@given(st.text(max_size=60))
def test_any_text(text):
    try:
        parse(text)
    except BadArgument:
        pass


@pytest.mark.parametrize("number", range(len(FRAMESIZES)))
def test_frame_sizes_by_name(number):
    name = FRAMESIZES[number][0]
    for spelt in (name, name.lower()):
        assert parse(json.dumps({"framesize": spelt})) == [("framesize", number)]
