"""Every public name has an example in its docstring, and what it shows is what happens."""

from __future__ import annotations

import doctest
import inspect
import io
import re

import matplotlib.figure
import pytest

import reanalysis as ra

NAMES = [name for name in dir(ra) if not name.startswith("_") and callable(getattr(ra, name))]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
LONG = [n for n in NAMES if re.search(r'>>> .*(engine="nuts"|ra.analyse)', inspect.getdoc(getattr(ra, n)) or "")]


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in LONG)) for n in NAMES])
def test_the_example_shows_what_happens(name: str) -> None:
    text = inspect.getdoc(getattr(ra, name)) or ""
    spaces = {"ra": ra} | {name: getattr(ra, name)}
    example = doctest.DocTestParser().get_doctest(text, spaces, f"ra.{name}", None, None)
    assert example.examples, f"ra.{name} has no example"
    said = io.StringIO()
    doctest.DocTestRunner(optionflags=FLAGS).run(example, out=said.write, clear_globs=False)
    assert not said.getvalue(), said.getvalue()
    if name.startswith("plot_"):
        drawn = example.globs["axes"].get_figure(root=True)
        assert isinstance(drawn, matplotlib.figure.Figure)
        assert drawn.get_children()


def test_few_examples_take_long() -> None:
    assert set(LONG) <= {
        "analyse",
        *(f"plot_{name}" for name in ("convergence", "coverage", "energy", "overview", "ranks")),
    }
