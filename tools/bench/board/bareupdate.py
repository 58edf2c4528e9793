"""Runs instead of main.py, behind lines that set HOST and PORT: reads a message into flash."""

import json
from time import sleep_ms, ticks_diff, ticks_us

import esp32
import network
from umqtt.simple import MQTTClient

BLOCK = 4_096


def joined():
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.connect("sim", "simulated")
    while not wlan.isconnected():
        sleep_ms(10)


def length(sock):
    value = shift = 0
    while True:
        byte = sock.read(1)[0]
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value


def main():
    joined()
    client = MQTTClient("bare", HOST, PORT)  # noqa: F821
    client.set_callback(print)
    client.connect()
    client.subscribe(b"OTA/bare/data")
    slot = esp32.Partition(esp32.Partition.RUNNING).get_next_update()
    print("bench: {}")
    sock, view = client.sock, memoryview(bytearray(BLOCK))
    sock.read(1)
    left = length(sock)
    start = ticks_us()
    topic = sock.read(2)
    left -= 2 + len(sock.read(topic[0] << 8 | topic[1]))
    block = 0
    while left:
        n = min(BLOCK, left)
        sock.readinto(view[:n])  # a blocking socket fills it
        slot.ioctl(6, block)
        slot.writeblocks(block, view, 0)
        left -= n
        block += 1
    print("bench: " + json.dumps({"write": ticks_diff(ticks_us(), start) / 1_000}))
    while True:
        sleep_ms(1_000)


main()
