"""Progress of the tools, on stderr."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

CONSOLE = Console(stderr=True)
_BYTES = DownloadColumn, TransferSpeedColumn


class Bar:
    """Progress bar of the bytes, or of whatever `columns` show; a context manager."""

    def __init__(self, text, total, columns=_BYTES):
        shown = [column() for column in columns]
        self._progress = Progress(TextColumn(text), BarColumn(), *shown, console=CONSOLE)
        self._task = self._progress.add_task("", total=total)

    def __enter__(self):
        self._progress.start()
        return self

    def __exit__(self, *_):
        self._progress.stop()

    def show(self, done):
        """Show that so much is done, None: as before."""
        if done is not None:
            self._progress.update(self._task, completed=done)


class CountBar(Bar):
    """Progress bar of pieces."""

    def __init__(self, text, total):
        super().__init__(text, total, (MofNCompleteColumn,))
