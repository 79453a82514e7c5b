"""Linear algebra on one thread: the order of its sums, and with it every bit, is that of any number of processors."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """A block whose linear algebra has one thread; after it, as many as before.

    Where it has one already nothing is set: that takes longer than many a marginal.
    """
    libraries = _libraries()
    if all(library.get_num_threads() == 1 for library in libraries.lib_controllers):
        return nullcontext()
    return libraries.limit(limits=1)


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    """The libraries of linear algebra: searched for once, as that takes a tenth of the time of a fit."""
    import scipy.linalg  # noqa: F401  SciPy has a library of its own, loaded with it

    return ThreadpoolController()
