"""Sections: what one part of the report needs, says, draws, contributes to results.json and earns, declared at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.changes import Changes
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.analysis.plan import Plan
from reanalysis.analysis.task import Task
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.markdown import Markdown, anchor, block, joined, slug
from reanalysis.reporting.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Artefacts:
    """What a build has made."""

    analysis: Analysis  # what was computed
    figures: Mapping[str, Markdown]  # what was drawn, by name; a figure that is absent is left out of the text
    calibration: CheckResult  # of the code that computed it
    validation: CheckResult  # of the same code against published figures
    changes: Changes | None = None  # what changed since the report that was published before, where there is one

    def figure(self, name: str, endpoint: EndpointAnalysis | None = None) -> Markdown:
        """A figure where it was drawn, of an endpoint where one is given."""
        return self.figures.get(figure_name(name, endpoint), Markdown(""))


def figure_name(name: str, endpoint: EndpointAnalysis | None = None) -> str:
    """Name of a figure among those drawn, and of its files."""
    return name if endpoint is None else f"{slug(endpoint.id)}-{name}"


@dataclass(frozen=True)
class Figure[Subject]:
    """A captioned figure."""

    name: str  # unique within the report, or within what it shows of an endpoint
    plot: Callable[..., Axes]  # draws it: given what it shows, and a page where there are ``pages``
    caption: Callable[[Subject], str]  # given what it shows
    describe: Callable[..., str]  # its alternative text, given that, and a page where there are ``pages``
    pages: Callable[[Subject], Sequence[Any]] | None = None
    """What to pass to ``plot`` for each part of a figure that may be higher than a page."""
    drawn: Callable[[Subject], bool] = lambda _: True  # whether it is drawn; its section says why where it is not
    first_page: bool = True  # of an endpoint: whether only those of the first page have it
    sampled: bool = False  # whether it shows what NUTS sampled, and so has to wait for that
    found: bool = False  # whether it shows what tasks of its section found, and so has to wait for that
    narrow: bool = False  # whether ``plot`` also draws it for a phone, with ``narrow=True``


@dataclass(frozen=True)
class Inline:
    """A picture within the cell of a table."""

    name: str  # among the figures drawn
    file: str  # its name as a file
    axes: Axes  # the picture, as large as it is to be
    alt: str  # alternative text
    inches: float  # its width


@dataclass(frozen=True)
class Item:
    """An item of a reporting standard and what earns it."""

    standard: str  # its name, one of :data:`reanalysis.reporting.standards.STANDARDS`
    number: int  # its place within the standard
    text: str  # what it asks for
    artefact: str  # what earns it
    missing: Callable[[Artefacts], str]  # why it is not met, given what was made; an empty text where it is
    place: str = ""  # anchor or file, where it is not the section that declares the item


Place = Literal["main", "folded", "program"]
"""Where a section stands: open on the page and in the report on paper; folded on the page and in the supplement; or in
the document about the program, which is the same whatever the evidence."""

Blocks = Markdown | Table | None | Sequence[Markdown | Table | None]
"""What a section says: one block or several, None where there is nothing to say."""


@dataclass(frozen=True, kw_only=True)
class Section[Subject]:
    """One part of the report, of the whole analysis or of each endpoint."""

    anchor: str  # unique name; the identifier of its heading, after that of the endpoint where it is of each
    place: Place = "main"  # where it stands
    title: str = ""  # its heading, left out where there is nothing to say; without a title its text has its own
    level: int = 2  # of the heading
    text: Callable[[Artefacts, Subject], Blocks]  # its blocks, given what was made and what it is about
    results: Callable[[Subject], dict[str, Any]] = lambda _: {}
    """What it contributes to results.json, given what it is about; contributions are merged."""
    figures: tuple[Figure[Subject], ...] = ()  # what it shows
    of_endpoint: tuple[Figure[EndpointAnalysis], ...] = ()
    """What a section of the whole report shows of each endpoint; drawn with the other figures of that endpoint."""
    inline: Callable[[Analysis], Iterator[Inline]] | None = None
    """Pictures for the cells of its tables, given the analysis."""
    items: tuple[Item, ...] = ()  # what it earns of the reporting standards
    needs: Callable[[Plan], tuple[Task[Any], ...]] = lambda _: ()  # tasks that have to be run for it, given the plan

    def markdown(self, made: Artefacts, subject: Subject) -> Markdown:
        """What it says, under its heading; nothing where there is nothing to say."""
        blocks = self.text(made, subject)
        said = joined(blocks if isinstance(blocks, (list, tuple)) else [blocks])
        name = self.anchor
        if isinstance(subject, EndpointAnalysis):
            name = f"{anchor(subject.id)}-{name}"
        heading = Markdown(f"{'#' * self.level} {self.title} {{#{name}}}") if self.title else None
        return joined([heading, said]) if said else said

    def placed(self, made: Artefacts, subject: Subject) -> Markdown:
        """The same where it stands."""
        said = self.markdown(made, subject)
        return said if self.place == "main" or not said else block(self.place, [said])

    @property
    def module(self) -> str:
        """The module that says it."""
        return str(getattr(self.text, "func", self.text).__module__)


@dataclass(frozen=True, kw_only=True)
class Card(Section[EndpointAnalysis]):
    """A section of each endpoint that is folded on its card."""

    place: Place = "folded"
    level: int = 3


def of_card(sections: Iterable[Section[EndpointAnalysis]], made: Artefacts, endpoint: EndpointAnalysis) -> Markdown:
    """Sections of a card: those that stand open, then the others folded together under a line that names them."""
    said = [(one, text) for one in sections if (text := one.markdown(made, endpoint))]
    folded = [(one, text) for one, text in said if one.place == "folded"]
    names = ", ".join(one.title[:1].lower() + one.title[1:] for one, _ in folded)
    more = block("folded", [text for _, text in folded], f"More on {endpoint.label}: {names}") if folded else None
    return joined([*(text for one, text in said if one.place == "main"), more])


# ---- conditions of items: an empty text where the artefact exists, else why the item is not met ----------------------

Condition = Callable[[Artefacts], str]
_MOST_NAMED = 3


def some(names: Sequence[str]) -> str:
    """The first few of what lacks something."""
    return ", ".join(names[:_MOST_NAMED]) + " and others" * (len(names) > _MOST_NAMED)


Has = Callable[[EndpointAnalysis], bool]


def every(what: str, has: Has, first_page: bool = False) -> Condition:
    """Every endpoint, or every one of the first page, has something."""

    def condition(made: Artefacts) -> str:
        among = made.analysis.headlines if first_page else made.analysis.endpoints
        without = [e.label for e in among if not has(e)]
        return f"{what} of {some(without)}" if without else ""

    return condition


def stated(holds: Callable[[Analysis], object], why: str) -> Condition:
    """Something is true of the whole analysis."""
    return lambda made: "" if holds(made.analysis) else why


def drawn(figure: str) -> Condition:
    """A figure of this name was drawn for every endpoint of the first page."""

    def condition(made: Artefacts) -> str:
        without = [e.label for e in made.analysis.headlines if not made.figure(figure, e)]
        return f"not drawn for {', '.join(without)}" if without else ""

    return condition
