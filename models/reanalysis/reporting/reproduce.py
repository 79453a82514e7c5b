"""Computes the headlines of a published report again from its folder alone, and compares them with what it says.

Published beside the report::

    python reproduce.py [FOLDER]

needs the package that made it (``tool`` in results.json) and nothing else; exit code 1 where a number differs.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import reanalysis as ra

TOLERANCE = 1e-6
"""Relative; machines differ in the last digits."""


def headline(published: dict[str, Any]) -> dict[str, float]:
    """What the first table shows of an endpoint, by name, as results.json has it."""
    found, at = published["headline"], published["headline"]["baselines"][0]
    numbers = {f"odds_ratio {end}": found["odds_ratio"][end] for end in ("median", "lower", "upper")}
    numbers |= {f"risk_difference {end}": at["risk_difference"][end] for end in ("median", "lower", "upper")}
    return numbers | {"treated_risk median": at["treated_risk"]["median"], "p_below_0": found["p_below_0"]}


def computed(table: Any) -> dict[str, float]:
    """The same from the table of a fit."""
    rows = table[table["headline"]].set_index("quantity")
    found = {
        f"{name} {end}": float(rows.loc[name, end])
        for name in ("odds_ratio", "risk_difference", "treated_risk")
        for end in ("median", "lower", "upper")
    }
    return found | {"p_below_0": float(rows.loc["odds_ratio", "p_below_0"])}


def main(folder: Path) -> int:
    """Fit every endpoint again, print its row, and say what differs."""
    evidence = ra.read_evidence(folder / "evidence")
    whole = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    differ = 0
    for endpoint, published in whole["endpoints"].items():
        said, now = headline(published), computed(ra.fit(evidence, endpoint).to_frame())
        other = [name for name, value in said.items() if not math.isclose(now[name], value, rel_tol=TOLERANCE)]
        differ += bool(other)
        verdict = f"DIFFERS in {', '.join(other)}" if other else "as published"
        print(
            f"{published['label']}: odds ratio {now['odds_ratio median']:.2f} ({now['odds_ratio lower']:.2f} to "
            f"{now['odds_ratio upper']:.2f}), P(fewer events) {100 * now['p_below_0']:.0f} %, difference per 100 "
            f"{100 * now['risk_difference median']:+.1f} ({100 * now['risk_difference lower']:+.1f} to "
            f"{100 * now['risk_difference upper']:+.1f}): {verdict}"
        )
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent))
