"""app.password: storage as salt and hash, and comparison."""

import asyncio
import unittest
from hashlib import sha256

import suite
from fakes import ended, run

from app.password import hashed, is_current, is_hash, matches, pbkdf2, same

WORD = "open, sesame ü"
SALT = bytes(range(16))


def chain(text, rounds=2_000, salt=SALT):
    """Return the hash of a password as older firmware stored it."""
    last = salt
    for _ in range(rounds):
        last = sha256(last + salt + text.encode()).digest()
    return "{}${}${}".format(rounds, salt.hex(), last.hex())


class TestPBKDF2(unittest.TestCase):
    def test_published_vectors(self):
        for password, salt, rounds, key in (
            # RFC 7914 section 11, first 32 of 64 bytes
            (b"passwd", b"salt", 1, "55ac046e56e3089fec1691c22544b605"),
            (b"Password", b"NaCl", 80_000, "4ddcd8f60b98be21830cee5ef22701f9"),
            # those of RFC 6070 with SHA-256, as in the test suites of Go and cryptography
            (b"password", b"salt", 1, "120fb6cffcf8b32c43e7225256c4f837"),
            (b"password", b"salt", 2, "ae4d0c95af6b46d32d0adff928f06dd0"),
            (b"password", b"salt", 4_096, "c5e478d59288c841aa530db6845c4c8d"),
            (
                b"passwordPASSWORDpassword",
                b"saltSALTsaltSALTsaltSALTsaltSALTsalt",
                4_096,
                "348c89dbcbd32b2f32d814b8116e84cf",
            ),
        ):
            found = run(pbkdf2(password, salt, rounds))
            self.assertEqual((len(found), found[:16].hex()), (32, key))


class TestPassword(unittest.TestCase):
    def test_stored_form_is_salted_and_reveals_nothing(self):
        one, other = run(hashed(WORD)), run(hashed(WORD))
        self.assertTrue(one != other)
        self.assertEqual(len(one), 116)
        self.assertTrue(one.startswith("pbkdf2-sha256$1000$"))
        self.assertTrue("sesame" not in one)
        self.assertEqual(run(hashed("")), "")

    def test_only_the_password_matches(self):
        stored = run(hashed(WORD))
        self.assertTrue(run(matches(WORD, stored)))
        for wrong in (
            "",
            WORD[:-1],
            WORD + "x",
            WORD + " ",
            WORD + "\0",
            WORD.upper(),
            stored,
            "x" * 64,
        ):
            self.assertFalse(run(matches(wrong, stored)), wrong)

    def test_nothing_matches_an_invalid_hash(self):
        for stored in ("", "x", "$$", "2000$zz$zz", "0$" + "5a" * 16 + "$" + "00" * 31):
            self.assertFalse(run(matches("", stored)), stored)
            self.assertFalse(run(matches(WORD, stored)), stored)

    def test_password_that_looks_like_a_hash_is_hashed(self):
        for text in ("a$b$c", "a$b$c$d", chain(WORD)[:63], "pbkdf2-sha256$1000$5a$c3"):
            self.assertFalse(is_hash(text))
            stored = run(hashed(text))
            self.assertTrue(is_current(stored) and stored != text)
            self.assertTrue(run(matches(text, stored)))
        stored = run(hashed(WORD))
        self.assertTrue(run(hashed(stored)) != stored)

    def test_old_hash_matches_but_is_not_current(self):
        old = chain(WORD)
        self.assertEqual((len(old), is_hash(old), is_current(old)), (102, True, False))
        self.assertTrue(run(matches(WORD, old)))
        for wrong in ("", WORD[:-1], WORD + "x", old):
            self.assertFalse(run(matches(wrong, old)), wrong)

    def test_clear_text_matches_but_is_not_current(self):
        self.assertEqual((is_hash(WORD), is_current(WORD)), (False, False))
        self.assertTrue(run(matches(WORD, WORD)))
        self.assertFalse(run(matches(WORD[:-1], WORD)))

    def test_other_number_of_rounds_matches_up_to_a_limit(self):
        key = run(pbkdf2(WORD.encode(), SALT, 500)).hex()
        stored = "pbkdf2-sha256$500${}${}".format(SALT.hex(), key)
        self.assertTrue(run(matches(WORD, stored)))
        self.assertEqual((is_hash(stored), is_current(stored)), (True, False))
        for rounds, taken in (("0", 0), ("1", 1), ("10000", 1), ("10001", 0), ("9" * 40, 0)):
            stored = "{}${}${}".format(rounds, SALT.hex(), key)
            self.assertEqual(is_hash("pbkdf2-sha256$" + stored), bool(taken), rounds)
            self.assertEqual(is_hash(stored), bool(taken), rounds)

    def test_other_tasks_run_while_a_password_is_hashed(self):
        async def scenario():
            turns = []

            async def other():
                while True:
                    turns.append(1)
                    await asyncio.sleep(0)

            task = asyncio.create_task(other())
            stored = await hashed(WORD)
            self.assertTrue(len(turns) >= 10, len(turns))
            turns.clear()
            self.assertTrue(await matches(WORD, stored))
            self.assertTrue(len(turns) >= 10, len(turns))
            await ended(task)

        run(scenario())

    def test_damaged_hash_is_not_recognized(self):
        stored = run(hashed(WORD))
        for bad in (
            stored[:-1],
            stored[:-2],
            stored + "00",
            stored.replace("pbkdf2", "pbkdf1"),
            stored.replace("$1000$", "$-1$"),
            stored.replace("$1000$", "$$"),
            stored[:-1] + "g",
            "$" + stored,
            "$" + chain(WORD),
        ):
            self.assertFalse(is_hash(bad), bad)

    def test_same(self):
        for one, other in (("", ""), ("ab", "ab"), (b"ab", b"ab"), ("ü", "ü".encode())):
            self.assertTrue(same(one, other))
        for one, other in (("", "a"), ("ab", "ac"), ("ab", "abc"), (b"ab", b"ba"), ("a", b"\0")):
            self.assertFalse(same(one, other))


suite.main()
