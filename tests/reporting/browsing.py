"""A page of a report, opened in the Chromium of this machine."""

from __future__ import annotations

import shutil
from typing import Any

from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.reporting.markdown import anchor
from reporting.built import Report, squeezed

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1100, "height": 900}


class Opened:
    """A page with all that went wrong while it was open."""

    def __init__(self, browser: Any, report: Report, address: str = "", **settings: Any) -> None:
        self.context = browser.new_context(**{"viewport": DESK, **settings})
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address or report.page.as_uri())

    def told(self, endpoint: EndpointAnalysis) -> dict[str, tuple[str, float | None]]:
        """What the explorer of an endpoint says: text and probability by name."""
        rows = self.page.eval_on_selector_all(
            f'.explorer[data-endpoint="{anchor(endpoint.id)}"] dl > div',
            "rows => rows.map(r => [r.dataset.name, r.querySelector('dd').textContent, r.dataset.p ?? null])",
        )
        return {name: (squeezed(text), None if p is None else float(p)) for name, text, p in rows}

    def set(self, endpoint: EndpointAnalysis, control: str, value: float) -> None:
        """Move a control as a reader does, with its event."""
        self.page.eval_on_selector(
            f"#{anchor(endpoint.id)}-{control}",
            "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); }",
            str(value),
        )
