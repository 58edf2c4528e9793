# Sent to the board's prompt: functions for files, and facts about the board. Nothing is stored.
import binascii
import gc
import hashlib
import json
import os
import sys


def facts():
    """Return what the PC needs to know about the board, as JSON."""
    _extend_watchdog()
    path = sys.path[:]
    sys.path[:] = [".frozen"]
    frozen = [name for name in ("umqtt.robust", "umqtt.simple", "microdot") if _module(name)]
    product = _module("config.product")
    sys.path[:] = path
    block, _, blocks = os.statvfs("/")[:3]
    gc.collect()
    return json.dumps(
        {
            "machine": sys.implementation[2],
            "version": sys.implementation[1][:3],
            "mpy": getattr(sys.implementation, "_mpy", 0),
            "frozen": [name.replace(".", "/") for name in frozen],
            "application": product.VERSION if product else "",
            "camera": _camera(),
            "esp32": bool(_module("esp32")),
            "slots": _slots(),
            "root": os.listdir("/"),
            "block_bytes": block,
            "blocks": blocks,
            "free_blocks": _free_blocks(),
            "heap_bytes": gc.mem_alloc() + gc.mem_free(),
        }
    )


def _module(name):
    """Return a module, or None if there is none of that name."""
    try:
        __import__(name)
        return sys.modules[name]
    except ImportError:
        return None


def _camera():
    """Return api or driver, which hal.sensor can use, other, or "" without a camera module."""
    camera = _module("camera")
    if not camera:
        return ""
    if hasattr(camera, "Camera"):
        return "api"
    return "driver" if hasattr(camera, "framesize") else "other"


def _slots():
    """Return the number of slots for firmware images."""
    esp32 = _module("esp32")
    if not esp32:
        return 0
    apps = esp32.Partition.find(esp32.Partition.TYPE_APP)
    return len([app for app in apps if app.info()[1] >= 0x10])


def _extend_watchdog():
    """Set the watchdog to an hour: the camera may have started it, and it cannot be stopped."""
    try:
        import machine

        machine.WDT(timeout=3_600_000)
    except (ImportError, AttributeError):
        pass


def select_deployed():
    """Make boot.py start the deployed application: forget application updates and crashes."""
    import esp32

    nvs = esp32.NVS("boot")
    try:
        nvs.erase_key("app")
        nvs.commit()
    except OSError:  # nothing is stored
        pass


def _free_blocks():
    """Return what littlefs has free; its statvfs counts the two blocks of a folder twice."""
    return os.statvfs("/")[3] + 2 * _folders("/")


def _folders(path):
    """Return the number of folders below a path that ends with "/"."""
    inner = [entry[0] for entry in os.ilistdir(path) if entry[1] == 0x4000]
    return len(inner) + sum([_folders(path + name + "/") for name in inner])


def tree(folders):
    """Print the size and path of each file below the folders, one per line."""
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
    """Return the size of a file in bytes, -1 if it does not exist."""
    try:
        return os.stat(path)[6]
    except OSError:
        return -1


def get(path, at):
    """Return up to 768 bytes of a file from offset `at`, as base64."""
    with open(path, "rb") as file:
        file.seek(at)
        return binascii.b2a_base64(file.read(768)).decode().strip()


def put(path, data, at, last):
    """Write base64 data at offset `at` of a new file; the `last` piece replaces the old file."""
    if not at:
        for end in range(1, len(path)):
            if path[end] == "/" and size(path[:end]) < 0:
                os.mkdir(path[:end])
    with open(path + ".new", "r+b" if at else "wb") as file:
        file.seek(at)
        file.write(binascii.a2b_base64(data))
    if last:
        _replace(path)


def _replace(path):
    try:
        os.rename(path + ".new", path)
    except OSError:  # FAT does not replace files
        os.remove(path)
        os.rename(path + ".new", path)


def remove(path):
    """Remove a file, and the folders that are empty then."""
    os.remove(path)
    folder = path.rpartition("/")[0]
    while folder and not os.listdir(folder):
        os.rmdir(folder)
        folder = folder.rpartition("/")[0]


def updates():
    """Unmount the application updates; return {path: size} of their archives and folders."""
    found = {}
    for copy in ("/app_a", "/app_b"):
        try:
            os.umount(copy)
        except OSError:  # not mounted
            pass
        for path in (copy, copy + ".zip", copy + ".zip.new"):
            if size(path) >= 0:
                found[path] = size(path)
    return found


def remove_tree(path):
    """Remove a file, or a folder with its contents."""
    try:
        for entry in list(os.ilistdir(path)):
            remove_tree(path + "/" + entry[0])
        os.rmdir(path)
    except OSError:  # a file
        os.remove(path)


def digest(path):
    """Return the SHA-256 of a file in hex, "" if it does not exist."""
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
