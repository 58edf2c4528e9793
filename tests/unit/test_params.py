"""proto.params: the table in behaviour.md, section 5 (more in tests/props)."""

import unittest

import suite

from proto.params import (
    CHOICES,
    FRAMESIZES,
    PARAMS,
    SAVE,
    choices_of,
    limits_of,
    parse,
    size_name,
)
from proto.values import BadArgument

RANGES = {row[0]: row[1:3] for row in PARAMS}
RANGES[SAVE] = (0, 1)
NAMES = "framesize quality contrast brightness saturation gainceiling colorbar awb agc aec \
hmirror vflip awb_gain agc_gain aec_value aec2 dcw bpc wpc raw_gma lenc special_effect wb_mode \
ae_level nightmode save_to_nvs"
ODD_RANGES = {
    "framesize": (0, 13),
    "quality": (0, 63),
    "contrast": (-2, 2),
    "brightness": (-2, 2),
    "saturation": (-2, 2),
    "ae_level": (-2, 2),
    "gainceiling": (0, 6),
    "agc_gain": (0, 30),
    "aec_value": (0, 1200),
    "special_effect": (0, 6),
    "wb_mode": (0, 4),
}


class TestParams(unittest.TestCase):
    def test_every_parameter_and_its_range(self):
        self.assertEqual(sorted(RANGES), sorted(NAMES.split()))
        for name, bounds in RANGES.items():
            self.assertEqual(tuple(bounds), ODD_RANGES.get(name, (0, 1)), name)
            for value in bounds:
                for wire in ('{"%s": %d}', '{"%s": "%d"}'):
                    self.assertEqual(parse(wire % (name, value)), [(name, value)])
            for value in (bounds[0] - 1, bounds[1] + 1):
                with self.assertRaises(BadArgument):
                    parse('{"%s": %d}' % (name, value))

    def test_defaults_are_valid(self):
        for name, low, high, default in PARAMS:
            self.assertTrue(low <= default <= high, name)

    def test_frame_sizes_by_number_and_name(self):
        self.assertEqual(size_name(8), "VGA")
        self.assertEqual(FRAMESIZES[13], ("UXGA", 1600, 1200))
        for number, (name, _, _) in enumerate(FRAMESIZES):
            for wire in (name, name.lower(), str(number)):
                self.assertEqual(parse('{"framesize": "%s"}' % wire), [("framesize", number)])

    def test_values_by_name(self):
        for name, choices in CHOICES.items():
            low, high = [row[1:3] for row in PARAMS if row[0] == name][0]
            self.assertEqual((low, high), (0, len(choices) - 1), name)
            for value, choice in enumerate(choices):
                for wire in (choice, choice.upper()):
                    self.assertEqual(parse('{"%s": "%s"}' % (name, wire)), [(name, value)])
        with self.assertRaises(BadArgument):
            parse('{"wb_mode": "Sepia"}')

    def test_ranges_of_other_sensors(self):
        for sensor in ("OV3660", "OV5640"):
            for name, low, high in (
                ("contrast", -3, 3),
                ("brightness", -3, 3),
                ("saturation", -4, 4),
                ("gainceiling", 0, 511),
                ("vflip", 0, 1),
                ("framesize", 0, 13),
            ):
                self.assertEqual(tuple(limits_of(name, sensor)), (low, high))
                for value in (low, high):
                    self.assertEqual(parse('{"%s": %d}' % (name, value), sensor), [(name, value)])
                with self.assertRaises(BadArgument):
                    parse('{"%s": %d}' % (name, high + 1), sensor)
            self.assertEqual(
                (choices_of("gainceiling", sensor), len(choices_of("wb_mode"))), ((), 5)
            )
            with self.assertRaises(BadArgument):  # 1 is a sixteenth there, not 4x
                parse('{"gainceiling": "4x"}', sensor)
        self.assertEqual(tuple(limits_of("contrast", "unknown")), (-2, 2))
        self.assertIs(limits_of("nothing", "OV3660"), None)

    def test_bad_parameter_is_named_and_none_is_set(self):
        for wire, word in (
            ('{"quality": 5, "contrast": 9}', "contrast"),
            ('{"nothing": 1}', "nothing"),
            ('{"quality": true}', "quality"),
            ('{"quality": null}', "quality"),
            ('{"quality": [1]}', "quality"),
            ('{"quality": 1.5}', "quality"),
            ('{"quality": ""}', "quality"),
            ('{"framesize": "HUGE"}', "framesize"),
            ("", "JSON"),
            ("{}", "JSON"),
            ("[1]", "JSON"),
            ("quality", "JSON"),
            ('{"quality"', "JSON"),
        ):
            try:
                self.fail("{} returned {}".format(wire, parse(wire)))
            except BadArgument as e:
                self.assertTrue(word in str(e), "{}: {}".format(wire, e))


suite.main()
