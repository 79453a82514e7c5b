"""Verbs about whole folders: a new one, its report, two reports, a later cohort, and the calibration of the engines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, fields
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import pandas as pd

from reanalysis.analysis.changes import PROBABILITY, RATIO, Changes, bad_thresholds
from reanalysis.analysis.comparison import compare
from reanalysis.api.progress import Line, working
from reanalysis.builds.record import read_record
from reanalysis.decisions import new_cohort
from reanalysis.decisions.new_cohort import NotPredicted, Prediction
from reanalysis.evidence.evidence import Evidence, require_evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.choices import bad_calibration, bad_seed
from reanalysis.model.spec import Engine
from reanalysis.reporting.sections.changes import as_text, tables
from reanalysis.reporting.sections.changes import summary as in_a_sentence

if TYPE_CHECKING:
    from reanalysis.builds.build import Built
    from reanalysis.validation.calibration.run import Calibration


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
        Engine that checks the published posteriors; ``quadrature`` samples nothing.
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

    Examples
    --------
    >>> built = ra.report("my_evidence", "reports/mine")  # doctest: +SKIP
    >>> ra.report("no_such_folder", "reports/mine")
    Traceback (most recent call last):
    reanalysis.evidence.problems.InvalidInput: no_such_folder: does not exist; an evidence folder holds arms.csv
    """
    from reanalysis.analysis.request import Request
    from reanalysis.builds.build import build_report
    from reanalysis.builds.log import BuildLog

    with working(f"building {out}") as line:
        return build_report(Path(data), Path(out), Request(engine, seed, all_models), log=BuildLog(tell=line.say))


def new(folder: Path | str) -> tuple[Path, ...]:
    """Make an evidence folder that reads, audits, fits and reports as it stands, to be filled in.

    Parameters
    ----------
    folder : Path or str
        Folder to make; nothing in it is overwritten.

    Returns
    -------
    tuple of Path
        The files written: invented figures to replace, every setting explained.

    Raises
    ------
    InvalidInput
        If one of the files is there already, or ``folder`` is a file.

    Examples
    --------
    >>> import tempfile
    >>> files = ra.new(tempfile.mkdtemp() + "/mine")
    >>> [file.name for file in files][:3]
    ['COLUMNS.md', 'analysis.toml', 'arms.csv']
    """
    folder = Path(folder)
    template = resources.files("reanalysis") / "cli" / "scaffold"
    names = sorted(one.name for one in template.iterdir() if one.is_file())
    taken = [name for name in names if (folder / name).exists()]
    if taken or (folder.exists() and not folder.is_dir()):
        what = f"has {', '.join(taken)} already" if taken else "is not a folder"
        raise InvalidInput([f"{folder}: {what}; nothing was written"])
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes((template / name).read_bytes())
    return tuple(folder / name for name in names)


@dataclass(frozen=True, repr=False)
class Predictions:
    """Every study and endpoint of a new folder, predicted from today's evidence.

    Parameters
    ----------
    evidence, cohort : Evidence
        Today's evidence, and the new folder.
    found : tuple of Prediction or NotPredicted
        One a study and endpoint.
    """

    evidence: Evidence
    cohort: Evidence
    found: tuple[Prediction | NotPredicted, ...]

    def __iter__(self) -> Iterator[Prediction | NotPredicted]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def to_frame(self) -> pd.DataFrame:
        """One row a study and endpoint: what was expected and reported, its score, and the effect before and after."""
        return pd.DataFrame([{"endpoint": one.endpoint, "study": one.study} | _row(one) for one in self.found])

    def __repr__(self) -> str:
        return f"{self.cohort.title}: predicted from {self.evidence.title}\n{self.to_frame()}"

    def _repr_html_(self) -> str:
        title = f"<p><b>{escape(self.cohort.title)}</b>: predicted from {escape(self.evidence.title)}</p>"
        return title + self.to_frame().to_html(index=False, float_format="{:.3g}".format, na_rep="")


def _row(one: Prediction | NotPredicted) -> dict[str, Any]:
    if isinstance(one, NotPredicted):
        return {"note": one.reason}
    row: dict[str, Any] = {"n": one.n, "reported": one.printed, "expected": one.expected.median}
    row |= {"expected_lower": one.expected.lower, "expected_upper": one.expected.upper}
    row |= {"log_score": one.score.log_score, "pit": one.score.pit}
    for name, headline in (("before", one.before), ("after", one.after)):
        row[f"odds_ratio_{name}"] = None if headline.odds_ratio is None else headline.odds_ratio.median
    return row | {"note": one.control}


def predict(evidence: Evidence, new: Evidence, seed: int | None = None) -> Predictions:
    """Predict, score and absorb every study and endpoint of a new folder.

    Parameters
    ----------
    evidence : Evidence
        Today's evidence.
    new : Evidence
        Folder of the new cohort or cohorts, each taken by itself.
    seed : int, optional
        Of the randomised PIT; by default that of ``evidence``.

    Returns
    -------
    Predictions
        ``.to_frame()`` has a row a study and endpoint; each is a :class:`Prediction` with the whole score.

    Raises
    ------
    InvalidInput
        If the folders share a study or no endpoint, or a report contradicts itself.
    EngineError
        If a posterior cannot be computed.

    Examples
    --------
    >>> found = ra.predict(ra.load("anakinra"), ra.load("msk_phase2"))
    """
    for one in (evidence, new):
        require_evidence(one)
    return Predictions(evidence, new, tuple(new_cohort.predict(evidence, new, seed)))


@dataclass(frozen=True, repr=False)
class Difference(Changes):
    """What changed between two reports, and which conclusions moved (``moved``)."""

    @classmethod
    def of(cls, changes: Changes) -> Self:
        """The same changes."""
        return cls(**{one.name: getattr(changes, one.name) for one in fields(Changes)})

    def __repr__(self) -> str:
        return as_text(self).rstrip()

    def _repr_html_(self) -> str:
        shown = {title: pd.DataFrame(table.rows, columns=table.headers) for title, table in tables(self).items()}
        return f"<p>{escape(in_a_sentence(self))}</p>" + "".join(
            f"<p><b>{escape(title)}</b></p>{frame.to_html(index=False)}" for title, frame in shown.items()
        )


def diff(old: Path | str, new: Path | str, probability: float = PROBABILITY, ratio: float = RATIO) -> Difference:
    """What changed from one published report to another.

    Parameters
    ----------
    old, new : Path or str
        Folders of the reports.
    probability : float
        A conclusion has moved if a probability shifts by more.
    ratio : float
        A conclusion has moved if a headline odds ratio changes by a larger factor, up or down.

    Returns
    -------
    Difference
        ``.moved`` are the endpoints with a conclusion that moved; it prints as ``reanalysis diff`` does.

    Raises
    ------
    InvalidInput
        If a folder holds no whole report, or a threshold is none.

    Examples
    --------
    >>> changes = ra.diff("reports/.mine.builds/previous", "reports/mine")  # doctest: +SKIP
    >>> ra.diff("no_such_report", "reports/mine")
    Traceback (most recent call last):
    reanalysis.evidence.problems.InvalidInput: no_such_report...
    """
    wrong = list(bad_thresholds(probability, ratio))
    if wrong:
        raise InvalidInput(wrong)
    return Difference.of(compare(read_record(Path(old)), read_record(Path(new)), probability, ratio))


def calibrate(
    evidence: Evidence,
    out: Path | str | None = None,
    *,
    engine: Literal["both", "quadrature", "nuts"] = "both",
    replicates: int = 1000,
    seed: int | None = None,
    executor: Executor | None = None,
    batches: Path | str | None = None,
) -> Calibration:
    """Simulation-based calibration of the engines under the priors of a folder.

    Parameters
    ----------
    evidence : Evidence
        The folder; of its rows nothing is used.
    out : Path or str, optional
        Folder to save the calibration to, and its finished batches, from which a stopped run goes on.
    engine : {"both", "quadrature", "nuts"}
        Which to calibrate.
    replicates : int
        Simulated data sets of each design, 100 at least.
    seed : int, optional
        Instead of the folder's.
    executor : Executor, optional
        What runs the replicates; by default this process.
    batches : Path or str, optional
        Folder of finished batches, instead of that in ``out``.

    Returns
    -------
    Calibration
        ``.passed``, and ``.verdict`` with a row an engine, design and quantity.

    Raises
    ------
    InvalidInput
        If a choice means nothing.

    Examples
    --------
    >>> found = ra.calibrate("my_evidence", "calibration", engine="quadrature")  # doctest: +SKIP
    """
    require_evidence(evidence)
    wrong = [*bad_calibration(engine, replicates), *bad_seed(seed)]
    if wrong:
        raise InvalidInput(wrong)
    from reanalysis.model.family import ENGINES
    from reanalysis.validation.calibration import run
    from reanalysis.validation.calibration.artefact import save

    store = Path(batches) if batches else Path(out) / "batches" if out else None
    with ExitStack() as shown:

        def watch(what: str) -> Line:
            shown.close()
            return shown.enter_context(working(what))

        engines = ENGINES if engine == "both" else (engine,)
        found = run.calibrate(
            evidence, engines=engines, replicates=replicates, seed=seed, executor=executor, store=store, watch=watch
        )
    if out:
        save(found, Path(out))
    return found
