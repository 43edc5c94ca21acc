"""The page on the Python API: its code runs as it is, on what a small pipeline has made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curation.parallel import Workers
from curation.sample.evaluation_set import generate_sequences
from curation.sample.sample_config import SampleConfig
from tests.pipelines.clone import ROOT, Clone
from tests.pipelines.team import copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("api")]

PAGE = ROOT / "training/API.md"


def test_the_code_of_the_page_runs(curated: Clone, tmp_path: Path) -> None:
    clone = copy_of(curated, tmp_path / "clone")
    clone.pipelines("profile", "--set", "train.network.width=0.1")
    clone.pipelines("train")
    small = SampleConfig(sequence_frames=6, width=160, height=120)
    generate_sequences(clone.folder / "data/sample/sequences", small, Workers(jobs=1))
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 6
    done = clone.run("python", "-W", "error", "-c", "\n".join(blocks))
    assert re.search(r"\d+ videos, \d+ tracks, \d+ instances", done.stdout)
    assert "torch.Size([8, 1, " in done.stdout
    assert "(6, 4)" in done.stdout
    assert 0 < float(done.stdout.split()[-1]) < 1
    for name in ("pairs.png", "boxes.txt", "tracked.mp4", "results/drift"):
        assert (clone.folder / name).exists()
    printed = clone.pipelines("evaluate", "otb2015", "results", "--root", "data/sample/sequences").stdout
    assert f"{float(done.stdout.split()[-1]):.4f}" in printed
