"""Slow scenarios, run at the same time because each spends most of its time in timeouts."""

from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 4


class Scenarios:
    """Runs `scenario(folder)` for each scenario in a thread pool.

    factory: pytest's tmp_path_factory.
    """

    def __init__(self, factory, scenarios):
        self._factory = factory
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._started = {
            scenario: self._pool.submit(scenario, factory.mktemp(scenario.__name__))
            for scenario in scenarios
        }

    def wait_for(self, scenario):
        """Wait until a scenario ends and raise its error; a second call runs it again."""
        future = self._started.pop(scenario, None)
        if future:
            future.result()
        else:
            scenario(self._factory.mktemp(scenario.__name__))

    def close(self):
        """Cancel the scenarios that have not started and wait for the others."""
        self._pool.shutdown(cancel_futures=True)


def scenario_name(scenario):
    return scenario.__name__


def at_once(*calls):
    """Call several functions at the same time; return their results, or raise their first error.

    Each spends most of its time waiting.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
