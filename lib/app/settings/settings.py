"""The settings in force: values in RAM; what changes or shows them is borrowed."""

import asyncio

from aio.late import borrow


class Settings:
    """`settings["pubinterval"]` is the value in force; `set` takes what a user typed."""

    def __init__(self, nvs, log, device_id="", save_ms=500, retry_ms=60_000):
        self.nvs = nvs
        self.log = log
        self.device_id = device_id
        self._save_ms = save_ms
        self._retry_ms = retry_ms
        self._watchers = []
        self.dirty = []  # names that are still to be saved
        self._changed = asyncio.Event()
        self._values = {}
        borrow("app.settings.desk").load(self)

    def __getitem__(self, name):
        return self._values[name]

    def __contains__(self, name):
        return name in self._values

    def when(self, flag, call):
        """`call()` after a change of a setting that has `flag`."""
        self._watchers.append((flag, call))

    def command(self, name, argument, group=False):
        """(name, text, flags) for a command's reply: set with an argument, show what is in force.

        Raises UnknownCommand for a hidden one, and for one that the group may not use.
        """
        return borrow("app.settings.desk").command(self, name, argument, group)

    def all(self):
        """(row, value as text) of each that is not hidden, in the schema's order."""
        return borrow("app.settings.desk").shown(self)

    def show(self, name):
        """The value as text; secrets masked."""
        return borrow("app.settings.desk").show(self, name)

    def set(self, name, text):
        """Put the user's `text` in force; raises BadArgument, and then nothing has changed."""
        row = borrow("app.settings.schema").find(name)
        value = borrow("app.settings.check").check(self, row, text)
        change = borrow("app.settings.change")
        change.put(self, row, change.prepare(self, row, value))

    async def apply(self, wanted):
        """({name: what is wrong}, whether all is saved, whether a restart follows): all or none.

        `wanted` is {name: text}, and has the values afterwards. Others have their turn in
        between.
        """
        schema, lines, wrong = borrow("app.settings.schema"), {}, {}
        for part in schema.PARTS:
            schema.look(part, wanted, lines)
            await asyncio.sleep_ms(0)
        schema = None
        for name in wanted:
            await asyncio.sleep_ms(0)
            borrow("app.settings.check").take(self, name, lines, wanted, wrong)
        await asyncio.sleep_ms(0)
        wrong = wrong or borrow("app.settings.change").change_all(self, lines, wanted)
        restarts = any(["restart" in line.split("|")[-1] for line in lines.values()])
        return wrong, not wrong and self.flush(), restarts

    def keep(self, name, value, to_save=True):
        """Put a value in force that is valid already: a number or text, stored as it is."""
        is_new = self._values.get(name) != value
        self._values[name] = value
        if to_save and is_new:
            if name not in self.dirty:
                self.dirty.append(name)
            self._changed.set()

    def tell(self, flags):
        """Something with these flags has changed."""
        for flag, call in self._watchers:
            if flag in flags:
                call()

    def flush(self):
        """Write what has changed now, as one; True when the flash has taken it."""
        lines = borrow("app.settings.schema").lines(self.dirty)
        return borrow("app.settings.store").save(self, lines)

    def files(self):
        """Paths of the settings that are kept as files."""
        return borrow("app.settings.desk").files()

    def erase(self):
        """Forget everything that the user has set."""
        borrow("app.settings.desk").erase(self)

    async def run(self):
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep_ms(self._save_ms)
            if not self.flush():
                await asyncio.sleep_ms(self._retry_ms)
                self._changed.set()
