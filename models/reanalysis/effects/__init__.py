"""From a posterior to numbers people use; ``reanalysis.effects(fit)`` is all of them in one table."""

import sys

from reanalysis.callable_package import CallablePackage

sys.modules[__name__].__class__ = CallablePackage
