"""tools/compile.py: complete and incremental mirrors without local paths."""

import gzip
import os
from pathlib import Path

import pytest
from compile import CompileError, compile_all


@pytest.fixture
def tree(tmp_path):
    """Write a small project and return its folder."""
    sources = {
        "boot.py": "x = 1\n",
        "lib/app/mqtt.py": "@micropython.native\ndef f():\n    raise ValueError\n",
        "build/lib/umqtt/simple.py": "import socket\n",
        "config/board.py": "LED = 33\n",
        "tools/sim/board/machine.py": "class Pin: pass\n",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def files(mirror):
    """Return {relative path: modification time} of a mirror."""
    found = [path for path in mirror.rglob("*") if path.is_file()]
    return {path.relative_to(mirror).as_posix(): path.stat().st_mtime_ns for path in found}


def test_mirror_is_the_boards_file_system(tree):
    assert sorted(files(compile_all(tree))) == [
        "frozen/umqtt/simple.mpy",
        "root/boot.py",
        "root/config/board.mpy",
        "root/lib/app/mqtt.mpy",
        "root/lib/umqtt/simple.mpy",
        "sim/machine.mpy",
    ]


def test_names_are_short_and_have_no_local_paths(tree):
    mirror = compile_all(tree)
    assert b"app/mqtt.py" in (mirror / "root/lib/app/mqtt.mpy").read_bytes()
    for path in mirror.rglob("*.mpy"):
        assert str(tree).encode() not in path.read_bytes()


def test_only_changed_files_are_compiled(tree):
    before = {path: path.stat().st_ino for path in compile_all(tree).rglob("*.mpy")}
    source = tree / "lib/app/mqtt.py"
    os.utime(source, ns=(0, source.stat().st_mtime_ns - 10**9))  # an older time is a change too
    compile_all(tree)
    changed = [path.name for path, inode in before.items() if path.stat().st_ino != inode]
    assert changed == ["mqtt.mpy"]


def test_deleted_files_are_removed(tree):
    compile_all(tree)
    (tree / "lib/app/mqtt.py").unlink()
    mirror = compile_all(tree)
    assert "root/lib/app/mqtt.mpy" not in files(mirror)
    assert not (mirror / "root/lib/app").exists()


def test_own_module_takes_precedence_over_a_third_party_one(tree):
    own = tree / "lib/umqtt/simple.py"
    own.parent.mkdir()
    own.write_text("OWN = 'ours'\n")
    assert b"ours" in (compile_all(tree) / "root/lib/umqtt/simple.mpy").read_bytes()


def test_error_names_the_file_and_line(tree):
    (tree / "lib/app/bad.py").write_text("x = 1\ndef f(:\n")
    with pytest.raises(CompileError, match='"lib/app/bad.py", line 2\n'):
        compile_all(tree)
    assert not list(Path(tree).rglob("*.part"))


def test_folder_named_like_a_file_is_sent_as_one(tree):
    folder = tree / "lib" / "www" / "app.js"
    folder.mkdir(parents=True)
    (folder / "b.js").write_text("second();\n")
    (folder / "a.js").write_text("first();\n")
    script = compile_all(tree) / "root" / "lib" / "www" / "app.js.gz"
    assert gzip.decompress(script.read_bytes()) == b"first();\nsecond();\n"
    (folder / "b.js").write_text("changed();\n")
    os.utime(folder / "b.js", ns=(1 << 61, 1 << 61))
    compile_all(tree)
    assert gzip.decompress(script.read_bytes()) == b"first();\nchanged();\n"
    (folder / "b.js").unlink()
    compile_all(tree)
    assert gzip.decompress(script.read_bytes()) == b"first();\n"
