"""Main program of a probe: run the code in an HTTP request and respond with `result`."""

import asyncio
import binascii

import machine
import network


async def serve(reader, writer):
    try:
        line = await reader.readline()
        while (await reader.readline()).strip():
            pass
        names = {"peer": writer.get_extra_info("peername")[0]}
        exec(binascii.unhexlify(line.split()[1][1:]).decode(), globals(), names)
        result = names.get("result")
        body = result if isinstance(result, bytes) else repr(result).encode()
    except Exception as exc:
        body = repr(exc).encode()
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def main():
    print("probe started by cause", machine.reset_cause())
    station = network.WLAN(network.STA_IF)
    station.active(True)
    station.connect("sim", "simulated")
    await asyncio.start_server(serve, "0.0.0.0", 80)
    while True:
        await asyncio.sleep(1)


asyncio.run(main())
