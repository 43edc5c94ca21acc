"""Check the crops in the store and in the outputs against the raw data and their records.

Earlier versions did not compare frames with the manifest while they cut, nor parameters when a stage ended: their crops
and records can be wrong without a sign. This finds what is wrong and takes it out of the store and the run-cache; the
stage that is named then makes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from curation.crops.crop_config import CropConfig
from curation.crops.crop_index import NOTHING, load_crop_index
from curation.crops.crop_video import VideoTask
from curation.crops.shards import SUFFIX
from curation.crops.store import Store
from curation.errors import InputError, some
from curation.parallel import Workers, run_in_order
from pipelines.checks.contradiction import Proof, contradiction
from pipelines.checks.damage import md5
from pipelines.checks.finding import Finding, counted
from pipelines.checks.outcomes import Outcome, find_outcomes
from pipelines.checks.recut import Comparison, Copy, Shard, compare
from pipelines.checks.tree import spread

MEND = "python -m pipelines doctor store --mend"


@dataclass(frozen=True)
class Curated:
    """A subset whose crops can be cut again.

    Parameters
    ----------
    name : str
        `"a"`.
    tasks : callable
        The tasks of all its videos, with the keys of their shards, for a configuration.
    configs : tuple of CropConfig
        With which shards in the store may have been made.
    store : Path
        The folder of its shards.
    out : Path
        The output of its crop stage.
    """

    name: str
    tasks: Callable[[CropConfig], list[VideoTask]]
    configs: tuple[CropConfig, ...]
    store: Path
    out: Path


@dataclass
class _Wrong:
    """Faults to be repaired."""

    shards: set[tuple[Path, str]] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    outcomes: list[Outcome] = field(default_factory=list)
    stages: set[str] = field(default_factory=set)


def check_store(
    project: Path,
    curated: Sequence[Curated],
    proofs: Sequence[Proof],
    *,
    sample: int = 200,
    strict: bool = False,
    mend: bool = False,
    workers: Workers,
) -> list[Finding]:
    """Check stored crops against the raw data, and recorded outcomes against their own parameters.

    Parameters
    ----------
    project : Path
        The project's root folder.
    curated : sequence of Curated
        Subsets whose raw data, manifest and annotations are there.
    proofs : sequence of Proof
    sample : int
        Frames of each subset to cut again, spread evenly over its videos.
    strict : bool
        Cut all again, and compare every shard of the store with its digest.
    mend : bool
        Remove what is wrong from the store and the run-cache.
    workers : Workers
        Processes that cut.
    """
    wrong = _Wrong()
    findings = [_check_shards(subset, strict, wrong) for subset in curated]
    for subset in curated:
        found = _compare(subset, sample, strict, workers)
        findings.append(_judge(subset, found, strict, wrong))
    findings.append(_check_outcomes(project, proofs, wrong))
    if not mend or not (wrong.shards or wrong.outcomes or wrong.stages):
        return findings
    told = [replace(one, status="warn", cure="") if one.status == "fail" else one for one in findings]
    return [*told, *_mend(wrong)]


def _check_shards(subset: Curated, read: bool, wrong: _Wrong) -> Finding:
    """Check that the shards in the store are complete, by length or by digest."""
    check, store = f"store {subset.name}", Store(subset.store)
    keys = store.keys()
    damaged = [key for key in keys if store.look(key, read=read) is None]
    wrong.shards |= {(subset.store, key) for key in damaged}
    if damaged:
        names = some([store.shard(key) for key in damaged])
        message = (
            f"{len(damaged)} of {counted(len(keys), 'shard')} are damaged, so they count as absent: {names}"
        )
        return Finding(
            check, "warn", message, f"They are made again when they are needed; to remove them: {MEND}"
        )
    how = "digests" if read else "lengths"
    return Finding(check, "ok", f"{counted(len(keys), 'shard')}; the {how} are those on record")


def _compare(subset: Curated, sample: int, strict: bool, workers: Workers) -> list[Comparison]:
    shards = _shards(subset)
    chosen: list[tuple[Shard, list[int] | None]] = [(shard, None) for shard in shards]
    if not strict:
        boxed = [(at, list(shard.task.boxes())) for at, shard in enumerate(shards) if shard.task.boxes()]
        frames: dict[int, list[int]] = {}
        for at, number in spread(boxed, sample):
            frames.setdefault(at, []).append(number)
        chosen = [(shards[at], sorted(numbers)) for at, numbers in sorted(frames.items())]
    label = f"doctor store {subset.name}"
    return [one for found in run_in_order(_cut_again, chosen, workers=workers, label=label) for one in found]


def _cut_again(chosen: tuple[Shard, list[int] | None]) -> list[Comparison]:
    return compare(*chosen)


def _shards(subset: Curated) -> list[Shard]:
    """The shards in the output or, under any configuration, in the store."""
    store = Store(subset.store)
    try:
        index = load_crop_index(subset.out)
        listed, made_with = index.videos, [index.crop]
    except InputError:
        listed, made_with = {}, []
    found = []
    for config in dict.fromkeys([*made_with, *subset.configs]):
        entries = listed if made_with == [config] else {}
        for task in subset.tasks(config):
            copies = [
                Copy(
                    subset.out / f"{task.video.name}{SUFFIX}", entries.get(task.video.name, NOTHING).columns()
                ),
                Copy(store.shard(task.key), (store.look(task.key) or {}).get("members", {})),
            ]
            there = tuple(
                copy for copy in copies if len(copy.columns.get("frame", ())) and copy.path.is_file()
            )
            if len(there) == 2 and there[0].path.samefile(there[1].path):
                there = there[1:]
            if there:
                found.append(Shard(task, config, there))
    return found


def _judge(subset: Curated, found: list[Comparison], strict: bool, wrong: _Wrong) -> Finding:
    check = f"crops {subset.name}"
    bad = [one for one in found if one.outcome in ("other", "lacks")]
    for one in bad:
        if one.path == Store(subset.store).shard(one.shard.task.key):
            wrong.shards.add((subset.store, one.shard.task.key))
        wrong.objects |= {name for name in [md5(one.path)] if name}
        wrong.stages.add(f"crop@{subset.name}")
    unknown = [one for one in found if one.outcome == "unknown"]
    looked_at = counted(len(found), "shard")
    if bad:
        shown = some([one.what for one in bad], separator="; ")
        message = f"{len(bad)} of {looked_at} are not what the raw data gives: {shown}"
        return Finding(check, "fail", message, f"Run: {MEND}")
    if unknown:
        message = f"{len(unknown)} of {looked_at} cannot be judged: {unknown[0].what}"
        return Finding(check, "warn", message, "Then look again")
    crops, how = counted(sum(one.crops for one in found), "crop"), "all" if strict else "taken evenly"
    return Finding(check, "ok", f"{crops} of {looked_at}, {how}, are what the raw data gives")


def _check_outcomes(project: Path, proofs: Sequence[Proof], wrong: _Wrong) -> Finding:
    """Check that outcomes are recorded under the parameters they were made with."""
    outcomes = list(find_outcomes(project, [proof.stage for proof in proofs]))
    problems = []
    for outcome in outcomes:
        if said := contradiction(outcome, proofs):
            wrong.outcomes.append(outcome)
            wrong.stages |= {outcome.stage} if outcome.run is None else set()
            where = outcome.run or "dvc.lock"
            problems.append(f"{outcome.stage} in {where}: {said}")
        elif wrong.objects and wrong.objects & _objects(outcome):
            wrong.outcomes.append(outcome)
    if problems:
        message = (
            f"{counted(len(problems), 'outcome')} on record under parameters that it was not made with: "
            + some(problems, separator="; ")
        )
        return Finding("records", "fail", message, f"Run: {MEND}")
    return Finding(
        "records", "ok", f"{counted(len(outcomes), 'outcome')} on record, with what it was made with"
    )


def _objects(outcome: Outcome) -> set[str]:
    """Names of the objects that an outcome holds."""
    return {*outcome.outputs.values()}.union(
        *(outcome.listing(output).values() for output in outcome.outputs)
    )


def _mend(wrong: _Wrong) -> list[Finding]:
    refused = [outcome.run for outcome in wrong.outcomes if outcome.run and not outcome.forget()]
    removed = {
        "shard of the store": len(wrong.shards),
        "record of the run-cache": sum(outcome.run is not None for outcome in wrong.outcomes) - len(refused),
    }
    for folder, key in wrong.shards:
        Store(folder).remove(key)
    what = " and ".join(counted(number, thing) for thing, number in removed.items() if number)
    findings = [Finding("mended", "ok", f"removed {what}")] if what else []
    if refused:
        message = f"{counted(len(refused), 'record')} of the run-cache cannot be removed: {some(refused)}"
        findings.append(
            Finding("not mended", "fail", message, f"Its owner, or root, runs in a clone: {MEND}")
        )
    if wrong.stages:
        again = f"dvc repro -f -s {' '.join(sorted(wrong.stages))} && dvc repro"
        message = f"what is on record here of {', '.join(sorted(wrong.stages))} is wrong"
        findings.append(Finding("next", "warn", message, f"Run: {again}"))
    return findings
