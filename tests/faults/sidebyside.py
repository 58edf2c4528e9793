"""Injections that run at the same time, because each spends most of its time waiting."""

from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 4


def side_by_side(row, jobs, most=None):
    """Run {name: function} in threads, each an injection in a row; return their results.

    most: number of them that run at the same time; default: all.
    """
    with ThreadPoolExecutor(most or len(jobs)) as pool:
        started = {name: pool.submit(job) for name, job in jobs.items()}
        results = []
        for name, future in started.items():
            with row.injection(name):
                results.append(future.result())
    return results


def inject(row, folder, cases):
    """Run {name: function of a new folder}, four at a time, each an injection in a row."""
    jobs = {name: lambda c=case, n=name: c(folder / n) for name, case in cases.items()}
    side_by_side(row, jobs, AT_ONCE)
