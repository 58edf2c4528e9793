"""app.mqtt.outbox: QoS 1 across lost links and wrapping packet ids."""

import unittest

import suite

from app.mqtt.outbox import Outbox


def sent(outbox, now=0):
    """Send all messages that are due; return (id, payload, dup) of each."""
    out = []
    while True:
        message = outbox.unsent()
        if not message:
            return out
        message.sent_ms = now
        out.append((message.packet_id, message.payload, message.dup))


class TestOutbox(unittest.TestCase):
    def test_order_ids_and_acknowledgement(self):
        outbox = Outbox()
        for payload in (b"a", b"b", b"c"):
            outbox.put(b"t", payload, False)
        self.assertEqual(sent(outbox), [(1, b"a", False), (2, b"b", False), (3, b"c", False)])
        outbox.acknowledge(2)
        outbox.acknowledge(99)
        self.assertEqual(len(outbox), 2)
        outbox.rewind()
        self.assertEqual(sent(outbox), [(1, b"a", True), (3, b"c", True)])
        outbox.acknowledge(1)
        outbox.acknowledge(3)
        self.assertEqual((len(outbox), outbox.unsent(), outbox.oldest_ms()), (0, None, None))

    def test_dup_marks_messages_sent_on_an_earlier_link(self):
        outbox = Outbox()
        outbox.put(b"t", b"a", False)
        outbox.rewind()
        self.assertEqual(sent(outbox), [(1, b"a", False)])
        for _ in range(2):
            outbox.rewind()
        self.assertEqual(sent(outbox), [(1, b"a", True)])

    def test_full(self):
        outbox = Outbox(2)
        outbox.put(b"t", b"a", False)
        self.assertFalse(outbox.full())
        outbox.put(b"t", b"b", False)
        self.assertTrue(outbox.full())
        outbox.acknowledge(1)
        self.assertFalse(outbox.full())

    def test_retained_message_replaces_an_unsent_one_of_its_topic(self):
        outbox = Outbox()
        outbox.put(b"power", b"on", True)
        outbox.put(b"timer", b"5", True)
        outbox.put(b"power", b"off", True)
        self.assertEqual(sent(outbox), [(1, b"off", False), (2, b"5", False)])

    def test_other_messages_are_not_replaced(self):
        outbox = Outbox()
        outbox.put(b"t", b"a", False)
        outbox.put(b"t", b"b", False)
        outbox.put(b"t", b"c", True)
        self.assertEqual([each[1] for each in sent(outbox)], [b"a", b"b", b"c"])

    def test_retained_topic_uses_at_most_two_places(self):
        outbox = Outbox()
        for n in range(100):
            outbox.put(b"power", str(n).encode(), True)
            sent(outbox)
        self.assertEqual(len(outbox), 2)
        outbox.acknowledge(1)
        self.assertEqual([each[1] for each in sent(outbox)], [b"99"])

    def test_repeated_message_keeps_its_payload_and_a_newer_one_follows(self):
        outbox = Outbox()
        outbox.put(b"power", b"on", True)
        sent(outbox)
        outbox.rewind()
        outbox.put(b"power", b"off", True)
        self.assertEqual(sent(outbox), [(1, b"on", True)])
        outbox.acknowledge(1)
        self.assertEqual(sent(outbox), [(2, b"off", False)])

    def test_oldest_is_the_first_unacknowledged_message(self):
        outbox = Outbox()
        self.assertIsNone(outbox.oldest_ms())
        outbox.put(b"t", b"a", False)
        sent(outbox, 100)
        outbox.put(b"t", b"b", False)
        sent(outbox, 200)
        self.assertEqual(outbox.oldest_ms(), 100)
        outbox.acknowledge(1)
        self.assertEqual(outbox.oldest_ms(), 200)

    def test_ids_wrap_after_65535_and_skip_those_in_use(self):
        outbox = Outbox()
        outbox.put(b"t", b"kept", False)
        outbox.put(b"t", b"kept too", False)
        ids = [each[0] for each in sent(outbox)]
        for _ in range(65_534):
            outbox.put(b"t", b"x", False)
            ids.append(sent(outbox)[0][0])
            outbox.acknowledge(ids[-1])
        self.assertEqual(ids[:3], [1, 2, 3])
        self.assertEqual(ids[65_534], 65_535)
        self.assertEqual(ids[65_535], 3)  # 1 and 2 are in use


suite.main()
