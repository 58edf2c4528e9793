"""Injections that run at the same time, because each spends most of its time waiting."""

from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 4


def inject(row, folder, cases):
    """Count one injection for each of {name: function of a new folder} in a row."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {name: pool.submit(case, folder / name) for name, case in cases.items()}
        for name, future in started.items():
            with row.injection(name):
                future.result()
