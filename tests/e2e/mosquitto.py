"""Mosquitto on its own port, with its own files and generated TLS certificates."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import trustme

HOST = "127.0.0.1"
NAMES = ("localhost", HOST)


_reserved = []  # sockets of free_port


def free_port():
    """Return a free TCP port; it stays reserved for servers of this process."""
    sock = socket.socket()
    sock.bind((HOST, 0))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # so servers may share the port
    _reserved.append(sock)
    return sock.getsockname()[1]


def program(name):
    # Debian installs it in /usr/sbin, which only root's PATH includes
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise FileNotFoundError(f"{name} is missing; install it: apt-get install mosquitto")
    return path


class Mosquitto:
    """One broker that keeps its ports over restarts; a context manager.

    folder: an empty or new folder for its files. tls: also listen with TLS on `tls_port`;
    authority: the trustme.CA that signs the certificate (default: a new one), names: the
    certificate's host names. users: {name: password}; without users, anonymous clients are
    allowed. acl: lines of an ACL file. options: further lines of mosquitto.conf as {option:
    value or list of values}.
    """

    def __init__(
        self, folder, tls=False, names=NAMES, authority=None, users=None, acl=None, options=None
    ):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.authority = authority or trustme.CA()
        self.ca_file = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca_file)
        self._process = None
        lines = [*self._general(users, acl), *self._listeners(names)]
        for option, values in (options or {}).items():
            values = values if isinstance(values, list | tuple) else [values]
            lines += [f"{option} {value}" for value in values]
        self._conf = self._write("mosquitto.conf", lines)

    def _general(self, users, acl):
        yield "log_type all"
        yield f"allow_anonymous {'false' if users else 'true'}"
        if os.geteuid() == 0:
            yield "user root"  # another user can't read the files in a test's folder
        if users:
            passwords = self._write(
                "passwords", [f"{name}:{word}" for name, word in users.items()]
            )
            subprocess.run([program("mosquitto_passwd"), "-U", passwords], check=True)
            yield f"password_file {passwords}"
        if acl:
            yield f"acl_file {self._write('acl', acl)}"

    def _listeners(self, names):
        yield f"listener {self.port} {HOST}"
        if self.tls_port:
            certificate = self.authority.issue_cert(*names)
            chain, key = self.folder / "server.pem", self.folder / "server.key"
            chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
            certificate.private_key_pem.write_to_path(key)
            yield f"listener {self.tls_port} {HOST}"
            yield f"certfile {chain}"
            yield f"keyfile {key}"

    def _write(self, name, lines):
        path = self.folder / name
        path.write_text("".join(line + "\n" for line in lines))
        path.chmod(0o600)
        return path

    @property
    def uri(self):
        """The URI without TLS, for the setting mqtthost."""
        return f"mqtt://{HOST}:{self.port}"

    @property
    def tls_uri(self):
        """The URI with TLS."""
        return f"mqtts://localhost:{self.tls_port}"

    @property
    def log(self):
        """The broker's log so far, over all restarts."""
        return (self.folder / "mosquitto.log").read_text(errors="replace")

    def start(self):
        """Start the broker and wait until it listens; return self."""
        with open(self.folder / "mosquitto.log", "ab") as log:
            self._process = subprocess.Popen(
                [program("mosquitto"), "-c", self._conf],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        for port in filter(None, (self.port, self.tls_port)):
            self._wait_until_listening(port)
        return self

    def _wait_until_listening(self, port, limit_s=10):
        deadline = time.monotonic() + limit_s
        while True:
            try:
                return socket.create_connection((HOST, port), 1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise RuntimeError(f"mosquitto does not listen:\n{self.log}") from None
                time.sleep(0.02)

    def stop(self):
        """Stop the broker with SIGTERM; it disconnects its clients."""
        self._end(signal.SIGTERM)

    def kill(self):
        """Kill the broker; the kernel closes its sockets."""
        self._end(signal.SIGKILL)

    def freeze(self):
        """Suspend the broker: the kernel still accepts connections, but nothing responds."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Resume a suspended broker."""
        self._process.send_signal(signal.SIGCONT)

    def restart(self):
        """Kill the broker and start it again on the same ports."""
        self.kill()
        return self.start()

    def _end(self, number):
        if self._process:
            self._process.send_signal(number)
            self._process.send_signal(signal.SIGCONT)
            self._process.wait(10)
            self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
