"""Check that everything is installed and starts."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from pipelines.checks.finding import Finding, ask, gigabytes

FULL_CROPS = 20e9
"""Bytes: the two million search crops of ILSVRC15 VID, at 9.5 KB each as measured on a real snippet."""

SMALL = 2e9
"""Bytes: with less free, not even the built-in dataset's pipeline and its environment are sure to fit."""

SETUP = "Run: make setup"


def check_installation(project: Path) -> list[Finding]:
    """Check Python, packages, OpenCV's system libraries, git, DVC and free space.

    Parameters
    ----------
    project : Path
        The project's root folder.
    """
    return [
        _python(),
        *_packages(project),
        _opencv(project),
        *_git(project),
        _dvc(project),
        _space(project),
    ]


def _python() -> Finding:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    message = f"Python {platform.python_version()}, {os.cpu_count()} cores, {gigabytes(memory)} of memory"
    return Finding("Python", "ok", message)


def _packages(project: Path) -> list[Finding]:
    """Faults that pip finds in the installed packages."""
    if "curation" not in metadata.packages_distributions():
        return [Finding("packages", "warn", "the project itself is not installed into this Python", SETUP)]
    answer = ask([sys.executable, "-m", "pip", "check", "--disable-pip-version-check"], folder=project)
    if answer.succeeded:
        return [Finding("packages", "ok", "all packages are there, in versions that fit together")]
    lines = answer.output.strip().splitlines() or [answer.last]
    return [Finding("packages", "fail", line, SETUP) for line in lines]


def _opencv(project: Path) -> Finding:
    answer = ask(
        [sys.executable, "-c", "import cv2; print(cv2.__version__, cv2.ipp.useIPP())"], folder=project
    )
    if answer.succeeded:
        version, intel = answer.output.split()
        if intel == "True":
            return Finding("OpenCV", "ok", f"OpenCV {version} loads")
        message = (
            f"OpenCV {version} loads, but resizes without Intel's library: "
            "single pixels of its crops differ by a grey level"
        )
        return Finding(
            "OpenCV",
            "warn",
            message,
            "Take crops that a team shares from one kind of machine (x86-64 wheels)",
        )
    cure = (
        "Install its system libraries: apt-get install libgl1 libglib2.0-0" if ".so" in answer.last else SETUP
    )
    return Finding("OpenCV", "fail", f"OpenCV does not load: {answer.last}", cure)


def _git(project: Path) -> list[Finding]:
    if shutil.which("git") is None:
        return [Finding("git", "fail", "git is missing", "Install it: apt-get install git")]
    version = ask(["git", "--version"], folder=project).output.strip()
    if ask(["git", "rev-parse", "--is-inside-work-tree"], folder=project).succeeded:
        return [Finding("git", "ok", version)]
    alone = ask([sys.executable, "-m", "dvc", "config", "core.no_scm"], folder=project)
    if alone.output.strip().lower() == "true":
        message = f"{version}; {project} is not a git repository, and DVC is told so: no dvc exp, no dvc diff"
        return [Finding("git", "ok", message)]
    message = f"{version}, but {project} is not a git repository, and DVC runs in none without being told"
    cure = "Clone the project with git; or do without: dvc config --local core.no_scm true"
    return [Finding("git", "fail", message, cure)]


def _dvc(project: Path) -> Finding:
    answer = ask([sys.executable, "-m", "dvc", "--version"], folder=project)
    if not answer.succeeded:
        return Finding("DVC", "fail", f"DVC does not start: {answer.last}", SETUP)
    return Finding("DVC", "ok", f"DVC {answer.output.strip()}")


def _space(project: Path) -> Finding:
    free = shutil.disk_usage(project).free
    if free < SMALL:
        return Finding("disk space", "fail", f"{gigabytes(free)} are free in {project}", "Free some space")
    if free < FULL_CROPS:
        message = (
            f"{gigabytes(free)} are free: enough for the built-in dataset, but the crops of the whole "
            f"ILSVRC15 VID take about {gigabytes(FULL_CROPS)}"
        )
        return Finding("disk space", "warn", message, "For ILSVRC15, free some space or move the project")
    return Finding("disk space", "ok", f"{gigabytes(free)} are free")
