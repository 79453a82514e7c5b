"""Types of arrays that the whole package shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Numbers in double precision."""

Integers = NDArray[np.int64]

Flags = NDArray[np.bool_]
