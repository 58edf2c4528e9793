"""The scan of a baseline JPEG: its Huffman tables, and its DC coefficients (ITU T.81 annex F)."""

import micropython
from micropython import const

# the state of a scan, an array of numbers from 0 to 2 ** 31
BITS, COUNT, AT, PADDING, DC, X, BASES = 0, 1, 2, 3, 4, 5, 6
FAULTS = ("", "its data is damaged", "its data ends early")  # results of `scan`
MIDDLE = const(2_048)  # is added to all DC coefficients, so that none is negative
DEBT = const(8)  # is added to the number of bits at hand, which may be negative
CHROMA = const(255)  # place of a block whose values don't count
# a table of codes: the fast part, then what is beyond the codes of each length, what to add to a
# code to find its entry, and the entries
TABLE = const(802)
_LIMITS = const(512)
_OFFSETS = const(529)
_ENTRIES = const(546)
_FAST_BITS = const(9)  # codes up to this length take one look into a table
_END = const(128)  # is added to the place in a block by the code for its end


def fill_table(tables, start, codes, is_ac):
    """Write the table of `codes`, as a JPEG has them, to `start`; raises ValueError.

    An entry is how far it advances in the block << 8 | bits of the code and its value. For DC, the
    former is the number of bits of the value.
    """
    code = found = 0
    for length in range(1, 17):
        tables[start + _OFFSETS + length] = (found - code) & 0xFFFF
        for _ in range(codes[length]):
            entry = _entry(codes[17 + found], length, is_ac)
            if not entry or code + 1 >= 1 << length or found > 255:
                raise ValueError("a Huffman table is damaged")
            tables[start + _ENTRIES + found] = entry
            if length <= _FAST_BITS:
                size = 1 << (_FAST_BITS - length)
                for n in range(code * size, (code + 1) * size):
                    tables[start + n] = entry
            code += 1
            found += 1
        if length == _FAST_BITS:
            for n in range(code, 1 << _FAST_BITS):  # longer codes
                tables[start + n] = 0
        tables[start + _LIMITS + length] = code << (16 - length)
        code <<= 1


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

    The scan stops at a marker, and the data ends with one: so it never reads beyond the end. All
    numbers fit into 31 bits, and are the same with 64 bits.
    """
    bits = state[0]  # the lowest `count` of them are the next ones of the data
    count = state[1] - 8
    at = state[2]
    padding = state[3]  # bits that are not in the data
    dc = state[4]
    x = state[5]
    while mcus > 0:
        block = 2
        while block < layout[0]:
            place = layout[block]
            table = layout[block + 1] * TABLE
            k = 0
            while k < 64:
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
                    bits = (bits & 0x7FFFFF) << 8 | byte
                    count += 8
                entry = tables[table + ((bits >> (count - 9)) & 511)]
                if entry == 0:
                    code = (bits >> (count - 16)) & 0xFFFF
                    length = 10
                    while code >= tables[table + _LIMITS + length]:
                        length += 1
                        if length > 16:
                            return 1
                    code = (code >> (16 - length)) + tables[table + _OFFSETS + length]
                    entry = tables[table + _ENTRIES + (code & 0xFFFF)]
                count -= entry & 0xFF  # may get negative: more bits than there are follow
                if k:
                    k += entry >> 8
                else:
                    size = entry >> 8
                    if size and place != CHROMA:
                        value = (bits >> count) & ((1 << size) - 1)
                        if value < 1 << (size - 1):
                            value -= (1 << size) - 1
                        dc += value
                        if dc < 0 or dc > 4095:
                            return 1
                    k = 1
                    table = layout[block + 2] * TABLE
            if k > 64 and k < 128:
                return 1
            if place != CHROMA:
                cell = state[6 + (place >> 4)] + columns[x + (place & 0xF)]
                sums[cell] = sums[cell] + dc
            block += 3
        x += layout[1]
        mcus -= 1
    if padding and count < padding:
        return 2
    state[0] = bits
    state[1] = count + 8
    state[2] = at
    state[3] = padding
    state[4] = dc
    state[5] = x
    return 0
