"""Lets the process of the fits end in the middle of one, as a fault in compiled code would: what CRASH names."""

from __future__ import annotations

import os
import sys

if os.environ.get("CRASH") and "reanalysis.builds.worker" in sys.orig_argv:
    import faulthandler
    from typing import Any

    import reanalysis.analysis.endpoint_result as module

    original = module.fit_result

    def fit_result(spec: Any, data: Any, engine: Any) -> bytes:
        if data.endpoint == os.environ["CRASH"]:
            if os.environ["CRASH_BY"] == "fault":
                faulthandler._sigsegv()
            if os.environ["CRASH_BY"] == "exit":
                os._exit(139)
            raise ZeroDivisionError("half a fit")
        return original(spec, data, engine)

    module.fit_result = fit_result
