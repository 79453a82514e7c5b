"""Settings as arguments: direction, labels, priors and designs by id, put where analysis.toml has them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reanalysis.evidence.problems import InvalidInput, Problem, did_you_mean
from reanalysis.evidence.reading.settings import Design, Settings
from reanalysis.evidence.reading.text_table import Records
from reanalysis.evidence.reading.toml import settings_of

Better = Literal["lower", "higher"]

Place = tuple[str, ...]
"""Keys of a setting, from the outermost."""
Said = tuple[str, str, object, Place]
"""A setting: its argument, its key there, its value, and its place."""


@dataclass(frozen=True)
class Arguments:
    """What is said of studies and endpoints beside a table."""

    studies: tuple[str, ...]
    endpoints: tuple[str, ...]
    """Ids that there are; none where the tables cannot be read, so that nothing is said of unknown ones."""
    better: Better | Mapping[str, Better] | None
    labels: Mapping[str, str]
    priors: Mapping[str, object]
    design: Design | Mapping[str, Design] | None
    title: str
    """As of :func:`reanalysis.evidence.reading.given.evidence`."""

    def settings(self, others: Mapping[str, Any]) -> Settings:
        """All settings, with others as analysis.toml has them.

        Raises
        ------
        InvalidInput
            With every problem, named by the argument that it is of.
        """
        if not isinstance(others, Mapping):
            raise InvalidInput([f"settings: must be a mapping as analysis.toml has it, not a {type(others).__name__}"])
        tree: dict[str, Any] = _copied(dict(others))
        said: dict[str, tuple[str, str]] = {}
        problems: list[Problem | str] = []
        for argument, key, value, place in self._all(problems):
            table = tree
            for part in place[:-1]:
                table = table.setdefault(part, {})
                if not isinstance(table, dict):
                    raise InvalidInput([Problem("settings", None, ".".join(place[:-1]), "", "must be a table")])
            if place[-1] in table:
                problems.append(Problem(argument, None, key, "", "is in settings too; leave one of them out"))
            table[place[-1]] = value
            said[".".join(place)] = (argument, key)
        try:
            found = settings_of("settings", "", tree)
        except InvalidInput as error:
            problems += [_said(one, said) for one in error.problems]
        if problems:
            raise InvalidInput(problems)
        return found

    def _all(self, problems: list[Problem | str]) -> Iterator[Said]:
        """Each setting; what is none is a problem."""
        if self.title:
            yield "title", "", self.title, ("title",)
        for name, value in self.priors.items():
            yield "priors", name, str(value), ("priors", name)
        for argument, given, what, known in (
            ("better", self.better, "endpoint", self.endpoints),
            ("design", self.design, "study", self.studies),
            ("labels", self.labels, "study or endpoint", (*self.endpoints, *self.studies)),
        ):
            one_for_all = isinstance(given, str) and argument != "labels"
            each = dict.fromkeys(known, given) if one_for_all else {} if given is None else given
            if not isinstance(each, Mapping):
                rule = f"must be {'' if argument == 'labels' else 'one word for all, or '}a mapping from ids to words"
                problems.append(Problem(argument, None, "", str(given), rule))
                continue
            for name, value in each.items():
                study, endpoint = name in self.studies, name in self.endpoints
                if argument == "labels" and study and endpoint:
                    rule = "is the id of a study and of an endpoint; give both labels in settings"
                    problems.append(Problem("labels", None, name, "", rule))
                elif known and name not in known:
                    rule = f"no row of arms or contrasts has this {what}{did_you_mean(str(name), known)}"
                    problems.append(Problem(argument, None, str(name), "", rule))
                else:
                    table = "studies" if argument == "design" or (argument == "labels" and study) else "endpoints"
                    yield argument, name, value, (table, name, argument.removesuffix("s"))


def _copied(value: Any) -> Any:
    """The same value, its text composed as that of files is."""
    if isinstance(value, Mapping):
        return {key: _copied(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(one) for one in value]
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def ids_of(tables: Mapping[str, Records], column: str) -> tuple[str, ...]:
    """Ids that stand in a column of the arms or the contrasts, in their order."""
    named = [tables[name] for name in ("arms", "contrasts") if name in tables and column in tables[name].header]
    found = [
        row[one.header.index(column)].strip() for one in named for _, row in one.rows[1:] if len(row) == len(one.header)
    ]
    return tuple(dict.fromkeys(one for one in found if one))


def _said(problem: Problem | str, said: Mapping[str, tuple[str, str]]) -> Problem | str:
    """A problem of a setting by the argument that it was given as."""
    if isinstance(problem, Problem) and problem.column in said:
        argument, key = said[problem.column]
        return Problem(argument, None, key, problem.value, problem.rule)
    return problem
