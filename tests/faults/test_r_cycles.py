"""Random faults one after another: the camera recovers from each within a minute."""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from listener import Listener
from mosquitto import Mosquitto
from sim import ROOT, TOPIC, Simulator

sys.path.append(str(ROOT / "tools" / "soak"))
import faults  # noqa: E402 - found on the path above

CYCLES, CAMERAS = 200, 8
RECOVERY_S, LONGEST_FAULT_S = 60, 4


@pytest.mark.slow
def test_r6_random_cycles(row, tmp_path):
    """Several cameras run at once, because each mostly waits; every cycle is an injection."""
    seeds = [row.chance.random() for _ in range(CAMERAS)]
    with ThreadPoolExecutor(CAMERAS) as pool:
        runs = [pool.submit(cycles, tmp_path / str(n), seed) for n, seed in enumerate(seeds)]
        outcomes = [outcome for run in runs for outcome in run.result()]
    for name, took in outcomes:
        with row.injection(name):
            if isinstance(took, AssertionError):
                raise took
            row.figure("longest recovery", took, "s")


def cycles(folder, seed):
    """Run one camera's cycles; return [(fault, seconds or the AssertionError), ...]."""
    chance = random.Random(seed)
    outcomes = []
    with (
        Mosquitto(folder / "broker") as broker,
        Simulator(folder / "camera", broker.uri, {"pubinterval": "1"}) as camera,
        Listener(broker.port, f"stat/{TOPIC}/#", faults.IMAGE) as client,
    ):
        client.wait(faults.IMAGE)
        for _ in range(CYCLES // CAMERAS):
            fault = chance.choice(faults.ALL)
            lasts_s = chance.uniform(0.5, LONGEST_FAULT_S)
            name = f"{fault.__name__} for {lasts_s:.1f} s"
            with fault(camera, broker):
                time.sleep(lasts_s)  # the fault itself
            try:
                outcomes.append((name, faults.recover(camera, client, RECOVERY_S)))
            except AssertionError as error:
                outcomes.append((name, error))
    return outcomes
