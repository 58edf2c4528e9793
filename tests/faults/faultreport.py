"""Table of the rows that a run of `make faults` has shown: build/faults.md and faults.json."""

import json

from matrix import NOT_ON_A_PC, ROWS


def entries(results):
    """Return the table as a list of dictionaries.

    results: {row id: {"passed", "injected", "survived", "figures", "seconds"}}.
    """
    table = []
    for name, (fault, promise) in ROWS.items():
        entry = {"row": name, "fault": fault, "promise": promise}
        if name in NOT_ON_A_PC:
            entry |= {"result": "not on a PC", "figures": NOT_ON_A_PC[name]}
        elif name in results:
            result = dict(results[name])
            entry |= {"result": "held" if result.pop("passed") else "FAILED", **result}
        else:
            entry["result"] = "not run"
        table.append(entry)
    return table


def markdown(table):
    """Return the table as Markdown."""
    lines = ["| row | fault | the camera | injected | survived | figures |", "| --- " * 6 + "|"]
    for entry in table:
        shown = entry["result"] in ("held", "FAILED")
        injected = f"{entry['injected']:,}" if shown else entry["result"]
        survived = f"{entry['survived']:,}" if shown else ""
        survived += " **FAILED**" if entry["result"] == "FAILED" else ""
        cells = (entry["row"], entry["fault"], entry["promise"], injected, survived)
        lines.append(f"| {' | '.join(cells)} | {entry.get('figures', '')} |")
    return "\n".join(lines) + "\n"


def write(folder, results):
    """Write both files into `folder`."""
    table = entries(results)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "faults.json").write_text(json.dumps(table, indent=1) + "\n")
    (folder / "faults.md").write_text(markdown(table))
