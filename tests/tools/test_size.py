"""`make check` limits the bytecode, and the heap if it can be measured."""

import interpreter32
import pytest
import size


@pytest.fixture
def no_32_bits(monkeypatch):
    def fetch():
        raise interpreter32.Unavailable("not on this machine")

    monkeypatch.setattr(interpreter32, "fetch", fetch)


def test_heap_is_skipped_with_a_note(no_32_bits, capsys):
    assert size.main(["--check"]) == 0
    assert capsys.readouterr().out == "size: heap not measured: not on this machine\n"


def test_bytecode_over_the_limit(no_32_bits, monkeypatch, capsys):
    monkeypatch.setattr(size, "MOST_BYTECODE", 1_000)
    assert size.main(["--check"]) == 1
    assert "bytes of bytecode" in capsys.readouterr().out


def test_heap_over_the_limit(monkeypatch, capsys):
    try:
        interpreter32.fetch()
    except interpreter32.Unavailable as error:
        pytest.skip(str(error))
    monkeypatch.setattr(size, "MOST_HEAP", 1_000)
    assert size.main([]) == 1
    output = capsys.readouterr().out
    assert "bytes of heap with everything imported; the limit is 1,000" in output
    assert "\napp.system " in output and "\nmicrodot" in output
