"""proto.lineedit: line ends, editing keys, history and the length limit."""

import unittest

import suite

from config.limits import CONSOLE_LINE_BYTES as MOST
from proto.lineedit import LineEditor

UP, DOWN = b"\x1b[A", b"\x1b[B"


def type_in(data, editor=None):
    """Return (finished lines, echo) for typed bytes."""
    editor = editor or LineEditor()
    lines, shown = [], b""
    for byte in data:
        shown += editor.feed(byte)
        if editor.line is not None:
            lines.append(editor.line)
    return lines, shown


class TestLineEnds(unittest.TestCase):
    def test_each_line_end_ends_one_line(self):
        for end in (b"\r", b"\n", b"\r\n", b"\r\0"):
            lines, shown = type_in(b"ab" + end + b"c" + end + end + b"d")
            self.assertEqual(lines, [b"ab", b"c", b""])
            self.assertEqual(shown, b"ab\r\nc\r\n\r\nd")

    def test_repeated_line_ends_are_two_lines(self):
        self.assertEqual(type_in(b"\n\n")[0], [b"", b""])
        self.assertEqual(type_in(b"\r\r")[0], [b"", b""])
        self.assertEqual(type_in(b"\r\n\r\n")[0], [b"", b""])
        self.assertEqual(type_in(b"a\r\0\nb\r")[0], [b"a", b"", b"b"])

    def test_line_end_terminates_an_unfinished_escape_sequence(self):
        for junk in (b"\x1b", b"\x1b[", b"\x1b[1;5", b"\x1bO"):
            for end in (b"\r", b"\n", b"\r\n"):
                self.assertEqual(type_in(b"a" + junk + end + b"help" + end)[0], [b"a", b"help"])


class TestEditing(unittest.TestCase):
    def test_backspace_deletes_the_last_character(self):
        for key in (b"\x08", b"\x7f"):
            for character in ("x", "ü", "€", "😀"):
                data = b"a" + character.encode()
                lines, shown = type_in(data + key + b"b\r")
                self.assertEqual(lines, [b"ab"])
                self.assertEqual(shown, data + b"\b \bb\r\n")

    def test_backspace_at_the_start_does_nothing(self):
        self.assertEqual(type_in(b"\x08\x7fa\x7f\x7f\x7fb\r"), ([b"b"], b"a\b \bb\r\n"))

    def test_ctrl_u_deletes_the_line(self):
        lines, shown = type_in("aüb".encode() + b"\x15c\r")
        self.assertEqual(lines, [b"c"])
        self.assertEqual(shown, "aüb".encode() + b"\b \b" * 3 + b"c\r\n")

    def test_other_control_characters_are_ignored(self):
        others = bytes(c for c in range(32) if c not in (8, 10, 13, 21, 27))
        self.assertEqual(type_in(b"a" + others + b"b\r"), ([b"ab"], b"ab\r\n"))

    def test_other_keys_are_ignored(self):
        for key in (b"\x1b[C", b"\x1b[3~", b"\x1b[1;5D", b"\x1bOP", b"\x1bx", b"\x1b[H"):
            self.assertEqual(type_in(b"a" + key + b"b\r"), ([b"ab"], b"ab\r\n"))

    def test_bytes_invalid_in_utf8_are_ignored(self):
        self.assertEqual(type_in(b"a\xff\xfe\xf8b\r"), ([b"ab"], b"ab\r\n"))

    def test_unfinished_line(self):
        editor = LineEditor()
        type_in(b"abc\x7f", editor)
        self.assertEqual(editor.typed(), b"ab")
        type_in(b"\r", editor)
        self.assertEqual(editor.typed(), b"")


class TestLimit(unittest.TestCase):
    def test_limit_is_320_bytes(self):
        for n, too_long in ((MOST, False), (MOST + 1, True), (5_000, True)):
            editor = LineEditor()
            lines, shown = type_in(b"x" * n + b"\r", editor)
            self.assertEqual((len(lines), len(lines[0]), editor.too_long), (1, MOST, too_long))
            self.assertEqual(shown.count(b"\x07"), int(too_long))  # one bell, not 4,745
        self.assertEqual(MOST, 320)

    def test_deleted_line_is_no_longer_too_long(self):
        editor = LineEditor()
        type_in(b"x" * 300 + b"\x15" + b"help\r", editor)
        self.assertFalse(editor.too_long)
        editor = LineEditor()
        type_in(b"help\r" + b"x" * 300 + UP + b"\r", editor)
        self.assertEqual((editor.too_long, editor.line), (False, b"help"))
        editor = LineEditor()
        type_in(b"x" * 400 + b"\x7f" * 400 + b"help\r", editor)
        self.assertEqual((editor.too_long, editor.line), (False, b"help"))

    def test_overlong_line_is_not_in_the_history(self):
        editor = LineEditor()
        type_in(b"x" * 400 + b"\r", editor)
        editor.too_long = False
        self.assertEqual(type_in(UP + b"\r", editor)[0], [b""])


class TestHistory(unittest.TestCase):
    def test_up_and_down(self):
        for keys, line in ((UP, b"three"), (UP * 2, b"two"), (UP * 3, b"one"), (UP * 20, b"one")):
            editor = LineEditor()
            type_in(b"one\rtwo\rthree\r", editor)
            self.assertEqual(type_in(keys + b"\r", editor)[0], [line])
        editor = LineEditor()
        type_in(b"one\rtwo\rthree\r", editor)
        self.assertEqual(type_in(UP + UP + DOWN + b"\r", editor)[0], [b"three"])
        self.assertEqual(type_in(UP + DOWN + b"\r", editor)[0], [b""])
        self.assertEqual(type_in(DOWN + DOWN + b"x\r", editor)[0], [b"x"])

    def test_recalled_line_is_shown_and_can_be_edited(self):
        editor = LineEditor()
        type_in(b"power on\r", editor)
        lines, shown = type_in(b"ab" + UP + b"\x7f\x7foff\r", editor)
        self.assertEqual(lines, [b"power off"])
        self.assertEqual(shown, b"ab" + b"\b \b" * 2 + b"power on" + b"\b \b" * 2 + b"off\r\n")

    def test_application_mode_arrows(self):
        editor = LineEditor()
        type_in(b"one\r", editor)
        self.assertEqual(type_in(b"\x1bOA\r", editor)[0], [b"one"])

    def test_history_is_short_without_empty_or_repeated_lines(self):
        editor = LineEditor(history=3)
        type_in(b"a\rb\rc\rd\rd\r\r  \rd\r", editor)
        self.assertEqual(type_in(UP + b"\r", editor)[0], [b"d"])
        self.assertEqual(type_in(UP * 9 + b"\r", editor)[0], [b"b"])


suite.main()
