"""Lets the process of a fit end in the middle of it, as a fault in compiled code would: the fit that CRASH names."""

from __future__ import annotations

import os
import sys

if os.environ.get("CRASH") and "--multiprocessing-fork" in sys.orig_argv:
    import faulthandler
    from typing import Any

    import reanalysis.gates.kept_fit as module

    original = module.published_fit

    def published_fit(spec: Any, data: Any, drawn: bool) -> Any:
        if data.endpoint == os.environ["CRASH"]:
            if os.environ["CRASH_BY"] == "fault":
                print("half a word", file=sys.stderr, flush=True)
                faulthandler._sigsegv()
            if os.environ["CRASH_BY"] == "exit":
                os._exit(139)
            raise ZeroDivisionError("half a fit")
        return original(spec, data, drawn)

    module.published_fit = published_fit
