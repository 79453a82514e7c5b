"""What a folder says today of an endpoint of the next trial: the effect of a new study, and the control rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from reanalysis.decisions.trial_priors import Tabulated
from reanalysis.engines.fit import fit
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.estimands.map_prior import map_prior
from reanalysis.evidence.audit.ledger import require_consistent
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.model.selection import NothingLeft, default_spec, select
from reanalysis.model.specification import specification

if TYPE_CHECKING:
    from reanalysis.engines.posterior import Posterior
    from reanalysis.model.spec import ModelName, ModelSpec


class Nothing(InvalidInput):
    """The folder says nothing of what is asked."""


@dataclass
class Today:
    """Posteriors of one endpoint, computed when first asked for."""

    evidence: Evidence
    """The folder."""
    endpoint: str
    """Endpoint id."""

    def unknown(self) -> Iterable[Problem | str]:
        """What is wrong with the name of the endpoint."""
        try:
            specification(self.evidence, self.endpoint)
        except InvalidInput as error:
            return error.problems
        return ()

    @property
    def spec(self) -> ModelSpec:
        """The folder's primary specification."""
        return default_spec(self.evidence)

    def _fitted(self, model: ModelName) -> Posterior:
        spec = default_spec(self.evidence, model)
        try:
            selection = select(self.evidence, spec, self.endpoint)
        except NothingLeft as error:
            raise Nothing([str(error)]) from None
        require_consistent(self.evidence, (self.endpoint,))
        return fit(spec, selection.data)

    @cached_property
    def _effect(self) -> Tabulated:
        found = self._fitted("contrast")
        studies = ", ".join(found.data.comparative)
        return Tabulated.of(found.overall["log_odds_ratio_new"], f"effect of a new study today ({studies})")

    def effect(self) -> Tabulated:
        """Log odds ratio of a new study.

        Raises
        ------
        Nothing
            If no study compares two arms.
        """
        return self._effect

    @cached_property
    def _control(self) -> BetaMixture:
        found = self._fitted("rates")
        arms = [study.control for study in found.data.studies]
        patients = sum(max(arm.n) for arm in arms if arm is not None)
        return map_prior(found.overall["logit_rate_new"], 0.0, patients).mixture

    def control(self) -> BetaMixture:
        """MAP prior of the control rate.

        Raises
        ------
        Nothing
            If no study reports a control arm.
        """
        return self._control

    def treated(self) -> NoReturn:
        """Nothing: what is known of the treated rate is the effect.

        Raises
        ------
        Nothing
            Always, and says what to write instead.
        """
        raise Nothing(["today is known of the control rate and of the effect; write treated=beta(a,b)"])
