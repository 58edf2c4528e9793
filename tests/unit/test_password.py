"""app.password: kept as salt and hash, right as a whole or wrong."""

import unittest

from fakes import run

from app.password import hashed, matches, of_basic
from proto.texts import Password
from proto.values import BadArgument

WORD = "open, sesame ü"


class TestPassword(unittest.TestCase):
    def test_what_is_kept_shows_nothing_and_never_repeats(self):
        one, other = hashed(WORD), hashed(WORD)
        self.assertTrue(one != other)
        self.assertEqual(len(one), 102)
        self.assertTrue(one.startswith("2000$"))
        self.assertTrue("sesame" not in one)

    def test_the_word_matches_nothing_else_does(self):
        kept = hashed(WORD)
        self.assertTrue(run(matches(WORD, kept)))
        for wrong in ("", WORD[:-1], WORD + "x", WORD + " ", WORD.upper(), kept, "x" * 64):
            self.assertFalse(run(matches(wrong, kept)), wrong)

    def test_nothing_matches_what_is_no_hash(self):
        for kept in ("", "x", "$$", "2000$zz$zz", "0$" + "5a" * 16 + "$" + "00" * 31, WORD):
            self.assertFalse(run(matches("", kept)), kept)
            self.assertFalse(run(matches(WORD, kept)), kept)

    def test_kept_again_it_stays_as_it_is(self):
        kept = hashed(WORD)
        self.assertEqual(hashed(kept), kept)
        self.assertEqual(Password(8, 63)(kept), kept)
        self.assertEqual(hashed(""), "")

    def test_short_and_long_ones_are_refused(self):
        check = Password(8, 63)
        for text in ("1234567", "x" * 64, "abcdefgh\n", "ü" * 32):
            with self.assertRaises(BadArgument):
                check(text)
        for text in ("12345678", "x" * 63, "ü" * 4):
            self.assertEqual(check(text), text)

    def test_of_a_header(self):
        self.assertEqual(of_basic("Basic YWRtaW46YTpi"), "a:b")  # admin:a:b
        for header in ("Basic ", "Basic ?", "Basic YWRtaW4=", "Basic /////w=="):
            self.assertEqual(of_basic(header), "", header)


unittest.main()
