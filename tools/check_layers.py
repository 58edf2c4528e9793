"""Checks the import direction and the few rules of style that no linter knows.

    .venv/bin/python tools/check_layers.py

Reads boot.py, main.py and lib/** without running them; prints `file:line: what is wrong`.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 40
REASON = "# long:"  # a comment that starts so says why a file or function is longer

PURE = set(
    "array binascii collections deflate errno gc hashlib heapq io json math micropython random "
    "re struct sys time uctypes weakref".split()
)
STANDARD = PURE | set("_thread asyncio cryptolib os select socket ssl tls vfs".split())
HARDWARE = {"machine", "network", "esp32", "esp", "camera", "ntptime", "neopixel"}
APP = STANDARD | {"aio", "proto", "config.product", "app.settings.schema", "app.commandtable"}

ALLOWED = {  # module or package: what it may import; the longest name that fits counts
    "boot": STANDARD | {"machine", "esp32", "hal.tarfs"},
    "main": STANDARD | {"app.system", "aio.late", "machine"},  # restarts when all else is broken
    "aio": STANDARD | {"aio"},
    "proto": PURE | {"proto"},
    "proto.mqtt": PURE | {"proto", "umqtt"},
    "hal": STANDARD | HARDWARE | {"hal", "config"},
    "hal.tarfs": STANDARD,  # boot.py loads it alone
    "app": APP,
    "app.settings.schema": PURE | {"proto", "aio.late", "app.settings.row"},
    "app.camera.frames": APP | {"app.camera.pool"},
    "app.settings.row": PURE | {"proto", "aio.late"},
    "app.settings.check": APP | {"app.settings.row"},
    "app.settings.change": APP | {"app.settings.row"},
    "app.commandtable": set(),  # tools on the PC read it
    "app.http": APP | {"microdot", "frozenpages", "app.identity", "app.password", "app.camera"},
    "app.http.adapter": APP | {"app"},
    "app.wifi.portal": APP | {"microdot"},
    "app.system": STANDARD | {"aio", "proto", "hal", "app", "config", "microdot"},
}
ADVICE = {  # layer: what to do instead
    "app": "hand it in instead (design: app -> aio, proto)",
    "proto": "proto has no I/O and knows only itself (design: proto -> standard modules)",
    "aio": "aio knows no product and no hardware (design: aio -> standard modules)",
    "hal": "hal has no policy (design: hal -> machine, network, esp32, camera)",
    "main": "main only starts the system (design: main -> app.system)",
    "boot": "boot knows nothing of the product but how a copy of it is mounted",
}
LAYERS = ("aio", "proto", "hal", "app", "config")
SIMULATED = re.compile(r"(^|_)(sim|simulat\w*)(_|$)", re.IGNORECASE)


def check_tree(root=ROOT):
    """Return all that is wrong below `root` as lines of text."""
    found, contexts = [], []
    names = [root / "boot.py", root / "main.py", *sorted((root / "lib").rglob("*.py"))]
    for path in filter(Path.exists, names):
        source = path.read_text()
        name = path.relative_to(root).as_posix()
        tree = ast.parse(source, name)
        module = _module(name)
        faults = [*_imports(module, tree), *_style(tree), *_lengths(tree, source.splitlines())]
        found += [f"{name}:{line}: {text}" for line, text in sorted(faults)]
        contexts += [f"{name}:{line}" for line in _tls_contexts(tree)]
    files = {place.partition(":")[0] for place in contexts}
    if len(files) > 1:
        text = "TLS contexts are made in one file only, so that verifying is decided in one place"
        found += [f"{place}: {text} (here: {', '.join(sorted(files))})" for place in contexts]
    return found


def _module(name):
    """Return the dotted name under which the board imports a file."""
    parts = name.removeprefix("lib/").removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _longest(module, table):
    """Return the longest name in `table` that is `module` or a package around it, or None."""
    while module and module not in table:
        module = module.rpartition(".")[0]
    return module or None


def _imports(module, tree):
    key = _longest(module, ALLOWED)
    if key is None:
        yield 1, f"{module} is in no layer; lib/ holds aio, proto, hal and app"
        return
    own = ".".join(module.split(".")[:2])  # a component may be a package of several files
    for node in ast.walk(tree):
        for name in _imported(node, module):
            inside = name == own or name.startswith(own + ".")
            if not inside and not _longest(name, ALLOWED[key]):
                yield node.lineno, f"{module} imports {name}; {ADVICE[module.split('.')[0]]}"


def _imported(node, module):
    """Return the modules that one node imports, as full dotted names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            around = module.split(".")[: -node.level]
            base = ".".join(around + ([base] if base else []))
        if base in LAYERS:  # from app import mqtt
            return [f"{base}.{alias.name}" for alias in node.names]
        return [base]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__":
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
    return []


def _style(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "bare except: name what is caught"
        elif _is_platform(node):
            yield node.lineno, "sys.platform: the board's modules differ, the firmware does not"
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            names = (getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(node.test))
            if any(SIMULATED.search(name) for name in names):
                yield node.lineno, "asks whether it is simulated; change the simulation instead"


def _is_platform(node):
    if isinstance(node, ast.Attribute):
        return node.attr == "platform" and getattr(node.value, "id", "") == "sys"
    if isinstance(node, ast.ImportFrom):
        return node.module == "sys" and any(alias.name == "platform" for alias in node.names)
    return False


def _lengths(tree, lines):
    if len(lines) > MOST_FILE_LINES and not _says_why(lines[:20]):
        yield 1, f"{len(lines)} lines (at most {MOST_FILE_LINES}); two ideas, or `{REASON} why`?"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            length = node.end_lineno - node.lineno + 1
            around = lines[max(first - 2, 0) : node.end_lineno]
            if length > MOST_FUNCTION_LINES and not _says_why(around):
                text = f"{node.name} has {length} lines (at most {MOST_FUNCTION_LINES})"
                yield node.lineno, f"{text}; split it, or say `{REASON} why`"


def _says_why(lines):
    return any(re.search(re.escape(REASON) + r"\s*\S", line) for line in lines)


def _tls_contexts(tree):
    """Yield the lines that make a TLS context."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            owner = getattr(getattr(node.func, "value", None), "id", "")
            if name == "SSLContext" or (name == "wrap_socket" and owner in ("ssl", "tls")):
                yield node.lineno


def main():
    """Print what is wrong; exit with 1 when anything is."""
    found = check_tree()
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
