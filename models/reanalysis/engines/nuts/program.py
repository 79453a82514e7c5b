"""A PyMC model compiled once for every endpoint, setting and prior, whose data are swapped."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from reanalysis.engines.errors import EngineError
from reanalysis.engines.nuts.kernel import ProgramKey
from reanalysis.engines.nuts.models import nuts_models
from reanalysis.stages import stage
from reanalysis.typing import Array

_COMPILING = threading.Lock()

_PREFIXES = {"": 1, "again_": 1, "benchmark_": 1, "slot_": 2, "told_benchmark_": 1}

_LOOSE = (
    {f"{prefix}{name}": axes for prefix, axes in _PREFIXES.items() for name in ("events", "n", "log_weight")}
    | {f"told_{arm}_{name}": 1 for arm in ("control", "treated") for name in ("x", "y", "x_at", "y_at", "log_ways")}
    | {"size_log_weight": 1, "told_pairs": 2}
)
"""How many axes at the end of an array may have any length: candidates, or denominators and their candidates."""


@dataclass(frozen=True)
class Program:
    """A compiled model and the shapes its data must have."""

    key: ProgramKey
    compiled: Any
    shapes: dict[str, tuple[int, ...]]

    def with_data(self, arrays: dict[str, Array]) -> Any:
        """The compiled model with other data.

        Raises
        ------
        EngineError
            If an array is missing, has another shape (axes of candidates may vary) or is not float64: the sampler
            itself would fail later and say nothing of it.
        """
        if set(arrays) != set(self.shapes):
            raise EngineError(f"the model needs {sorted(self.shapes)}, not {sorted(arrays)}")
        for name, array in arrays.items():
            expected = self.shapes[name]
            fixed = array.shape[: array.ndim - _LOOSE.get(name, 0)]
            if fixed != expected or array.dtype != np.float64:
                raise EngineError(f"{name} must be float64 of shape {expected}, not {array.dtype} of {array.shape}")
        for prefix in _PREFIXES:
            alike = [
                arrays[name].shape
                for name in (f"{prefix}events", f"{prefix}n", f"{prefix}log_weight")
                if name in arrays
            ]
            if len(set(alike)) > 1:
                raise EngineError(f"{prefix}events, {prefix}n and {prefix}log_weight must have one shape")
        return self.compiled.with_data(**arrays)


def program(key: ProgramKey) -> Program:
    """The compiled model of a key, compiled at most once in a process."""
    with _COMPILING:
        return _compiled(key)


@lru_cache(maxsize=16)
@stage("compile")
def _compiled(key: ProgramKey) -> Program:
    import nutpie
    import pytensor

    model = nuts_models()[key.model].build(key)
    # fast-math lets the compiler reorder sums, differently from a cold and from a warm cache: draws would differ
    with pytensor.config.change_flags(numba__fastmath=False):
        compiled = nutpie.compile_pymc_model(model)
    shapes = {name: value.get_value().shape for name, value in _data(model).items()}
    shapes = {name: shape[: len(shape) - _LOOSE.get(name, 0)] for name, shape in shapes.items()}
    return Program(key, compiled, shapes)


def _data(model: Any) -> dict[str, Any]:
    return {variable.name: variable for variable in model.data_vars}
