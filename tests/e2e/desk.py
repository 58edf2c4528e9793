"""A user's desk: the simulated camera of `make run`, and a shell for the manual's commands."""

import shlex
import shutil
import subprocess
import sys

import trustme
from sim import ROOT, Simulator

_VARIABLES = "MAKEFLAGS ARGS PORT FIRMWARE FILE".split()  # those of the make that runs the tests
MAKE = ["env", *(word for name in _VARIABLES for word in ("-u", name))]
MAKE += ["make", "--no-print-directory", "PYTHON=" + sys.executable]
_SETTINGS = {"pubinterval": "1", "name": "porch", "adminpass": "PASSWORD"}


class Desk:
    """The simulated camera of `make run`, and a folder and configuration for its clients."""

    def __init__(self, folder):
        self.folder = folder
        self.work = folder / "work"  # of the latest command
        (folder / "home").mkdir()
        self.camera = Simulator(folder / "camera", settings=_SETTINGS)
        options = shlex.join(self.camera._line[2:])
        self.camera._line = [*MAKE, "-C", str(ROOT), "run", "ARGS=" + options]

    def start(self):
        """Start the camera; let clients find it where its addresses in the text lead."""
        self.camera.start()
        self.camera.wait_status("mqtt connected")
        facts, home = self.camera.facts, self.folder / "home"
        self.broker = int(facts["mqtt"].rpartition(":")[2])
        for client in ("mosquitto_pub", "mosquitto_sub", "mosquitto_rr"):
            (home / client).write_text(f"-h 127.0.0.1\n-p {self.broker}\n")
        curl = [f'connect-to = "::127.0.0.1:{facts["http"]}"', 'noproxy = "*"', "fail", "silent"]
        (home / ".curlrc").write_text("\n".join(curl))

    def prepare(self):
        """Make the files that the commands expect."""
        (self.folder / "work" / "build" / "release").mkdir(parents=True)
        for line in ("app build/app.zip", "keygen porch"):
            assert self.run(f".venv/bin/python tools/ota.py {line}")[0] == 0
        ca = trustme.CA()
        for name, pem in (
            ("ca.pem", ca.cert_pem),
            ("ca.crt", ca.cert_pem),
            ("ca.key", ca.private_key_pem),
        ):
            pem.write_to_path(self.work / name)
        client = ca.issue_cert("porch")
        client.private_key_pem.write_to_path(self.work / "porch.key")
        client.cert_chain_pems[0].write_to_path(self.work / "porch.crt")
        assert self.run("openssl req -new -key porch.key -subj /CN=porch -out porch.csr")[0] == 0
        self.work.rename(self.folder / "files")

    def run(self, line, stdin="", limit_s=20):
        """Run a line in a shell, with fresh files; return (exit status, output)."""
        if (self.folder / "files").exists():
            shutil.rmtree(self.work, ignore_errors=True)
            shutil.copytree(self.folder / "files", self.work)
        home = str(self.folder / "home")
        line = line.replace(".venv/bin/python tools/", f"{sys.executable} {ROOT}/tools/")
        done = subprocess.run(
            ["env", f"XDG_CONFIG_HOME={home}", f"CURL_HOME={home}", "sh", "-c", line],
            cwd=self.work,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=limit_s,
            start_new_session=True,  # no terminal, so that a password comes from stdin
        )
        return done.returncode, done.stdout + done.stderr


def planned(words):
    """Return the last line that make would run."""
    done = subprocess.run(
        [*MAKE, "-n", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].removeprefix("exec ")
