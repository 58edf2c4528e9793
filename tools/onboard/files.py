# Runs on the board, sent to its prompt: files, and what the board is. Leaves no trace.
import binascii
import gc
import hashlib
import json
import os
import sys


def facts():
    """What the PC has to know of this board, as JSON."""
    _be_patient()
    frozen, path = [], sys.path[:]
    sys.path[:] = [".frozen"]
    for name in ("umqtt.robust", "umqtt.simple", "microdot", "config.product"):
        try:
            __import__(name)
            frozen.append(name.replace(".", "/"))
        except ImportError:
            pass
    sys.path[:] = path
    gc.collect()
    return json.dumps(
        {
            "machine": sys.implementation[2],
            "version": sys.implementation[1][:3],
            "mpy": getattr(sys.implementation, "_mpy", 0),
            "frozen": frozen,
            "camera": _has("camera"),
            "esp32": _has("esp32"),
            "root": os.listdir("/"),
            "free_heap": gc.mem_free(),
        }
    )


def _be_patient():
    """The camera's watchdog may run, which nothing stops: it shall not bite in an hour."""
    try:
        import machine

        machine.WDT(timeout=3_600_000)
    except (ImportError, AttributeError):
        pass


def own_copy():
    """Let boot.py start what is deployed: no copy that came by an update, no crash counted."""
    import esp32

    nvs = esp32.NVS("boot")
    try:
        nvs.erase_key("app")
        nvs.commit()
    except OSError:  # nothing was noted
        pass


def _has(name):
    try:
        __import__(name)
        return True
    except ImportError:
        return False


def free():
    """Bytes of the file system that are free."""
    block, _, _, count = os.statvfs("/")[:4]
    return block * count


def tree(folders):
    """Print path and size of each file below the folders, one a line."""
    for folder in folders:
        try:
            entries = list(os.ilistdir(folder))
        except OSError:
            continue
        for entry in entries:
            path = folder + "/" + entry[0]
            if entry[1] == 0x4000:
                tree((path,))
            else:
                print(os.stat(path)[6], path)


def size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return -1


def get(path, at):
    with open(path, "rb") as file:
        file.seek(at)
        return binascii.b2a_base64(file.read(768)).decode().strip()


def put(path, data, at, last):
    """Write a piece of a file beside the old one, whose place it takes with the last one."""
    if not at:
        for end in range(1, len(path)):
            if path[end] == "/" and size(path[:end]) < 0:
                os.mkdir(path[:end])
    with open(path + ".new", "ab" if at else "wb") as file:
        file.write(binascii.a2b_base64(data))
    if last:
        _keep(path)


def _keep(path):
    try:
        os.rename(path + ".new", path)
    except OSError:  # FAT does not replace
        os.remove(path)
        os.rename(path + ".new", path)


def drop(path):
    """Remove a file, and the folders that have become empty by that."""
    os.remove(path)
    folder = path.rpartition("/")[0]
    while folder and not os.listdir(folder):
        os.rmdir(folder)
        folder = folder.rpartition("/")[0]


def drop_copies():
    """Remove copies of the application that came by updates, and print their paths."""
    for copy in ("/app_a", "/app_b"):
        try:
            os.umount(copy)
        except OSError:  # it does not run
            pass
        for path in (copy, copy + ".tar", copy + ".tar.new"):
            if size(path) >= 0:
                _drop_all(path)
                print(path)


def _drop_all(path):
    try:
        for entry in list(os.ilistdir(path)):
            _drop_all(path + "/" + entry[0])
        os.rmdir(path)
    except OSError:  # a file
        os.remove(path)


def digest(path):
    """SHA-256 of a file, or "" where there is none."""
    sha, buffer = hashlib.sha256(), memoryview(bytearray(1024))
    try:
        with open(path, "rb") as file:
            while True:
                count = file.readinto(buffer)
                if not count:
                    break
                sha.update(buffer[:count])
    except OSError:
        return ""
    return binascii.hexlify(sha.digest()).decode()
