"""HTTP: slow, hostile and malformed clients."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sim import Simulator
from slowhttp import AT_ONCE, KINDS, attack

NO_BROKER = "mqtt://127.0.0.1:1"


@pytest.mark.slow
def test_h1_slow_clients(tmp_path, row):
    """50 clients of each kind at once: all are closed in time, and a page is served meanwhile."""

    def attacked(kind):
        with Simulator(tmp_path / kind, NO_BROKER) as camera:
            return attack(camera, kind)

    with ThreadPoolExecutor(len(KINDS)) as pool:
        running = {kind: pool.submit(attacked, kind) for kind in KINDS}
    for kind, attacks in running.items():
        oldest_s, slowest_s = attacks.result()
        row.count(AT_ONCE)
        row.figure(f"oldest of {kind}", oldest_s, "s")
        row.figure("page meanwhile", slowest_s, "s")
