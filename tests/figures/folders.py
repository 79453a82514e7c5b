"""Evidence folders for the figures: from one study to seventy-one, long names, empty cells."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from engines.builders import BETA_BLOCKERS

Counts = tuple[int, int, int, int]
"""Events and n of the control arm, then of the treated arm."""

LONG_NAMES = (
    "A randomised double-blind placebo-controlled multicentre trial",
    "Prospective observational cohort of the University Hospital X",
    "Supercalifragilisticexpialidocious_without_any_break_at_all_0",
)
LONG_ENDPOINT = "A composite endpoint of death, reinfarction and hospitalisation for any cause whatever"
LONG_SETTINGS = f"""
treated_label = "anakinra 100 mg twice daily, subcutaneously, until discharge"
control_label = "standard of care without any interleukin-1 blockade"
[endpoints."{LONG_ENDPOINT}"]
better = "higher"
margins = [1, 2, 3, 40]
baselines = [{{ label = "A trial with a long name, done elsewhere (ACRONYM-1, part B)", percent = 99.5 }}]
"""


def write_folder(folder: Path, endpoints: dict[str, Iterable[tuple[str, Counts]]], settings: str = "") -> Path:
    """An evidence folder with arms.csv of five columns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "arms.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["study", "arm", "endpoint", "events", "n"])
        for endpoint, studies in endpoints.items():
            for study, (x0, n0, x1, n1) in studies:
                rows.writerow([study, "control", endpoint, x0, n0])
                rows.writerow([study, "treated", endpoint, x1, n1])
    if settings:
        (folder / "analysis.toml").write_text(settings, encoding="utf-8")
    return folder


def invented(count: int, seed: int = 1) -> list[Counts]:
    """Trials of 8 to 300 patients an arm, rare and frequent events, some cells empty."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(8, 301, size=(count, 2))
    control = 0.8 * rng.uniform(size=count) ** 2
    events = rng.binomial(sizes, np.stack([control, np.minimum(1.2 * control, 1.0)], axis=1))
    return [(int(x[0]), int(n[0]), int(x[1]), int(n[1])) for x, n in zip(events, sizes, strict=True)]


def trials(folder: Path) -> Path:
    """Twenty-two trials, six endpoints compared in 22, 22, 9, 2, 1 and 14 of them."""
    names = [f"Trial {i}" for i in range(1, 23)]
    endpoints: dict[str, Iterable[tuple[str, Counts]]] = {"death": zip(names, BETA_BLOCKERS, strict=True)}
    for seed, (endpoint, count) in enumerate(
        {
            "reinfarction": 22,
            "stroke": 9,
            "heart failure": 2,
            "withdrawal": 1,
            "any serious adverse event": 14,
        }.items()
    ):
        endpoints[endpoint] = list(zip(names, invented(count, seed), strict=False))
    return write_folder(folder, endpoints)


def seventy_one(folder: Path) -> Path:
    """As many studies as the rat experiments of Bayesian Data Analysis."""
    names = [f"Study {i} et al. {1940 + i}" for i in range(1, 72)]
    return write_folder(folder, {"death": list(zip(names, invented(71), strict=True))})


def long_names(folder: Path) -> Path:
    """Study names of sixty characters, and labels as long."""
    counts: Sequence[Counts] = ((0, 20, 0, 25), (20, 20, 3, 25), (5, 10_000, 9, 10_000))
    return write_folder(folder, {LONG_ENDPOINT: list(zip(LONG_NAMES, counts, strict=True))}, LONG_SETTINGS)


def empty_cells(folder: Path) -> Path:
    """No events, only events, and names that matplotlib would take for formulas or has no glyphs for."""
    names = ("none", "b $5 vs $6_x^2", "c 中文 \\alpha", "all")
    counts = ((0, 12, 0, 14), (4, 30, 0, 30), (12, 12, 5, 9), (12, 12, 9, 9))
    return write_folder(folder, {"event": list(zip(names, counts, strict=True))})


def single(folder: Path) -> Path:
    """One study with an empty cell."""
    return write_folder(folder, {"death": [("Only one", (0, 12, 5, 14))]})


def five_columns(folder: Path) -> Path:
    """Three studies, two endpoints, nothing declared."""
    return write_folder(
        folder,
        {
            "death": [("A", (4, 20, 2, 21)), ("B", (9, 40, 5, 39)), ("C", (3, 18, 6, 20))],
            "relapse": [("A", (8, 20, 5, 21))],
        },
    )


def hostile_names(folder: Path) -> Path:
    """Names that are markup somewhere, and labels that try to leave the place they stand in."""
    names = ('<script>alert("1")</script>', "`a` | *b* $c$ {{ d }}", "~~~~ # e \\ &amp; [f](g)")
    counts = ((0, 12, 0, 14), (4, 30, 0, 30), (12, 12, 5, 9))
    settings = """
title = "</title><script>alert(2)</script> {{ title }} #let x = 1 $y$"
treated_label = "</script><b>drug"
[endpoints.event]
label = "~~~~ </script> event | `x`"
better = "lower"
"""
    return write_folder(folder, {"event": list(zip(names, counts, strict=True))}, settings)
