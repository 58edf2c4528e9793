"""The scan of a baseline JPEG: its Huffman tables, and its DC coefficients (ITU T.81 annex F)."""

import micropython
from micropython import const

# the state of a scan, an array of numbers from 0 to 2 ** 31; one line each, as `const` requires
BITS = const(0)  # the lowest COUNT of them are the next ones of the data
COUNT = const(1)
AT = const(2)  # where the data goes on
PADDING = const(3)  # bits at hand that are not in the data
DC = const(4)  # coefficient of the last block
X = const(5)  # block in the row
BASES = const(6)  # for each row of blocks in an MCU, where its sums begin
FAULTS = ("", "its data is damaged", "its data ends early")  # results of `scan`
MIDDLE = const(2_048)  # is added to all DC coefficients, so that none is negative
STRIDE = const(17)  # of the sums: a column and a row more, for blocks beyond the edge
# a table of codes: for the next 9 bits, the entry of all codes in them, and that of the first one,
# 0 if it is longer; then, for each length, the limit above its codes, and what to add to a code to
# find its entry; then the entries
TABLE = const(1_314)
_FIRST = const(512)
_LIMITS = const(1_024)
_OFFSETS = const(1_041)
_ENTRIES = const(1_058)
_INDEX_BITS = const(9)
_END = const(128)  # is added to the place in a block by the code for its end


def fill_table(tables, start, codes, is_ac):
    """Write the table of `codes`, as a JPEG has them, to `start`; raises ValueError.

    An entry is how far it advances in the block << 8 | bits of the code and its value. For DC, the
    advance is the number of bits of the value.
    """
    code = found = 0
    for length in range(1, 17):
        tables[start + _OFFSETS + length] = (found - code) & 0xFFFF
        for _ in range(codes[length]):
            entry = _entry(codes[17 + found], length, is_ac)
            if not entry or code + 1 >= 1 << length or found > 255:
                raise ValueError("a Huffman table is damaged")
            tables[start + _ENTRIES + found] = entry
            if length <= _INDEX_BITS:
                size = 1 << (_INDEX_BITS - length)
                _repeat(tables, start + _FIRST + code * size, size, entry)
            code += 1
            found += 1
        if length == _INDEX_BITS:
            _repeat(tables, start + _FIRST + code, (1 << _INDEX_BITS) - code, 0)
        tables[start + _LIMITS + length] = code << (16 - length)
        code <<= 1
    _combine(tables, start, is_ac)


def _entry(symbol, length, is_ac):
    """Return the entry of a symbol, 0 if a baseline JPEG can't have it."""
    run, size = symbol >> 4, symbol & 0xF
    if not is_ac:
        # the scan has 24 bits at hand
        return size << 8 | length + size if not run and size < 12 and length + size <= 24 else 0
    if size:
        return (run + 1) << 8 | length + size if size < 11 else 0
    return {0: _END, 15: 16}.get(run, 0) << 8 | length if run in (0, 15) else 0


@micropython.viper
def _repeat(tables: ptr16, start: int, size: int, entry: int):  # noqa: F821
    """Write an entry `size` times."""
    while size:
        size -= 1
        tables[start + size] = entry


@micropython.viper
def _combine(tables: ptr16, start: int, is_ac: int):  # noqa: F821
    """Write the entries of all codes in 9 bits; one for DC is never followed by another one."""
    n = 0
    while n < 512:
        first = start + _FIRST
        entry = tables[first + n]
        more = entry if is_ac else 0
        while more and entry < _END << 8:
            used = entry & 0xFF
            more = tables[first + ((n << used) & 511)] if used < _INDEX_BITS else 0
            if used + (more & 0xFF) > _INDEX_BITS or entry + (more & 0x7F00) >= 64 << 8:
                more = 0
            entry += more
        tables[start + n] = entry
        n += 1


@micropython.viper
def scan(  # long: one loop, where a call would cost more than what it does
    state: ptr32,  # noqa: F821
    tables: ptr16,  # noqa: F821
    data: ptr8,  # noqa: F821
    layout: ptr8,  # noqa: F821
    columns: ptr8,  # noqa: F821
    sums: ptr32,  # noqa: F821
    mcus: int,
) -> int:
    """Add the DC coefficients of some MCUs of a row to `sums`; return 0 or the number of a fault.

    The scan stops at a marker, and the data ends with one: so it never reads beyond the end. Only
    the lowest 31 bits of a number count, so they are the same with 32 and with 64 bits.
    """
    bits = state[BITS]
    count = state[COUNT]
    at = state[AT]
    padding = state[PADDING]
    dc = state[DC]
    x = state[X]
    last = layout[0]
    while mcus:
        block = 2
        while block < last:
            table = layout[block + 2] * TABLE
            need = 24  # bits; a code for AC has at most 16, and its value may follow later
            k = 0
            while k < 64:
                if count < need:
                    bits &= 0xFFFFFF
                    while count < 24:
                        byte = data[at]
                        at += 1
                        if byte == 0xFF:
                            if data[at]:  # a marker
                                at -= 1
                                byte = 0
                                padding += 8
                            else:
                                at += 1
                        bits = bits << 8 | byte
                        count += 8
                entry = tables[table + ((bits >> (count - 9)) & 511)]
                if not entry:
                    code = (bits >> (count - 16)) & 0xFFFF
                    length = 10
                    while code >= tables[table + _LIMITS + length]:
                        length += 1
                        if length > 16:
                            return 1
                    code = (code >> (16 - length)) + tables[table + _OFFSETS + length]
                    entry = tables[table + _ENTRIES + (code & 0xFFFF)]
                if k:
                    k += entry >> 8
                    if k & 64 and k != 64:  # past the end: the first code is the last one
                        k -= entry >> 8
                        if tables[table + ((bits >> (count - 9)) & 511)]:
                            entry = tables[table + _FIRST + ((bits >> (count - 9)) & 511)]
                        k += entry >> 8
                        if k & 64 and k != 64:
                            return 1
                    count -= entry & 0xFF  # may get negative: more bits than there are follow
                else:
                    count -= entry & 0xFF
                    size = entry >> 8
                    if size and layout[block]:
                        value = (bits >> count) & ((1 << size) - 1)
                        if value < 1 << (size - 1):
                            value -= (1 << size) - 1
                        dc += value
                        if dc < 0 or dc > 4095:
                            return 1
                    k = 1
                    need = 16
                    table = layout[block + 3] * TABLE
            if layout[block]:
                cell = state[BASES - 1 + layout[block]] + columns[x + layout[block + 1]]
                sums[cell] = sums[cell] + dc
            block += 4
        x += layout[1]
        mcus -= 1
    while count < 0:  # the last value is longer than the bits that were at hand
        byte = data[at]
        at += 1
        if byte == 0xFF:
            if data[at]:  # a marker
                return 2
            at += 1
        bits = bits << 8 | byte
        count += 8
    if padding and count < padding:
        return 2
    state[BITS] = bits & 0x3FFFFFFF
    state[COUNT] = count
    state[AT] = at
    state[PADDING] = padding
    state[DC] = dc
    state[X] = x
    return 0


@micropython.viper
def clear(sums: ptr32, size: int):  # noqa: F821
    """Set all sums to 0."""
    n = 0
    while n < size:
        sums[n] = 0
        n += 1


@micropython.viper
def share(places: ptr8, blocks: int, padded: int, most: int):  # noqa: F821
    """Write the column of the sums for each block; beyond the edge, it is `most`."""
    used = most if blocks > most else blocks
    n = 0
    while n < padded:
        places[n] = n * used // blocks if n < blocks else most
        n += 1


@micropython.viper
def fill_cells(cells: ptr8, sums: ptr32, width: int, height: int, step: int):  # noqa: F821
    """Write the mean of each cell; in a tiny picture, cells share blocks.

    width, height: in blocks; step: of the quantization. The blocks n of a share have the same
    n * shares // blocks.
    """
    columns = 16 if width > 16 else width
    rows = 12 if height > 12 else height
    n = 0
    while n < 192:
        row = (n >> 4) * rows // 12
        column = (n & 15) * columns >> 4
        across = ((column + 1) * width + columns - 1) // columns
        across -= (column * width + columns - 1) // columns
        count = ((row + 1) * height + rows - 1) // rows - (row * height + rows - 1) // rows
        count *= across
        mean = 128 + ((sums[row * STRIDE + column] - MIDDLE * count) * step + 4 * count) // (
            8 * count
        )
        mean = 255 if mean > 255 else mean
        cells[n] = 0 if mean < 0 else mean
        n += 1
