"""Check the direction of imports, and style rules that no linter has.

    .venv/bin/python tools/check_layers.py

Parses boot.py, main.py and lib/** without running them, including imports inside functions, and
prints `file:line: fault`. Faults are also entries of ALLOWED that no import uses, and limits that
are not in config/limits.py or that nothing uses.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 40
REASON = "# long:"  # starts a comment that gives the reason for a longer file or function

PURE = set(
    "array binascii collections deflate errno gc hashlib heapq io json math micropython random "
    "re struct sys time uctypes weakref".split()
)
STANDARD = PURE | set("_thread asyncio cryptolib os select socket ssl tls vfs".split())

ALLOWED = {  # package or module: its imports other than itself and standard modules
    "boot": {"machine", "esp32", "hal.bootnote", "hal.zipfs"},
    "main": {
        "app.led",
        "app.nowifi",
        "app.system",
        "config.board",
        "hal.bootnote",
        "hal.pins",
        "hal.wifi",
        "esp",
        "machine",
    },
    "aio": set(),
    "proto": set(),
    "proto.mqtt": {"umqtt"},
    "hal": {"machine", "network", "esp", "esp32", "camera", "ntptime"},
    "hal.zipfs": {"proto.zip"},  # boot.py loads it with the firmware's own copy of proto.zip
    "app": {"proto", "config.product", "app.identity", "app.settings.schema"},
    "app.camera": {"proto"},
    "app.console": {"aio", "proto", "app.commands", "app.settings.schema"},
    "app.http": {
        "aio.reader",
        "proto",
        "config.product",
        "microdot",
        "frozenpages",
        "app.camera.camera",  # CameraFault
        "app.identity",
        "app.password",
        "app.settings.schema",
    },
    "app.motion": {"aio", "proto", "app.camera.camera"},  # CameraFault
    "app.mqtt": {
        "aio",
        "proto",
        "config.product",
        "app.commands",
        "app.identity",
        "app.settings.schema",
        "app.tls",
    },
    "app.ota": {
        "proto",
        "config.product",
        "app.camera.camera",  # CameraFault
        "app.signing_key",
        "app.webclient",
    },
    "app.push": {"proto", "app.webclient"},
    "app.webclient": {"aio", "proto", "config.product", "app.tls"},
    "app.rtsp": {"aio", "proto", "app.camera.camera", "app.rtspplayer"},  # CameraFault
    "app.rtspplayer": {"aio", "proto", "app.camera.camera"},
    "app.settings": {"proto", "app.password", "app.signing_key", "app.tls"},
    "app.wifi": {"aio", "proto"},
    "app.system": {"aio", "app", "config", "hal"},
    "app.deepsleep": {"app.sleep", "config.board", "hal"},  # a part of app.system
    "app.nowifi": {"app.led", "config.board", "hal"},  # instead of app.system
}
ADVICE = {  # layer: what to do instead
    "app": "pass it to the constructor instead (design: app -> aio, proto)",
    "proto": "proto has no I/O and depends on nothing else (design: proto -> standard modules)",
    "aio": "aio depends on neither product nor hardware (design: aio -> standard modules)",
    "hal": "hal has no policy (design: hal -> machine, network, esp, esp32, camera)",
    "main": "main only starts the system (design: main -> app.system)",
    "boot": "boot only chooses and mounts a copy of the application",
}
LAYERS = ("aio", "proto", "hal", "app", "config")
LIMITS = "config.limits"  # every layer may import it
OWN_LIMIT = re.compile(r"_?MAX_[A-Z_]+$")
SIMULATED = re.compile(r"(^|_)(sim|simulat\w*)(_|$)", re.IGNORECASE)


def check_tree(root=ROOT):
    """Return all faults below `root` as lines of text."""
    found, contexts, limits = [], [], limits_of(root)
    for name, tree, lines in _sources(root):
        module = _module(name)
        faults = [*_imports(module, tree), *_style(tree), *_lengths(tree, lines)]
        faults += _limits(tree, limits) if name.startswith("lib/") else ()
        found += [f"{name}:{line}: {text}" for line, text in sorted(faults)]
        contexts += [f"{name}:{line}" for line in _tls_contexts(tree)]
    files = {place.partition(":")[0] for place in contexts}
    if len(files) > 1:
        text = "create TLS contexts in one file only, so that one place decides on verification"
        found += [f"{place}: {text} (here: {', '.join(sorted(files))})" for place in contexts]
    return found


def unused(root=ROOT):
    """Return the entries of ALLOWED that no import below `root` uses, as lines of text."""
    used = set()
    for name, tree, _ in _sources(root):
        module = _module(name)
        row = _longest(module, ALLOWED)
        for node in ast.walk(tree):
            for imported in _imported(node, module):
                used.add((row, _longest(imported, ALLOWED[row])))
    rows = [(row, name) for row, names in ALLOWED.items() for name in sorted(names)]
    return [
        f"{row} may import {name} but never does" for row, name in rows if (row, name) not in used
    ]


def idle_limits(root=ROOT):
    """Return the limits that nothing below `root` uses, as lines of text."""
    used = {name for _, tree, _ in _sources(root) for _, name in _uses_of_limits(tree)}
    return [f"config/limits.py: nothing uses {name}" for name in limits_of(root) - used]


def limits_of(root):
    """Return the names that config/limits.py defines."""
    path = root / "config" / "limits.py"
    tree = ast.parse(path.read_text() if path.exists() else "")
    return {name for _, name in _constants(tree)}


def _sources(root):
    """Yield (name, syntax tree, lines) of each file."""
    for path in (root / "boot.py", root / "main.py", *sorted((root / "lib").rglob("*.py"))):
        if path.exists():
            source, name = path.read_text(), path.relative_to(root).as_posix()
            yield name, ast.parse(source, name), source.splitlines()


def _module(name):
    """Return the dotted name under which the board imports a file."""
    parts = name.removeprefix("lib/").removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _longest(module, table):
    """Return the longest name in `table` that is `module` or contains it, or None."""
    while module and module not in table:
        module = module.rpartition(".")[0]
    return module or None


def _imports(module, tree):
    row = _longest(module, ALLOWED)
    if row is None:
        yield 1, f"{module} is in no layer; lib/ holds aio, proto, hal and app"
        return
    layer = module.partition(".")[0]
    allowed = ALLOWED[row] | (PURE if layer == "proto" else STANDARD)
    if layer in LAYERS:
        allowed = allowed | {LIMITS}
    own = module if row == "app" else row  # modules directly below app share a row
    for node in ast.walk(tree):
        for name in _imported(node, module):
            inside = name == own or name.startswith(own + ".")
            if not inside and not _longest(name, allowed):
                yield node.lineno, f"{module} imports {name}; {ADVICE[layer]}"


def _imported(node, module):
    """Return the modules that one node imports, as full dotted names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            around = module.split(".")[: -node.level]
            base = ".".join(around + ([base] if base else []))
        if base in LAYERS or base.startswith("app."):  # from app import mqtt
            return [f"{base}.{alias.name}" for alias in node.names]
        return [base]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__":
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)]
    return []


def _style(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "bare except: name the exceptions"
        elif _is_platform(node):
            yield node.lineno, "sys.platform: change the simulated modules instead"
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            names = (getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(node.test))
            if any(SIMULATED.search(name) for name in names):
                yield node.lineno, "test for the simulation: change the simulated modules instead"


def _is_platform(node):
    if isinstance(node, ast.Attribute):
        return node.attr == "platform" and getattr(node.value, "id", "") == "sys"
    if isinstance(node, ast.ImportFrom):
        return node.module == "sys" and any(alias.name == "platform" for alias in node.names)
    return False


def _lengths(tree, lines):
    if len(lines) > MOST_FILE_LINES and not _has_reason(lines[:20]):
        yield (
            1,
            f"{len(lines)} lines (at most {MOST_FILE_LINES}); split it, or add `{REASON} reason`",
        )
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            length = node.end_lineno - node.lineno + 1
            around = lines[max(first - 2, 0) : node.end_lineno]
            if length > MOST_FUNCTION_LINES and not _has_reason(around):
                text = f"{node.name} has {length} lines (at most {MOST_FUNCTION_LINES})"
                yield node.lineno, f"{text}; split it, or add `{REASON} reason`"


def _has_reason(lines):
    return any(re.search(re.escape(REASON) + r"\s*\S", line) for line in lines)


def _limits(tree, limits):
    for line, name in _constants(tree):
        if name.lstrip("_") in limits:
            yield line, f"{name} is defined in config/limits.py already; use that one"
        elif OWN_LIMIT.match(name):
            yield line, f"{name} is a limit; define it in config/limits.py"
    for line, name in _uses_of_limits(tree):
        if name not in limits:
            yield line, f"config/limits.py does not define {name}"


def _constants(tree):
    """Yield (line, name) of each name that a module assigns at its top level."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = [each for target in node.targets for each in ast.walk(target)]
            yield from ((node.lineno, each.id) for each in targets if isinstance(each, ast.Name))


def _uses_of_limits(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "limits":
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == LIMITS:
            yield from ((node.lineno, alias.name) for alias in node.names)


def _tls_contexts(tree):
    """Yield the lines that create a TLS context."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            owner = getattr(getattr(node.func, "value", None), "id", "")
            if name == "SSLContext" or (name == "wrap_socket" and owner in ("ssl", "tls")):
                yield node.lineno


def main():
    """Print the faults; exit with 1 if there are any."""
    found = check_tree() + unused() + idle_limits()
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
