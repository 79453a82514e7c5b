"""A rule of the audit is its own file and its place in the list, and declares every kind of finding that it makes."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence.folders import ANAKINRA
from reanalysis.evidence import audit
from reanalysis.evidence.audit import ledger
from reanalysis.evidence.audit.finding import Finding, Rule, rule
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence

OF_MODULE: dict[str, list[Rule]] = {}
for _module in pkgutil.iter_modules(audit.__path__, f"{audit.__name__}."):
    if _module.name != ledger.__name__:
        _found = vars(importlib.import_module(_module.name)).values()
        OF_MODULE[_module.name] = [one for one in _found if isinstance(one, Rule)]


def test_every_rule_that_is_declared_is_in_the_list_and_no_other() -> None:
    declared = [one for rules in OF_MODULE.values() for one in rules]
    assert len(ledger.RULES) == len(set(map(id, ledger.RULES))) > 0
    assert set(map(id, declared)) == set(map(id, ledger.RULES))
    assert all(len(rules) <= 1 for rules in OF_MODULE.values())


@pytest.mark.parametrize("name", [name for name, rules in OF_MODULE.items() if rules])
def test_every_declared_kind_is_made_by_its_rule(name: str) -> None:
    """The kind stands in the code of the rule beside its declaration."""
    (one,) = OF_MODULE[name]
    tree = ast.parse(Path(inspect.getfile(one.check)).read_text(encoding="utf-8"))
    declared = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "rule"
    ]
    (declaration,) = declared
    of_declaration = {id(node) for node in ast.walk(declaration)}
    written = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in of_declaration
    }
    assert set(one.kinds) <= written


def test_a_finding_of_a_kind_that_its_rule_does_not_declare_is_an_error_of_the_rule() -> None:
    @rule("order")
    def check_nothing(evidence: Evidence) -> Iterator[Finding]:
        yield Finding("ordre", "info", "", "", "", "misspelt")

    with pytest.raises(ValueError, match="check_nothing makes findings of order, not ordre"):
        list(check_nothing(read_evidence(ANAKINRA)))
