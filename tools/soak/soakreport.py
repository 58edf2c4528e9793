"""Figures of a soak test, and their limits."""

RECOVERY_S, DRIFT_BYTES = 60, 2_048


def report(figures, seed):
    """Print the figures and return the limits that they miss."""
    took = [each for each in figures["recovery_s"] if each is not None]
    failed = len(figures["recovery_s"]) - len(took)
    print(f"seed {seed}")
    for name, row in sorted(figures["faults"].items()):
        print(f"  {name:<24}{row['survived']:>4} of {row['injected']} survived")
    print(f"pictures published: {figures['published']}, viewed: {figures['viewed']}")
    print(f"commands sent: {figures['commands']}, starts of the board: {figures['boots']}")
    print(f"longest recovery: {max(took, default=0):.1f} s (limit {RECOVERY_S})")
    print(f"longest pause of the loop between faults: {figures['longest_pause_ms']} ms")
    print(f"heap lost since the first minute: {figures['heap_drift_bytes']} bytes")
    print("open sockets before and after: {} and {}".format(*figures["sockets"]))
    limits = {
        f"{failed} faults without recovery": failed,
        f"heap lost: more than {DRIFT_BYTES} bytes": figures["heap_drift_bytes"] > DRIFT_BYTES,
        "sockets left open": figures["sockets"][1] > figures["sockets"][0],
    }
    return [text for text, missed in limits.items() if missed]
