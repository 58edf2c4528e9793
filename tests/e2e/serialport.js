// A port for Web Serial that the test connects to a simulated board's UART.
{
  let stop;
  const port = {
    open: async () => {
      let open = true;
      stop = () => (open = false);
      port.readable = new ReadableStream({
        async pull(controller) {
          let bytes = [];
          while (open && !bytes.length) bytes = await window.uartRead();
          bytes.length ? controller.enqueue(new Uint8Array(bytes)) : controller.close();
        },
        cancel: stop,
      });
      port.writable = new WritableStream({ write: (bytes) => window.uartWrite([...bytes]) });
    },
    close: async () => stop(),
    getInfo: () => ({}),
    setSignals: async () => {},
    addEventListener: () => {},
    removeEventListener: () => {},
  };
  const serial = { requestPort: async () => port, addEventListener: () => {} };
  Object.defineProperty(navigator, "serial", { value: serial });
}
