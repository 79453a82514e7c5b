"""What people read; ``reanalysis.report(folder, out)`` builds and publishes all of it."""

import sys

from reanalysis.callable_package import CallablePackage

sys.modules[__name__].__class__ = CallablePackage
