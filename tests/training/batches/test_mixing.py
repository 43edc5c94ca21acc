"""Parts with weights, limits and distances of their own: as many pairs of each as planned, whoever draws them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curation.errors import InputError
from tests.training.batches.test_pairs import CONFIG, imdb_of
from training.batches.augmentation import NONE
from training.batches.mixing import Mix, PartPairs, allot, plan
from training.batches.pair_dataset import PairDataset
from training.batches.pairs import VALIDATION, PairConfig, PairSampler

PARTS = ("a", "a", "a", "got", "mine")
"""Of five videos, each of one track of 40 frames."""


def sampler_of(folder: Path, **parts: PartPairs) -> PairSampler:
    for part in set(PARTS):
        (folder / part).mkdir(exist_ok=True)
    videos = [f"{part}/v{at}" for at, part in enumerate(PARTS)]
    for video in videos:
        (folder / f"{video}.tar").touch()
    imdb = imdb_of([(at, list(range(0, 80, 2))) for at in range(len(PARTS))], len(PARTS))
    return PairSampler(replace(imdb, videos=videos), folder, config_of(parts), name="imdb_train.json")


def config_of(parts: dict[str, PartPairs]) -> PairConfig:
    return replace(CONFIG, parts=parts)


def dataset_of(folder: Path, *, epoch: int | None = None, steps: int = 25, **parts: PartPairs) -> PairDataset:
    sampler = sampler_of(folder, **parts)
    return PairDataset(sampler, config_of(parts), NONE, seed=3, batch=4, steps=steps, epoch=epoch)


def drawn(dataset: PairDataset, epoch: int) -> list[tuple[int, int]]:
    return [dataset.pair(epoch, index)[0] for index in range(dataset.steps * dataset.global_batch)]


def parts_of(dataset: PairDataset, epoch: int) -> Counter[str]:
    imdb = dataset.sampler.imdb
    videos = [imdb.videos[dataset.sampler.track_of(exemplar)] for exemplar, _ in drawn(dataset, epoch)]
    return Counter(video.partition("/")[0] for video in videos)


@given(
    weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=6),
    limits=st.lists(st.integers(0, 60), min_size=6, max_size=6),
    pairs=st.integers(1, 200),
)
def test_whole_pairs_by_weights_and_none_over_its_limit(
    weights: list[float], limits: list[int], pairs: int
) -> None:
    limits = limits[: len(weights)]
    found = allot(weights, limits, pairs)
    assert all(number <= limit for number, limit in zip(found, limits, strict=True) if limit)
    assert sum(found) == (min(pairs, sum(limits)) if all(limits) else pairs)
    below = [
        (number, weight)
        for number, weight, limit in zip(found, weights, limits, strict=True)
        if not limit or number < limit
    ]
    for number, weight in below:
        for other, its in below:
            assert abs(number - other * weight / its) <= 1 + weight / its, "shares are those of the weights"


def test_shares_that_are_worked_out_by_hand() -> None:
    assert allot([4, 1], [0, 0], 100) == [80, 20]
    assert allot([4, 1, 1], [50, 0, 0], 100) == [50, 25, 25]
    assert allot([1, 1, 1], [0, 0, 0], 100) == [34, 33, 33]
    assert allot([1, 3], [10, 10], 100) == [10, 10]


def test_every_epoch_has_what_is_planned_in_another_order(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, got=PartPairs(weight=3), a=PartPairs(weight=6, limit=50))
    planned = {"a": 50, "got": 38, "mine": 12}
    assert parts_of(dataset, 0) == parts_of(dataset, 1) == planned
    assert drawn(dataset, 0) != drawn(dataset, 1)
    assert dataset.given(2) == {
        "a": {"pairs": 100, "share": 0.5, "videos": 3},
        "got": {"pairs": 76, "share": 0.38, "videos": 1},
        "mine": {"pairs": 24, "share": 0.12, "videos": 1},
    }


@pytest.mark.parametrize(
    "parts", [{}, {"got": PartPairs(weight=3), "a": PartPairs(weight=6, limit=41)}], ids=["by video", "mixed"]
)
def test_both_ways_the_report_counts_what_was_drawn(tmp_path: Path, parts: dict[str, PartPairs]) -> None:
    sampler = sampler_of(tmp_path, **parts)
    config = replace(config_of(parts), both_ways=True)
    dataset = PairDataset(sampler, config, NONE, seed=3, batch=4, steps=25)
    counted = parts_of(dataset, 0) + parts_of(dataset, 1)
    assert {part: one["pairs"] for part, one in dataset.given(2).items()} == counted
    assert sum(counted.values()) == 200
    if parts:
        assert counted["a"] == 80, "no more than the limit, by whole twos"


def test_both_ways_a_limit_of_one_pair_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"parts\.got\.limit is 0, or 2 and more"):
        PairConfig(both_ways=True, parts={"got": PartPairs(limit=1)})


def test_processes_that_share_a_batch_draw_the_same_pairs(tmp_path: Path) -> None:
    parts = {"got": PartPairs(weight=3)}
    sampler = sampler_of(tmp_path, **parts)
    whole = PairDataset(sampler, config_of(parts), NONE, seed=3, batch=4, steps=5)
    half = PairDataset(sampler, config_of(parts), NONE, seed=3, batch=2, steps=5, global_batch=4, first=2)
    assert [half.pair(1, index)[0] for index in (6, 7)] == drawn(whole, 1)[6:8]


def test_without_weights_a_video_is_drawn_first_and_the_report_counts_what_was(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, steps=100)
    counted = parts_of(dataset, 0) + parts_of(dataset, 1)
    assert {part: one["pairs"] for part, one in dataset.given(2).items()} == counted
    assert counted["a"] / 800 == pytest.approx(3 / 5, abs=0.05)


def test_a_limit_alone_leaves_the_others_by_their_videos(tmp_path: Path) -> None:
    assert parts_of(dataset_of(tmp_path, got=PartPairs(limit=4)), 0) == {"a": 72, "got": 4, "mine": 24}


def test_a_part_has_a_frame_distance_of_its_own(tmp_path: Path) -> None:
    parts = {"got": PartPairs(max_distance=20), "mine": PartPairs(max_distance=1)}
    sampler = sampler_of(tmp_path, **parts)
    assert sampler.parts == {"a": 3, "got": 1}, "no two frames of mine are so near"
    dataset = dataset_of(tmp_path, got=parts["got"], steps=200)
    apart: dict[str, int] = {}
    for exemplar, search in drawn(dataset, 0):
        part = PARTS[sampler.track_of(exemplar)]
        far = abs(int(sampler.imdb.frame[exemplar]) - int(sampler.imdb.frame[search]))
        apart[part] = max(apart.get(part, 0), far)
    assert apart == {"a": 2, "got": 20, "mine": 2}
    assert not PairConfig(parts=parts).mixed, "distances leave the shares alone"


def test_validation_draws_by_the_same_weights_from_what_it_has(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, epoch=VALIDATION, a=PartPairs(weight=4, limit=2), coco=PartPairs(weight=7))
    assert parts_of(dataset, VALIDATION) == {"a": 67, "got": 17, "mine": 16}


def test_what_cannot_be_mixed_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"names part gto, and there is no pair of it \(there are of: a, got"
    ):
        dataset_of(tmp_path, gto=PartPairs(weight=1))
    with pytest.raises(InputError, match=r"names part mine, and there is no pair of it"):
        dataset_of(tmp_path, mine=PartPairs(weight=1, max_distance=1))
    with pytest.raises(InputError, match=r"the limits of all parts leave 60 pairs, an epoch has 100"):
        dataset_of(tmp_path, **dict.fromkeys(("a", "got", "mine"), PartPairs(limit=20)))
    with pytest.raises(InputError, match=r"part mine gets none of the 100 pairs.*parts.mine.weight"):
        dataset_of(tmp_path, mine=PartPairs(weight=1e-6))


@pytest.mark.parametrize("weight", [0, -1])
def test_a_weight_is_above_zero(weight: float) -> None:
    with pytest.raises(ValidationError, match=r"take it out of dataset\.subsets"):
        PartPairs(weight=weight)


def test_the_order_depends_on_the_seed_and_the_epoch_alone() -> None:
    counts = plan({"a": 3, "b": 1}, {"b": PartPairs(weight=2)}, 60, name="x")
    assert counts == {"a": 20, "b": 40}
    first, second = Mix(counts, 1), Mix(counts, 1)
    backwards = [second.part(epoch, index) for epoch in (1, 0) for index in reversed(range(60))]
    assert [first.part(epoch, index) for epoch in (0, 1) for index in range(60)] == backwards[::-1]
    assert [Mix(counts, 2).part(0, index) for index in range(60)] != backwards[:59:-1]
