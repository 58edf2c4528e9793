"""Installs Debian or Ubuntu packages where that is possible without asking anybody."""

import os
import shutil
import subprocess
import time

APT = (  # package, program it brings, what needs it
    ("mosquitto", "mosquitto", "the tests"),
    ("mosquitto-clients", "mosquitto_sub", "looking at the pictures from a shell"),
    ("inetutils-telnet", "telnet", "the tests"),
    ("chromium", "chromium", "the tests of the pages"),
)
RETRY_S = 3_600  # after a failure, so that an offline machine starts quickly


def which(program):
    """Return a program's path, also from the folders that only root has on its PATH."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def missing():
    """Return the rows of APT whose program is not installed."""
    return [row for row in APT if not which(row[1])]


def install_tools(say, failed_stamp):
    """Install what is missing of APT; where that fails, say how to do it and go on."""
    rows = missing()
    if not rows:
        return
    packages = [row[0] for row in rows]
    if _age_s(failed_stamp) > RETRY_S:
        if install(packages, say):
            _leave_service_stopped(packages, say)
            return
        with open(failed_stamp, "w") as file:
            file.write(" ".join(packages))
    for package, _, purpose in rows:
        say("%s is missing (needed for %s)" % (package, purpose))
    say("install by hand: apt-get install " + " ".join(packages))


def install(packages, say):
    """Install packages by apt-get as root or by passwordless sudo; return whether it worked."""
    root = _root_prefix()
    if root is None or not shutil.which("apt-get"):
        return False
    say("installing %s by apt-get" % " ".join(packages))
    if _apt(root, ["install"] + packages, quiet=True):
        return True
    # package lists absent (fresh container) or outdated
    return _apt(root, ["update"]) and _apt(root, ["install"] + packages)


def _root_prefix():
    """Return what makes a command run as root: [], a sudo that asks nothing, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.call([sudo, "-n", "true"], stderr=subprocess.DEVNULL) == 0:
        return [sudo, "-n"]
    return None


def _apt(root, words, quiet=False):
    options = ["-qq", "-y", "-o", "DPkg::Lock::Timeout=60", "--no-install-recommends"]
    command = root + ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"] + options + words
    errors = subprocess.DEVNULL if quiet else None
    nothing = subprocess.DEVNULL
    return subprocess.call(command, stdin=nothing, stdout=nothing, stderr=errors) == 0


def _leave_service_stopped(packages, say):
    # tests and simulator start brokers of their own; a new one on port 1883 would be in the way
    if "mosquitto" in packages and os.path.isdir("/run/systemd/system"):
        command = _root_prefix() + ["systemctl", "disable", "--now", "mosquitto.service"]
        if subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            say("the mosquitto service stays off: only its program is used")


def _age_s(path):
    try:
        return time.time() - os.stat(path).st_mtime
    except OSError:
        return float("inf")
