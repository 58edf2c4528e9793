"""app.mqtt.outbox: what QoS 1 promises, over lost links and the end of the packet ids."""

import unittest

from app.mqtt.outbox import Outbox
from proto.mqtt import next_id


def sent(outbox, now=0):
    """Send all that may go out: (id, payload, dup) of each."""
    out = []
    while True:
        message = outbox.unsent()
        if not message:
            return out
        message.sent_ms = now
        out.append((message.packet_id, message.payload, message.dup))


class TestOutbox(unittest.TestCase):
    def test_order_ids_and_acknowledgement(self):
        outbox = Outbox(next_id)
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

    def test_dup_marks_only_what_was_sent_and_stays(self):
        outbox = Outbox(next_id)
        outbox.put(b"t", b"a", False)
        outbox.rewind()
        self.assertEqual(sent(outbox), [(1, b"a", False)])
        for _ in range(2):
            outbox.rewind()
        self.assertEqual(sent(outbox), [(1, b"a", True)])

    def test_full(self):
        outbox = Outbox(next_id, most=2)
        outbox.put(b"t", b"a", False)
        self.assertFalse(outbox.full())
        outbox.put(b"t", b"b", False)
        self.assertTrue(outbox.full())
        outbox.acknowledge(1)
        self.assertFalse(outbox.full())

    def test_newer_state_replaces_the_unsent_one_of_its_topic(self):
        outbox = Outbox(next_id)
        outbox.put(b"power", b"on", True)
        outbox.put(b"timer", b"5", True)
        outbox.put(b"power", b"off", True)
        self.assertEqual(sent(outbox), [(1, b"off", False), (2, b"5", False)])

    def test_events_are_not_replaced(self):
        outbox = Outbox(next_id)
        outbox.put(b"t", b"a", False)
        outbox.put(b"t", b"b", False)
        outbox.put(b"t", b"c", True)
        self.assertEqual([each[1] for each in sent(outbox)], [b"a", b"b", b"c"])

    def test_fast_changes_of_a_state_take_two_places(self):
        outbox = Outbox(next_id)
        for n in range(100):
            outbox.put(b"power", str(n).encode(), True)
            sent(outbox)
        self.assertEqual(len(outbox), 2)
        outbox.acknowledge(1)
        self.assertEqual([each[1] for each in sent(outbox)], [b"99"])

    def test_sent_state_is_sent_again_as_it_was_and_then_the_newer(self):
        outbox = Outbox(next_id)
        outbox.put(b"power", b"on", True)
        sent(outbox)
        outbox.rewind()
        outbox.put(b"power", b"off", True)
        self.assertEqual(sent(outbox), [(1, b"on", True)])
        outbox.acknowledge(1)
        self.assertEqual(sent(outbox), [(2, b"off", False)])

    def test_oldest_is_the_first_still_owed(self):
        outbox = Outbox(next_id)
        self.assertIsNone(outbox.oldest_ms())
        outbox.put(b"t", b"a", False)
        sent(outbox, 100)
        outbox.put(b"t", b"b", False)
        sent(outbox, 200)
        self.assertEqual(outbox.oldest_ms(), 100)
        outbox.acknowledge(1)
        self.assertEqual(outbox.oldest_ms(), 200)

    def test_ids_begin_again_behind_65535_and_leave_out_those_in_use(self):
        outbox = Outbox(next_id)
        outbox.put(b"t", b"kept", False)
        outbox.put(b"t", b"kept too", False)
        ids = [each[0] for each in sent(outbox)]
        for _ in range(65_534):
            outbox.put(b"t", b"x", False)
            ids.append(sent(outbox)[0][0])
            outbox.acknowledge(ids[-1])
        self.assertEqual(ids[:3], [1, 2, 3])
        self.assertEqual(ids[65_534], 65_535)
        self.assertEqual(ids[65_535], 3)  # 1 and 2 are still owed


unittest.main()
