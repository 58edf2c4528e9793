"""proto.lineedit: what a person types, and what noise does (more in tests/props)."""

import unittest

from proto.lineedit import MOST, LineEditor


def typed(data, editor=None):
    """(finished lines, echo)."""
    editor = editor or LineEditor()
    lines, echo = [], b""
    for byte in data:
        echo += editor.feed(byte)
        if editor.line is not None:
            lines.append(editor.line)
    return lines, echo


class TestLineEditor(unittest.TestCase):
    def test_every_line_end(self):
        for end in (b"\r", b"\n", b"\r\n", b"\r\0"):
            self.assertEqual(typed(b"one" + end + b"two" + end)[0], [b"one", b"two"])

    def test_echo_and_erasing(self):
        self.assertEqual(typed(b"ab\x7f\x08\x08c\r"), ([b"c"], b"ab\b \b\b \bc\r\n"))
        self.assertEqual(typed("aü\x7fb\r".encode())[0], [b"ab"])
        self.assertEqual(typed(b"wrong\x15right\r")[0], [b"right"])

    def test_history(self):
        up, down = b"\x1b[A", b"\x1b[B"
        self.assertEqual(typed(b"one\rtwo\r" + up + up + b"\r")[0][-1], b"one")
        self.assertEqual(typed(b"one\rtwo\r" + up * 9 + down + b"\r")[0][-1], b"two")
        self.assertEqual(typed(b"one\rx" + up + down + down + b"\r")[0][-1], b"")
        self.assertEqual(typed(up + down + b"a\r")[0], [b"a"])

    def test_other_keys_leave_nothing(self):
        for key in (b"\x1b[C", b"\x1bOP", b"\x1b[15~", b"\x1b[1;5C", b"\t", b"\0", b"\x01"):
            self.assertEqual(typed(b"a" + key + b"b\r")[0], [b"ab"], key)

    def test_long_line_is_cut_and_says_so(self):
        editor = LineEditor()
        lines, echo = typed(b"x" * 5_000, editor)
        self.assertTrue(editor.too_long)
        self.assertEqual(echo.count(b"\x07"), 1)
        lines, _ = typed(b"\r", editor)
        self.assertEqual(lines, [b"x" * MOST])
        editor.started()
        self.assertFalse(editor.too_long)


unittest.main()
