"""Camera whose loop also runs a test's code, for faults that no interface can inject."""

import ast
import re
import shutil
from pathlib import Path

from sim import ROOT, Simulator, wait_until

_BOARD = Path(__file__).resolve().parent / "inside_board.py"
_RUN = "asyncio.run(System().start().run())"


class Inside(Simulator):
    """Camera with boot.py and main.py of the repository, and a task that runs a test's code.

    before: code that runs before the application is imported.
    """

    def __init__(self, folder, broker=None, settings=None, args=(), fast=True, before=""):
        self.root = Path(folder) / "board"
        self.root.mkdir(parents=True)
        shutil.copy(ROOT / "boot.py", self.root)
        shutil.copy(_BOARD, self.root / "inside.py")
        self.program(before)
        self._code = self.root / "code"
        self._number = 0
        super().__init__(folder, broker, settings, ["--root", str(self.root), *args], fast)

    def program(self, before):
        """Replace the code that runs before the application; the next start runs it."""
        program = (ROOT / "main.py").read_text()
        assert program.count(_RUN) == 1
        program = program.replace(_RUN, "import inside\n\n        inside.run(System())")
        (self.root / "main.py").write_text(before + "\n" + program)

    def begin(self, code):
        """Have the board begin to run code, which may never end; return its number."""
        self._number += 1
        since = len(self.output)
        new = self._code.with_suffix(".new")
        new.write_text(f"{self._number}\n{code}")
        new.rename(self._code)
        self.wait_output(f"inside {self._number} begins", since=since)
        self._code.unlink()
        return self._number

    def run(self, code):
        """Run code in the camera's loop; return the repr() of its variable `result`."""
        since = len(self.output)
        reply = re.compile(rf"^inside {self.begin(code)}: (.*)\n", re.MULTILINE)
        found = wait_until(lambda: reply.search(self.output.replace("\r\n", "\n"), since))
        return found[1]

    def value(self, expression):
        """Return the value of an expression; `system` and `supervisor` are defined."""
        return ast.literal_eval(self.run("result = " + expression))
