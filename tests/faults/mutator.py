"""Random inputs for parsers: valid ones, changed in a few places. The seed determines them all."""

_BYTES = (0x00, 0x01, 0x0A, 0x0D, 0x20, 0x7F, 0x80, 0xFE, 0xFF)
_NUMBERS = (0, 1, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)
_MOST_CHANGES = 4
_LONGEST_PIECE = 40
_SHOWN = 300  # bytes of an input in the message of a failure


class Mutator:
    """Makes inputs from `seeds` (bytes) by `chance`; `tokens` are pieces that mean something.

    A few inputs are seeds as they are.
    """

    def __init__(self, chance, seeds, tokens=()):
        self._chance = chance
        self._seeds = seeds
        self._tokens = tokens or seeds
        self._changes = (
            self._flip,
            self._set_byte,
            self._insert_noise,
            self._insert_token,
            self._delete,
            self._repeat,
            self._number,
            self._splice,
            self._cut,
        )

    def __call__(self):
        """Return the next input."""
        data = bytearray(self._chance.choice(self._seeds))
        for _ in range(self._chance.randint(0, _MOST_CHANGES)):
            data = self._chance.choice(self._changes)(data) if data else self._insert_token(data)
        return bytes(data)

    def _piece(self, data):
        """Return the ends of a piece of the data."""
        start = self._chance.randrange(len(data))
        return start, start + self._chance.randint(1, _LONGEST_PIECE)

    def _insert(self, data, piece):
        at = self._chance.randint(0, len(data))
        return data[:at] + piece + data[at:]

    def _flip(self, data):
        data[self._chance.randrange(len(data))] ^= 1 << self._chance.randrange(8)
        return data

    def _set_byte(self, data):
        data[self._chance.randrange(len(data))] = self._chance.choice(_BYTES)
        return data

    def _insert_noise(self, data):
        return self._insert(data, self._chance.randbytes(self._chance.randint(1, 8)))

    def _insert_token(self, data):
        return self._insert(data, self._chance.choice(self._tokens))

    def _delete(self, data):
        start, end = self._piece(data)
        return data[:start] + data[end:]

    def _repeat(self, data):
        start, end = self._piece(data)
        return self._insert(data, data[start:end] * self._chance.randint(1, 20))

    def _number(self, data):
        """Overwrite 1 to 4 bytes with a number at the limit of its size, in either order."""
        size, order = self._chance.randint(1, 4), self._chance.choice(("big", "little"))
        number = self._chance.choice(_NUMBERS) & (1 << 8 * size) - 1
        at = self._chance.randrange(len(data))
        return data[:at] + number.to_bytes(size, order) + data[at + size :]

    def _splice(self, data):
        """Join the beginning of the data and the end of another seed."""
        other = self._chance.choice(self._seeds)
        at = self._chance.randint(0, len(other))
        return data[: self._chance.randint(0, len(data))] + other[at:]

    def _cut(self, data):
        return data[: self._chance.randint(0, len(data))]


def each(row, mutator, times, check):
    """Inject inputs: `check(data)` raises if one is not handled as promised."""
    for number in range(times):
        data = mutator()
        shown = f"input {number}, {len(data)} bytes: {data[:_SHOWN]!r}"
        with row.injection(shown):
            check(data)
