"""What if a choice had been another? ``reanalysis.sensitivity(evidence, endpoint)`` is all of them in a table."""

import sys

from reanalysis.callable_package import CallablePackage

sys.modules[__name__].__class__ = CallablePackage
