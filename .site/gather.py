"""Gathers the pages of the site in one folder: files of the clone, and pages written from what the code says of itself.

Nothing is told twice: the columns, keys, models and functions below are those that are read, checked and called.
"""

from __future__ import annotations

import doctest
import inspect
import re
import shutil
import sys
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pypandoc
import typer
from matplotlib.axes import Axes
from numpydoc.docscrape import NumpyDocString
from pydantic import BaseModel, TypeAdapter, ValidationError

import reanalysis as ra
from reanalysis.cli.app import app
from reanalysis.evidence.reading.columns import ABOUT
from reanalysis.evidence.reading.columns import columns as meanings
from reanalysis.evidence.reading.gathering import TABLES
from reanalysis.evidence.reading.settings import Settings, Source
from reanalysis.evidence.reading.table import Table
from reanalysis.figures.save import save_figure
from reanalysis.model.family import FAMILIES, Family
from reanalysis.reporting.results import FIELDS, MARGINS
from reanalysis.validation.published import compared
from reanalysis.validation.published_folder import FOLDER
from reanalysis.validation.published_problem import read_problem

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGES = {
    "README.md": "readme.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
_COMPARED = re.compile(r"<!-- compared: (\S+) (\S+) (\S+) ([^>]*?) -->")
_LINK = re.compile(r"(!?\[[^\]]*\])\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def gather(out: Path) -> None:
    """Write every page into a folder, which is made anew."""
    shutil.rmtree(out, ignore_errors=True)
    for page in HERE.glob("*.md"):
        _write(out / page.name, _COMPARED.sub(beside, page.read_text(encoding="utf-8")))
    for name, target in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8").replace("```csv", "```text")
        _write(out / target, _linked(text))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        _copy(notebook, out / "notebooks" / notebook.name)
    _copy(ROOT / "reports" / "gallery" / "overview.svg", out / "overview.svg")
    _write(out / "columns.md", columns())
    _write(out / "settings.md", settings())
    _write(out / "models.md", models())
    _write(out / "commands.md", commands())
    for name, text in functions(out / "reference"):
        _write(out / "reference" / f"{name}.md", text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _linked(text: str) -> str:
    """Links to pages lead there, pictures stand beside them, and other files are named without a link."""

    def link(found: re.Match[str]) -> str:
        label, target, place = found[1], found[2], found[3] or ""
        if target.startswith("reports/gallery/"):
            return f"{label}({Path(target).name})"
        if target in PAGES:
            return f"{label}({PAGES[target]}{place})"
        if target.rstrip("/") == "notebooks":
            return f"{label}(gallery.md)"
        if not (ROOT / target).exists():
            raise FileNotFoundError(f"a page links to {target}, which is not there")
        return f"{label[1:-1]} (`{target}`)"

    return _LINK.sub(link, text)


def beside(asked: re.Match[str]) -> str:
    """What was published of a problem by one source, beside what the program computes."""
    problem, source, model, quantities = asked.groups()
    found = compared(read_problem(FOLDER / problem))
    found = found[(found["source"] == source) & (found["model"] == model) & found["quantity"].isin(quantities.split())]
    found = found[found["choices"] == found["choices"].iloc[0]]
    said = f"{found['citation'].iloc[0]}. Priors here: {found['choices'].iloc[0]}."
    rows = "".join(
        _row((row["quantity"].replace("_", " "), row["statistic"], row["printed"], f"{row['computed']:.3f}"))
        for row in found.to_dict("records")
    )
    return f"{said}\n\n{_table(('quantity', 'statistic', 'published', 'here'))}{rows}"


# ---- tables of the evidence, and what a report writes ----------------------------------------------------------------
def evidence_tables() -> dict[str, Table[Any]]:
    """Every kind of table, by the name of its file."""
    return {f"{name}.csv": table for name, table in TABLES.items()}


def columns() -> str:
    """The columns of every table that is read, and of the one that a report writes."""
    parts = [
        "# Columns of every table",
        "Every table is a `.csv` file or an Excel workbook of the same name. Columns that a table does not know are "
        "ignored and listed; a misspelt one is an error. Only `arms.csv` is needed.",
    ]
    for file, table in evidence_tables().items():
        parts += [
            f"## {file}",
            ABOUT[_name(table)],
            _table(("column", "needed", "what it holds", "a cell")),
        ]
        parts[-1] += "".join(
            _row((f"`{c}`", _needed(table, c), meaning(table, c), rule(table, c))) for c in table.columns
        )
    parts += ["## results.csv", "What a report writes for programs: one row an estimate."]
    parts.append(_table(("column", "what it holds")))
    parts[-1] += "".join(_row((f"`{name}`", text)) for name, text in FIELDS.items())
    parts[-1] += "".join(_row((f"`{name}`…", text)) for name, text in MARGINS.items())
    return "\n\n".join(parts) + "\n"


def meaning(table: Table[Any], column: str) -> str:
    """What a column holds, in the words of ``reanalysis new``."""
    return meanings(_name(table))[column]


def _name(table: Table[Any]) -> str:
    return next(name for name, one in TABLES.items() if one is table)


def rule(table: Table[Any], column: str) -> str:
    """The sentence for a cell that is wrong, asked of the column itself."""
    kind = typing.get_type_hints(table.row, include_extras=True)[column]
    try:
        TypeAdapter(kind).validate_python("\x07" * 200)
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return "any text"


def _needed(table: Table[Any], column: str) -> str:
    alternatives = [one.split("|") for one in table.required]
    return next((" or ".join(one) if len(one) > 1 else "yes" for one in alternatives if column in one), "")


def _lead(described: Any) -> str:
    doc = NumpyDocString(inspect.getdoc(described) or "")
    return " ".join((*doc["Summary"], *doc["Extended Summary"]))


# ---- analysis.toml and sources.toml ----------------------------------------------------------------------------------
def settings() -> str:
    """The keys of analysis.toml and sources.toml, as the models that read them have them."""
    parts = [
        "# Keys of analysis.toml",
        "Everything a result depends on and that is not a printed figure. Every key may be left out; an unknown key is "
        "an error that names the nearest one.",
        *_keys(Settings, "", {}),
        "# Keys of sources.toml",
        "One table a source, `[KEY]`; tables and settings name it by that key.",
        *_keys(Source, "KEY", {}),
        "# An example with what each is for",
        "`reanalysis new` writes this file.",
        f"```toml\n{(ROOT / 'models/reanalysis/cli/scaffold/analysis.toml').read_text(encoding='utf-8')}```",
    ]
    return "\n\n".join(parts) + "\n"


def _keys(model: type[BaseModel], place: str, places: dict[type[BaseModel], str]) -> Iterator[str]:
    """A table of a model's own keys, then those of the models within it, each where it comes first."""
    yield f"## `[{place}]`" if place else "## At the top"
    yield _lead(model)
    table, within = _table(("key", "takes", "by default", "what it is")), []
    for name, field in model.model_fields.items():
        takes, (inner, many) = "", _model_in(field.annotation)
        if inner:
            key = ".".join(part for part in (place, name, "NAME" if many == "table" else "") if part)
            if inner not in places:
                within.append((inner, key))
            takes = f"[below](#{_anchor(places.setdefault(inner, key))})"
        default = "needed" if field.is_required() else _default(field.get_default(call_default_factory=True))
        bounds = (_bound(one) for one in field.metadata)
        told = "; ".join(text for text in (field.description or "", *bounds) if text)
        table += _row((f"`{name}`", takes or _kind(field.annotation), default, told))
    yield table
    for inner, key in within:
        yield from _keys(inner, key, places)


def _anchor(place: str) -> str:
    return re.sub(r"[^\w-]", "", place.lower())


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The model that an annotation holds, and whether as a table by name or a list."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation, ""
    many = {dict: "table", tuple: "list"}.get(typing.get_origin(annotation), "")  # type: ignore[call-overload]
    for inner in typing.get_args(annotation):
        model, deeper = _model_in(inner)
        if model:
            return model, many or deeper
    return None, ""


def _kind(annotation: Any) -> str:
    """A type in words."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(f"`{one}`" for one in inner)
    if origin is tuple:
        return f"a list: {_kind(inner[0])}"
    if origin is dict:
        return f"a table by name: {_kind(inner[1])}"
    if origin is not None:
        return _kind(next(one for one in inner if one is not type(None)))
    return {str: "text", float: "a number", int: "a whole number", bool: "true or false"}[annotation]


def _default(value: Any) -> str:
    if value is None or value == "" or value == () or value == {} or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{list(value)}`" if isinstance(value, tuple) else f"`{value}`"


def _bound(one: Any) -> str:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below", "min_length": "characters, at least"}
    return next((f"{word} {getattr(one, name):,}" for name, word in words.items() if hasattr(one, name)), "")


# ---- models, commands, functions -------------------------------------------------------------------------------------
def models() -> str:
    """What each model says of itself."""
    parts = [
        "# Models",
        "`reanalysis fit --model NAME` and `ra.fit(..., model=NAME)`. Equations are of what differs from the first.",
    ]
    for name, family in FAMILIES.items():
        parts += [f"## {name}", family.title, _mathml(family), family.note, f"Source: {family.source}"]
        parts.append(f"Engines: {', '.join(family.engines)}. Pooling: {', '.join(family.poolings)}.")
        if family.settings:
            parts.append(_table(("`--set NAME=X`", "sets", "by default", "from", "to")))
            parts[-1] += "".join(
                _row(
                    (
                        f"`{s.name}`",
                        s.meaning,
                        "" if s.default is None else f"{s.default:g}",
                        f"{s.low:g}",
                        f"{s.high:g}",
                    )
                )
                for s in family.settings
            )
    return "\n\n".join(parts) + "\n"


def _mathml(family: Family) -> str:
    """Equations as every browser draws them, without a script."""
    formulas = "\n\n".join(f"$${one}$$" for one in family.equations)
    return str(pypandoc.convert_text(formulas, "html", format="markdown", extra_args=["--mathml"])) if formulas else ""


def commands() -> str:
    """The help of every command."""
    root = typer.main.get_command(app)
    parts = ["# Commands", "Exit codes, and what each command is for, are in the [README](readme.md)."]
    with typer.Context(root, info_name="reanalysis") as above:
        for name, command in sorted(root.commands.items()):  # type: ignore[attr-defined]
            with typer.Context(command, info_name=name, parent=above, terminal_width=100) as context:
                parts += [f"## {name}", f"```text\n{command.get_help(context)}\n```"]
    return "\n\n".join(parts) + "\n"


TOPICS = {
    "Evidence": r"read_evidence|evidence|load|datasets|coverage|modelled_endpoints|new|.*import.*|.*write.*",
    "Audit, fit and effects": r"audit|fit|effects|select|specification|compare|probability|predict|.*table.*",
    "Other choices": r"sensitivity|multiverse|tipping_points|average",
    "What follows": r"decide|design|new_cohort",
    "Reports": r"analyse|report|diff|calibrate",
    "Figures": r"plot_.*",
    "Types and errors": r".*",
}


def public() -> list[str]:
    """Names of the package that people use."""
    return [name for name in dir(ra) if not name.startswith("_") and callable(getattr(ra, name))]


def results_of(names: list[str]) -> dict[str, type]:
    """Classes of this package that public functions return, by their full names."""
    found = {}
    for name in names:
        try:
            returned = typing.get_type_hints(getattr(ra, name)).get("return")
        except NameError:  # a class that only type checkers import
            continue
        if (
            inspect.isclass(returned)
            and returned.__module__.startswith("reanalysis.")
            and returned.__name__ not in names
        ):
            found[f"{returned.__module__}.{returned.__name__}"] = returned
    return found


def functions(out: Path) -> Iterator[tuple[str, str]]:
    """A page for each public name with its picture, one for the classes of results, and the list of all."""
    left = public()
    parts = ["# Functions", "Every example is run by the tests. `import reanalysis as ra` comes before each."]
    for topic, pattern in TOPICS.items():
        names = [name for name in left if re.fullmatch(pattern, name)]
        left = [name for name in left if name not in names]
        parts += [f"## {topic}", "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```", _table(("", ""))]
        parts[-1] += "".join(_row((f"[`ra.{name}`]({name}.md)", _summary(name))) for name in names)
    parts += ["## What they return", "```{toctree}\n\nresults\n```"]
    yield "index", "\n\n".join(parts) + "\n"
    for name in public():
        kind = "autoclass" if inspect.isclass(getattr(ra, name)) else "autofunction"
        text = f"# ra.{name}\n\n```{{eval-rst}}\n.. {kind}:: reanalysis.{name}\n```\n"
        if name.startswith("plot_") and (drawn := picture(name)) is not None:
            save_figure(drawn, out / name)
            text += f"\n![{alternative_text(name)}]({name}.svg)\n"
        yield name, text
    classes = [
        f".. autoclass:: {name}\n   :members:\n   :exclude-members: {_fields(one)}\n"
        for name, one in results_of(public()).items()
    ]
    yield "results", "# What functions return\n\n```{eval-rst}\n" + "\n".join(classes) + "```\n"


def _fields(one: type) -> str:
    """Fields of a record, which its docstring describes as parameters."""
    return ", ".join(getattr(one, "__dataclass_fields__", {})) or "_"


def _summary(name: str) -> str:
    return " ".join(NumpyDocString(inspect.getdoc(getattr(ra, name)) or "")["Summary"])


def picture(name: str) -> Axes | None:
    """What the example of a figure draws; None where the example draws nothing."""
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(getattr(ra, name)) or "")
    return next(
        (it for it in reversed(after(*(one.source for one in examples)).values()) if isinstance(it, Axes)), None
    )


@cache
def after(*lines: str) -> dict[str, Any]:
    """Names as lines of Python leave them; examples that begin alike share what they have in common."""
    if not lines:
        return {"ra": ra}
    names = dict(after(*lines[:-1]))
    exec(compile(lines[-1], "example", "single"), names)
    return names


def alternative_text(name: str) -> str:
    """What a figure shows, as its docstring says."""
    return f"Example: {_summary(name)}"


def _table(heads: tuple[str, ...]) -> str:
    return _row(heads) + _row(("---",) * len(heads))


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


if __name__ == "__main__":
    gather(Path(sys.argv[1]))
