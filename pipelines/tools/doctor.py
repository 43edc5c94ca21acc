"""Check the installation, weights of others, the DVC cache and the dataset, and say what is missing.

Exit status 1 if something will not work. `python -m pipelines doctor dataset` looks at the dataset alone;
`doctor cache --mend` repairs what a power cut or a bad disk has damaged. `doctor store` cuts a sample of the crops in
the store again (`--strict`: all) and compares them; `--mend` removes crops and records that are wrong.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from curation.errors import InputError
from curation.layouts.vid_layout import SUBSETS
from curation.videos.dataset import VID, open_dataset
from pipelines import parameters, paths, settings, sources
from pipelines.checks.backbone_files import check_backbone_files
from pipelines.checks.cache import check_cache
from pipelines.checks.finding import Finding
from pipelines.checks.installation import check_installation
from pipelines.checks.tree import check_part, check_tree
from pipelines.settings import Settings

PARTS = ("installation", "weights", "cache", "store", "dataset")
MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to look at: {', '.join(PARTS)} (all)")
    parser.add_argument(
        "--sample",
        type=int,
        default=200,
        metavar="N",
        help="frames to look at, of each subset's crops and of the dataset (200)",
    )
    parser.add_argument("--strict", action="store_true", help="read all that is kept, not a sample")
    parser.add_argument("--mend", action="store_true", help="delete or restore what is damaged")


def run(options: argparse.Namespace) -> None:
    for part in options.parts:
        if part not in PARTS:
            raise InputError(f"doctor does not know {part!r}", do=f"Parts: {', '.join(PARTS)}")
    findings: list[Finding] = []
    for part in options.parts or PARTS:
        findings += _look(part, options)
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        sys.stdout.write(f"{MARKS[finding.status]}  {finding.check:<{width}}  {finding.message}\n")
        if finding.cure and finding.status != "ok":
            sys.stdout.write(f"      {'':<{width}}  -> {finding.cure}\n")
    failed = sum(finding.status == "fail" for finding in findings)
    if failed:
        raise InputError(f"{failed} of {len(findings)} checks failed", do="See the lines marked FAIL above")


def _look(part: str, options: argparse.Namespace) -> list[Finding]:
    if part == "installation":
        return check_installation(Path())
    if part == "weights":
        return _look_at_weights()
    if part == "cache":
        return check_cache(Path(), strict=options.strict, mend=options.mend)
    if part == "store":
        return _look_into_store(options)
    return _look_at_data(options)


def _look_at_weights() -> list[Finding]:
    train, track = parameters.load("train"), parameters.load("track")
    asked = check_backbone_files(train, track, settings.load().backbone_file)
    return asked or [Finding("weights", "ok", "the parameters ask for no weights of others")]


def _look_at_data(options: argparse.Namespace) -> list[Finding]:
    config, runtime = parameters.load("dataset"), settings.load()
    others = [name for name in config.subsets if config.part(name) != VID]
    found = [
        finding
        for name in others
        for finding in check_part(name, partial(sources.open_part, config, runtime), sample=options.sample)
    ]
    subsets = [name for name in config.subsets if name not in others]
    return [*(_look_at_vid(config, runtime, subsets, options) if subsets else []), *found]


def _look_at_vid(
    config: sources.DatasetConfig, runtime: Settings, subsets: list[str], options: argparse.Namespace
) -> list[Finding]:
    root = sources.part_root(config, runtime, subsets[0])
    if root is None:
        return [
            Finding(
                "dataset root",
                "warn",
                "no vid_root is set: a pulled clone can train and evaluate, but not curate",
                "python -m pipelines settings --set vid_root=/path/to/ILSVRC2015",
            )
        ]
    if sources.built_in(config.vid) and not root.is_dir():
        return [Finding("dataset root", "ok", f"the built-in dataset is not generated yet ({root})")]
    return check_tree(root, subsets, sample=options.sample) + _beside_parameters(config, subsets, root)


def _beside_parameters(config: sources.DatasetConfig, subsets: list[str], root: Path) -> list[Finding]:
    """Subsets of params.yaml that the tree lacks, at which the manifest stage stops; and those that no part names."""
    try:
        there = open_dataset(root).subsets
    except InputError:  # `check_tree` has said so
        return []
    found = []
    if absent := [subset for subset in subsets if subset not in there]:
        kept = ", ".join([subset for subset in subsets if subset in there] or there)
        message = f"params.yaml asks for subsets that are not there: {', '.join(absent)}"
        cure = f"Unpack them, or do without: python -m pipelines profile --set 'dataset.subsets=[{kept}]'"
        found.append(Finding("dataset.subsets", "fail", message, cure))
    read = {*SUBSETS, *(config.part(name).split for name in config.subsets)}
    for split in (split for split in there if split not in read):  # the fifth pack of 2017's release is one
        part = f"dataset.parts.<name>={{layout: vid, split: {split}}}"
        cure = f"Take it for a part: {part}, and <name> in dataset.subsets"
        found.append(Finding(split, "warn", f"{split} is there, and nothing reads it", cure))
    return found


def _look_into_store(options: argparse.Namespace) -> list[Finding]:
    try:
        from pipelines import evidence
        from pipelines.checks.results import check_results
        from pipelines.checks.store import check_store
        from training.tracking.run.benchmark_run import READ
    except ImportError as error:
        message = f"not checked, because something does not load ({error})"
        return [Finding("store", "warn", message, "See the installation's findings")]
    findings = check_store(
        Path(),
        list(evidence.curated(Path())),
        evidence.PROOFS,
        sample=options.sample,
        strict=options.strict,
        mend=options.mend,
        workers=settings.load().workers,
    )
    return [*findings, check_results(paths.STORE / "results", READ)] if options.strict else findings
