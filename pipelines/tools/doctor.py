"""Check the installation, the DVC cache and the dataset, and say what is missing.

Exit status 1 if something will not work. `python -m pipelines doctor dataset` looks at the dataset alone;
`python -m pipelines doctor cache --mend` mends what a power cut or a bad disk has damaged, `doctor store --mend` crops
and records that are wrong: `store` cuts a sample of the stored crops again (`--strict`: all) and compares them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from curation.errors import InputError
from curation.videos.dataset import open_dataset
from pipelines import parameters, paths, settings, sources
from pipelines.checks import Finding, check_cache, check_installation, check_tree

PARTS = ("installation", "cache", "store", "dataset")
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
    if part == "cache":
        return check_cache(Path(), strict=options.strict, mend=options.mend)
    if part == "store":
        return _look_into_store(options)
    config = parameters.load("dataset")
    root = sources.vid_root(config, settings.load())
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
    tree = check_tree(root, sample=options.sample) if config.layout == "vid" else _videos(config, root)
    return tree + _wanted(config, root)


def _videos(config: sources.DatasetConfig, root: Path) -> list[Finding]:
    """The videos of a layout that nothing more is known of."""
    try:
        dataset = open_dataset(root, config.layout)
        return [
            Finding(f"subset {subset}", "ok", f"{len(dataset.videos(subset)):,} videos")
            for subset in dataset.subsets
        ]
    except InputError as error:
        return [Finding("dataset root", "fail", error.what, error.do)]


def _wanted(config: sources.DatasetConfig, root: Path) -> list[Finding]:
    """Whether the tree holds the subsets that params.yaml asks for; the manifest stage stops where it does not."""
    try:
        there = open_dataset(root, config.layout).subsets
    except InputError:  # `check_tree` has said so
        return []
    absent = [subset for subset in config.subsets if subset not in there]
    if not absent:
        return []
    kept = [subset for subset in config.subsets if subset in there] or there
    return [
        Finding(
            "dataset.subsets",
            "fail",
            f"params.yaml asks for subsets that are not there: {', '.join(absent)}",
            f"Unpack them, or do without: python -m pipelines profile --set 'dataset.subsets=[{', '.join(kept)}]'",
        )
    ]


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
