"""A new user's own table from reading to a decision, as a script: the tests run it, and check its types without Any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import reanalysis as ra

ROWS: list[tuple[str, str, str, int, int]] = [
    ("Trial A", "control", "infection", 14, 40),
    ("Trial A", "treated", "infection", 7, 41),
    ("Trial B", "control", "infection", 11, 33),
    ("Trial B", "treated", "infection", 8, 30),
    ("Trial C", "control", "infection", 25, 64),
    ("Trial C", "treated", "infection", 17, 66),
    ("Trial A", "control", "neutropenia", 5, 40),
    ("Trial A", "treated", "neutropenia", 8, 41),
    ("Trial C", "control", "neutropenia", 9, 64),
    ("Trial C", "treated", "neutropenia", 14, 66),
]


def evidence_of() -> ra.Evidence:
    """The frame, with the good side of both endpoints."""
    return ra.evidence(pd.DataFrame(ROWS, columns=["study", "arm", "endpoint", "events", "n"]), better="lower")


def answers(folder: Path) -> dict[str, float]:
    """What a new user asks, and where the table for a manuscript went."""
    evidence = evidence_of()
    infection = ra.fit(evidence, "infection")
    neutropenia = ra.fit(evidence, "neutropenia")
    sceptical = ra.fit(evidence, "infection", priors={"mu": "normal(0,0.3)"})
    without = ra.fit(evidence, "infection", leave_out="Trial C")

    told: str = infection.summary(baseline=0.35, level=0.9)
    print(told)
    table: pd.DataFrame = ra.effects(infection, baseline=0.35, level=0.9)
    word: Path = ra.save_table(table, folder / "effects.docx", caption="Infection with prophylaxis")
    print(word, without)
    print(ra.compare({"primary": infection, "sceptical": sceptical}))
    axes: Axes = infection.plot()
    axes.get_figure()
    needed = ra.number_needed(infection, baseline=0.35)
    print(needed, infection.predict(50, baseline=0.35))

    avoided = -np.asarray(infection.draws()["study_risk_difference[Trial A]"], dtype=np.float64)
    caused = np.asarray(neutropenia.draws()["study_risk_difference[Trial A]"], dtype=np.float64)
    net = avoided - 0.5 * caused  # one infection weighs as much as two neutropenias
    apart = (avoided - np.mean(avoided)) * (caused - np.mean(caused))
    return {
        "beyond 5 points": ra.probability(infection, "risk_difference < -0.05", baseline=0.35),
        "number needed": needed.median or float("nan"),
        "net benefit": float(np.mean(net)),
        "correlation of rows": float(np.mean(apart) / (np.std(avoided) * np.std(caused))),
        "net benefit above 0": float(np.mean(net > 0)),
    }


if __name__ == "__main__":
    here = Path("my_evidence")
    here.mkdir(exist_ok=True)
    print(answers(here))
