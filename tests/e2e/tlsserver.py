"""TLS server that keeps what a camera sends to it."""

import contextlib
import socket
import ssl
import threading


class RecordingServer:
    """TLS server that records the data received; a context manager.

    It handles one connection at a time. chain: PEM bytes of key and certificates.
    """

    def __init__(self, folder, chain, **limits):
        self.folder = folder
        self.attempts = 0
        self.handshakes = 0
        self.data = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.use(chain, **limits)

    def use(self, chain, ciphers="ALL", clients=None, **limits):
        """Present another certificate chain.

        clients: a Pair; require client certificates signed by it. limits: attributes of the
        SSLContext.
        """
        (self.folder / "chain.pem").write_bytes(chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")  # the camera decides, not this server
        context.load_cert_chain(self.folder / "chain.pem")
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=clients.cert_pem.decode())
        for name, value in limits.items():
            setattr(context, name, value)
        self._context = context

    def __enter__(self):
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._server.accept()
                sock.settimeout(1)
                with contextlib.suppress(OSError), sock:
                    self._talk(sock)
                self.attempts += 1

    def _talk(self, sock):
        with self._context.wrap_socket(sock, server_side=True) as secure:
            self.handshakes += 1
            while data := secure.recv(4_096):
                self.data += data
