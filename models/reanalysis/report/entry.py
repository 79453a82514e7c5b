"""How does a notebook build a report? As the command line does."""

from __future__ import annotations

from pathlib import Path

from reanalysis.model.spec import Engine
from reanalysis.report.build import Built, build_report


def report(
    data: Path | str,
    out: Path | str,
    engine: Engine = "nuts",
    seed: int | None = None,
    all_models: bool = False,
) -> Built:
    """Build and publish the whole report, as ``reanalysis report`` does.

    Parameters
    ----------
    data, out : Path or str
        Evidence folder, and the folder to publish to.
    engine : {"nuts", "quadrature"}
        Engine of the published posteriors.
    seed : int, optional
        Instead of the folder's.
    all_models : bool
        Whether to sample the models without quadrature as well, for what they say of each endpoint of the first page.

    Raises
    ------
    InvalidInput
        If the folder is malformed, inconsistent, or compares nothing.
    EngineError
        If an engine cannot give a posterior.
    """
    return build_report(Path(data), Path(out), engine=engine, seed=seed, all_models=all_models)
