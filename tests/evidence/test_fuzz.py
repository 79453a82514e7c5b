"""Whatever stands in a folder, it is read, audited and fitted, or refused with a message: nothing else happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from evidence.folders import FIVE, TWO_STUDIES, folder, table
from reanalysis.checks.checked_fit import fit_endpoint
from reanalysis.engines.errors import EngineError
from reanalysis.evidence.arms import COLUMNS
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.folder import read_evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.selection import default_spec

CONTRASTS = b"study,endpoint,measure,estimate,lower,upper,level,p,use,reason\n"

JUNK = st.sampled_from(
    ["", " ", "-1", "1e3", "nan", "inf", "NA", "'", "=1+1", "\u00a0", "\u0663", "9" * 30, "%", "0x10", "\x1b[0m", "..", "1..", "é"]
) | st.text(max_size=5)  # fmt: skip
SETTINGS = [
    "", "", "[studies.A]\nk = 0.75\n[studies.B]\nk = 0.5\n", "[studies.A.denominator.control]\nn_max = 30\nweight = {20 = 0.6}\n",
    "[studies.A.denominator.control]\nn_max = 30\nweight = {21 = 1.0}\n", '[studies.A]\ndesign = "historical"\n',
    '[priors]\nmu = "normal(0,0.001)"\ntau = "uniform(0,50)"\n', '[priors]\ntau = "lognormal(-9,3)"\n',
    '[priors]\nmu = "normal(50,1)"\nbaseline = "normal(-40,1)"\n', '[endpoints.x]\npart_of = "y"\n', "[rho]\nhistorical = 0.999\n",
    "seed = 0xffffffffffffffffffffff\n", "a = [", "[studies]\nA = 3\n", 'title = "\\u001b[2J"\n', "[studies.A]\nk = inf\n",
]  # fmt: skip


SIZES = st.sampled_from([1, 2, 20, 20, 25, 72, 110, 2000, 30_000])
PERCENTAGES = st.sampled_from(["0", "35", "60", "55", "63", "13.0", "33.333333", "99.9", "100"])

Cells = dict[str, object]


@st.composite
def prints(draw: st.DrawFn) -> list[Cells]:
    """What one arm prints of one endpoint: one row, or one for each reading."""
    n = draw(SIZES)
    x = draw(st.integers(0, n))
    kind = draw(st.sampled_from(["count", "count", "percent", "latent", "range", "readings", "weighted", "wild"]))
    if kind == "count":
        return [{"events": x, "n": n}]
    if kind == "percent":
        return [{"n": n, "percent": f"{100 * x / n:.{draw(st.integers(0, 3))}f}"}]
    if kind == "latent":
        return [{"percent": draw(PERCENTAGES)}]
    if kind == "range":
        return [{"events": f"{x}..{min(n, x + draw(st.integers(0, 30)))}", "n": n}]
    if kind == "readings":
        return [{"events": x, "n": n, "reading": "a"}, {"percent": draw(PERCENTAGES), "reading": "b"}]
    if kind == "weighted":
        return [{"n": n, "percent": draw(PERCENTAGES), "weighting": "iptw"}]
    return [{"events": draw(st.sampled_from(["", x])), "n": draw(SIZES), "percent": draw(PERCENTAGES)}]


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Rows that mean something, some of them with a wrong cell, column, separator or byte."""
    rows: list[Cells] = []
    for study in draw(st.sampled_from(["A", "AB", "ABC"])):
        for endpoint in draw(st.sampled_from([["x"], ["x", "y"], ["cr", "orr"]])):
            for arm in draw(st.sampled_from([["control", "treated"], ["control", "treated"], ["treated"]])):
                place: Cells = {"study": study, "arm": arm, "endpoint": endpoint}
                rows += [place | found for found in draw(prints())]
    if draw(st.integers(0, 3)) == 0:
        row = draw(st.sampled_from(rows))
        row |= draw(
            st.sampled_from(
                [
                    {"subgroup": "IV"},
                    {"use": "context", "reason": 'a, "b"\nc'},
                    {"use": "sensitivity", "reason": "r"},
                ]
            )
        )
    broken = draw(st.integers(0, 2)) == 0
    if broken:
        draw(st.sampled_from(rows))[draw(st.sampled_from(COLUMNS))] = draw(JUNK)
    text = table(rows)
    if broken and draw(st.booleans()):
        text = text.replace(",", draw(st.sampled_from([",", ";", "\t"])))
        text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"])))
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(JUNK) + text[at:]
        return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])), "replace")
    return text.encode("utf-8", "replace")


def outcome(where: Path, arms: bytes, toml: str) -> str:
    """Read, audit and fit by quadrature; only refusals may stop it."""
    try:
        evidence = read_evidence(folder(where, arms, toml=toml))
    except InvalidInput as error:
        assert str(error)
        return "refused when read"
    ledger = audit(evidence)
    assert ledger.as_dict()["findings"] is not None
    fitted = 0
    for endpoint in evidence.endpoints:
        for model in ("contrast", "rates"):
            try:
                spec = default_spec(evidence, model)
                found = fit_endpoint(evidence, endpoint, spec, "quadrature", ledger=ledger)
            except (InvalidInput, EngineError) as error:
                assert str(error)
                continue
            assert found.as_dict()["estimates"]
            fitted += 1
    return "fitted" if fitted else "audited"


@pytest.mark.filterwarnings("error")
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), st.sampled_from(SETTINGS))
@example(TWO_STUDIES.encode(), "")
@example(f"{FIVE},reading,reading_weight\nA,control,x,3,20,a,1e300\nA,control,x,4,20,b,1e300\n".encode(), "")
def test_any_table_is_read_audited_and_fitted_or_refused_with_a_message(
    tmp_path_factory: pytest.TempPathFactory, arms: bytes, toml: str
) -> None:
    event(outcome(tmp_path_factory.mktemp("any"), arms, toml))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200), st.binary(max_size=100), st.binary(max_size=100))
def test_any_bytes_are_read_or_refused_with_a_message(
    tmp_path_factory: pytest.TempPathFactory, arms: bytes, toml: bytes, contrasts: bytes
) -> None:
    where = folder(tmp_path_factory.mktemp("bytes"), arms)
    (where / "analysis.toml").write_bytes(toml)
    (where / "contrasts.csv").write_bytes(CONTRASTS + contrasts)
    with pytest.raises(InvalidInput):
        read_evidence(where)
