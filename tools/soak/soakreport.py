"""Figures of a soak test, and their limits."""

RECOVERY_S, DRIFT_BYTES = 60, 2_048


def report(figures, seed):
    """Print the figures and return the limits that they miss."""
    took = [each for each in figures["recovery_s"] if each is not None]
    failed = len(figures["recovery_s"]) - len(took)
    print(f"seed {seed}")
    for name, row in sorted(figures["faults"].items()):
        print(f"  {name:<24}{row['survived']:>4} of {row['injected']} survived")
    text = "pictures published: {published}, of motion: {of_motion}, live: {live}"
    print(text.format(**figures))
    print("pictures viewed: {viewed}, by RTSP: {recorded}".format(**figures))
    print("captured: {captured}, failed: {failed}, recoveries: {recoveries}".format(**figures))
    print(f"commands sent: {figures['commands']}, starts of the board: {figures['boots']}")
    print(f"starts in which ticks wrapped and pictures followed: {figures['wraps']}")
    print(f"longest recovery: {max(took, default=0):.1f} s (limit {RECOVERY_S})")
    print(f"longest pause of the loop between faults: {figures['longest_pause_ms']} ms")
    print(f"heap lost since the first minute: {figures['heap_drift_bytes']} bytes")
    for what in ("sockets", "tasks"):
        print("{} before and after: {} and {}".format(what, *figures[what]))
    limits = {
        f"{failed} faults without recovery": failed,
        f"heap lost: more than {DRIFT_BYTES} bytes": figures["heap_drift_bytes"] > DRIFT_BYTES,
        "sockets left open": figures["sockets"][1] > figures["sockets"][0],
        "tasks left over": figures["tasks"][1] > figures["tasks"][0],
        "no picture after ticks have wrapped": not figures["wraps"],
        "no picture of the live view": not figures["live"],
        "no picture of motion": not figures["of_motion"],
        "no picture by RTSP": not figures["recorded"],
    }
    return [text for text, missed in limits.items() if missed]
