"""A temporary clone of the working tree in which tests run the real `dvc`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

TINY = (
    "sample.videos_per_subset=2",
    "sample.frames=8",
    "sample.sequence_frames=8",
    "imdb.val_fraction=0.3",
    "train.epochs=1",
    "train.pairs.per_epoch=32",
    "train.validation_pairs=16",
    "train.network.width=0.125",
)
"""Parameters with which a whole run takes seconds; they are valid keys of params.yaml."""


@dataclass(frozen=True)
class Repro:
    """What one `dvc repro` did."""

    status: int
    output: str

    @property
    def ran(self) -> set[str]:
        """Stages whose command was run."""
        return set(re.findall(r"Running stage '([^']+)'", self.output))

    @property
    def restored(self) -> set[str]:
        """Stages whose outputs came from the run-cache."""
        return set(re.findall(r"Stage '([^']+)' is cached", self.output))


@dataclass
class Clone:
    """A clone at `folder`; commands run in it with this interpreter first on the path."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    identity: dict[str, Any] = field(default_factory=dict)
    """Options of `subprocess` that make commands run as another Unix user (`user`, `group`, `umask`)."""

    def run(
        self, *command: str, check: bool = True, timeout: float = 3600
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone; on failure the assertion shows its output."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            **self.identity,
        )
        if check:
            assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the clone, in a process group of its own, so that it can be killed whole."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **self.identity,
        )

    def repro(self, *arguments: str, check: bool = True) -> Repro:
        done = self.run("dvc", "repro", *arguments, check=check)
        return Repro(done.returncode, done.stdout + done.stderr)

    def pipelines(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("python", "-m", "pipelines", *arguments, check=check)

    def locked(self) -> dict[str, str]:
        """Digest of every output in dvc.lock: path -> md5."""
        from ruamel.yaml import YAML

        stages = YAML(typ="safe").load((self.folder / "dvc.lock").read_text())["stages"]
        return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])}

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DSLT_", "DVC_", "GIT_", "PYTHONDONTWRITEBYTECODE"))
        }
        here = str(Path(sys.executable).parent)
        return kept | {
            "PATH": f"{here}{os.pathsep}{kept.get('PATH', '')}",
            "PYTHONWARNINGS": "error::DeprecationWarning:pipelines",
            "DVC_NO_ANALYTICS": "1",
            **self.environment,
        }


def clone_again(clone: Clone, folder: Path) -> Clone:
    """`git clone` of a clone: the same commit and parameters, with a cache of its own."""
    clone.run("git", "clone", "-q", ".", str(folder))
    other = Clone(folder, dict(clone.environment))
    shutil.copyfile(clone.folder / "params.yaml", folder / "params.yaml")
    return other


def working_tree() -> list[str]:
    """Names of the files that git would carry: tracked and new ones."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def make_clone(folder: Path, *, parameters: tuple[str, ...] = TINY) -> Clone:
    """Copy what git would carry (tracked and new files) to `folder`, as a repository of its own."""
    for name in working_tree():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    clone = Clone(folder)
    clone.run("git", "init", "-q")
    clone.run("git", "add", "-A")
    # The same tree gets the same commit in every clone, as it would by `git clone`.
    clone.environment |= {
        "GIT_AUTHOR_DATE": "2018-09-08T00:00:00Z",
        "GIT_COMMITTER_DATE": "2018-09-08T00:00:00Z",
    }
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")
    clone.run("git", *identity, "commit", "-q", "-m", "clone")
    if parameters:
        clone.pipelines("profile", "--set", *parameters)
    return clone
