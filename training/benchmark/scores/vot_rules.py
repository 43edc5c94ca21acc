"""The rules of VOT's experiments, one value for each year."""

from __future__ import annotations

from dataclasses import dataclass, replace

from curation.rows import Table, unknown_name
from training.benchmark.overlap.rules import BOUNDS, RULES, Bounds, Rule
from training.benchmark.scores.eao import EAO_RULES, EaoRules
from training.benchmark.sequences.anchors import MULTISTART
from training.benchmark.sequences.sequence import Benchmark


@dataclass(frozen=True)
class VotRules:
    """The scoring rules for supervised and unsupervised runs.

    Attributes
    ----------
    lengths : (int, int)
        Lengths (1-based, both included) over which EAO averages the curve: the range around the most common
        length that holds half of that year's sequences.
    overlap : str
        How overlap is counted, see `rules.region_overlap`.
    bounds : {"frame-1", "frame", "none"}
        What of the regions is cut off, likewise.
    eao : {"matlab", "pysot", "vot-toolkit"}
        How runs are cut into fragments, see `eao.expected_overlap_curve`.

    Raises
    ------
    InputError
        For an unknown name; the nearest is suggested.
    """

    lengths: tuple[int, int]
    overlap: Rule = "vot2016"
    bounds: Bounds = "frame-1"
    eao: EaoRules = "matlab"

    def __post_init__(self) -> None:
        for what, name, known in (
            ("overlap rule", self.overlap, RULES),
            ("kind of bounds", self.bounds, BOUNDS),
            ("set of EAO rules", self.eao, EAO_RULES),
        ):
            if name not in known:
                raise unknown_name(what, name, known)

    @property
    def interval(self) -> tuple[int, int]:
        """`lengths` by the rules for EAO: under `vot-toolkit` they are one higher."""
        low, high = self.lengths
        more = self.eao == "vot-toolkit"
        return low + more, high + more


VOT2015 = VOT2016 = VotRules((108, 371))
VOT2017 = VOT2018 = VotRules((100, 356))
VOT2019 = VotRules((46, 291))
VOT2020 = VOT2021 = VOT2022 = VotRules((115, 755), overlap="vot-toolkit")
"""Of the multistart experiment, which has its own EAO (`multistart`)."""

VOT_RULES: Table[VotRules] = Table(
    "VOT year",
    {
        "vot2015": VOT2015,
        "vot2016": VOT2016,
        "vot2017": VOT2017,
        "vot2018": VOT2018,
        "vot2019": VOT2019,
        "vot2020": VOT2020,
        "vot2021": VOT2021,
        "vot2022": VOT2022,
    },
)
"""Rules by year. Overlap is counted as in VOT2016 up to 2019, so that their numbers compare."""


def rules_of(benchmark: Benchmark) -> VotRules:
    """The rules of a benchmark's year, or of 2016 (multistart: 2022); with the interval of its list, if it has one."""
    rules = dict(VOT_RULES).get(benchmark.name, VOT2022 if benchmark.protocol == MULTISTART else VOT2016)
    return replace(rules, lengths=benchmark.eao_interval or rules.lengths)
