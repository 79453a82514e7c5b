"""Five-column folders, as small as evidence gets."""

from __future__ import annotations

from pathlib import Path

HEADER = "study,arm,endpoint,events,n\n"
INFECTION = """\
Trial A,control,infection,12,40
Trial A,treated,infection,7,41
Trial B,control,infection,9,33
Trial B,treated,infection,8,30
"""
DEATH = """\
Trial A,control,death,3,40
Trial A,treated,death,2,41
"""


def one_endpoint(folder: Path, title: str = "") -> Path:
    """Two studies, one endpoint."""
    return write(folder, INFECTION, title)


def two_endpoints(folder: Path, title: str = "") -> Path:
    """The same, and an endpoint of one study."""
    return write(folder, INFECTION + DEATH, title)


def write(folder: Path, rows: str, title: str = "") -> Path:
    """A folder of given rows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "arms.csv").write_text(HEADER + rows, encoding="utf-8")
    if title:
        (folder / "analysis.toml").write_text(f"title = '{title}'\n", encoding="utf-8")
    return folder
