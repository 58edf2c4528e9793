"""Install Debian or Ubuntu packages without prompting."""

import os
import shutil
import subprocess
import time

APT = (  # packages, their program, purpose
    ("mosquitto", "mosquitto", "the tests"),
    ("mosquitto-clients", "mosquitto_sub", "looking at the pictures from a shell"),
    ("nats-server", "nats-server", "the tests with another broker"),
    ("inetutils-telnet", "telnet", "the tests"),
    ("chromium", "chromium", "the tests of the pages"),
)
HUBS = (  # the same for `make hubs`
    ("prometheus", "prometheus", "the test with Prometheus"),
    ("ffmpeg", "ffmpeg", "the tests of recording"),
    ("motion", "motion", "the test with motion"),
    ("vlc-bin vlc-plugin-base", "cvlc", "the test with VLC"),
    (
        "gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good",
        "gst-launch-1.0",
        "the tests with GStreamer",
    ),
    ("libimage-exiftool-perl", "exiftool", "the test with exiftool"),
)
_SERVICES = ("mosquitto", "nats-server", "prometheus", "motion")
RETRY_S = 3_600  # after a failure, so that an offline machine starts quickly


def which(program):
    """Return a program's path; the folders that only root has on the PATH are searched, too."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def install_tools(say, failed_stamp, rows=APT):
    """Install the rows whose programs are missing; if that fails, print how to do it by hand."""
    rows = [row for row in rows if not which(row[1])]
    if not rows:
        return
    packages = " ".join(row[0] for row in rows).split()
    if age_s(failed_stamp) > RETRY_S:
        if install(packages, say):
            _leave_services_stopped(packages, say)
            return
        with open(failed_stamp, "w") as file:
            file.write(" ".join(packages))
    for package, _, purpose in rows:
        say("%s is missing (needed for %s)" % (package, purpose))
    say("install by hand: apt-get install " + " ".join(packages))


def install(packages, say):
    """Install packages with apt-get, as root or with passwordless sudo; return true on success."""
    root = _root_prefix()
    if root is None or not shutil.which("apt-get"):
        return False
    say("installing %s with apt-get" % " ".join(packages))
    if _apt(root, ["install"] + packages, quiet=True):
        return True
    # the package lists are missing (fresh container) or outdated
    return _apt(root, ["update"]) and _apt(root, ["install"] + packages)


def _root_prefix():
    """Return the prefix that runs a command as root: [], passwordless sudo, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.call([sudo, "-n", "true"], stderr=subprocess.DEVNULL) == 0:
        return [sudo, "-n"]
    return None


def _apt(root, arguments, quiet=False):
    options = ["-qq", "-y", "-o", "DPkg::Lock::Timeout=60", "--no-install-recommends"]
    command = root + ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"] + options + arguments
    errors = subprocess.DEVNULL if quiet else None
    nothing = subprocess.DEVNULL
    return subprocess.call(command, stdin=nothing, stdout=nothing, stderr=errors) == 0


def _leave_services_stopped(packages, say):
    # tests and the simulator start their own brokers, and a service would take port 1883
    for name in _SERVICES:
        if name in packages and os.path.isdir("/run/systemd/system"):
            command = _root_prefix() + ["systemctl", "disable", "--now", name + ".service"]
            if subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
                say("the %s service stays off, because only the program is needed" % name)


def age_s(path):
    """Return the seconds since a file was written; infinite if there is none."""
    try:
        return time.time() - os.stat(path).st_mtime
    except OSError:
        return float("inf")
