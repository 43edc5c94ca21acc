"""A small DVC project that has run, for the tests of damage and mending: no data, two stages, git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MAKE = """
import json, pathlib
said = pathlib.Path("in").read_text().strip()
pathlib.Path("out/inner").mkdir(parents=True, exist_ok=True)
for name in ("one", "two", "inner/three"):
    pathlib.Path("out", name).write_text(said * 1000 + name)
pathlib.Path("out/nothing").touch()
pathlib.Path("single").write_text(said * 50)
pathlib.Path("numbers.json").write_text(json.dumps({"length": len(said)}))
"""

STAGES = """
stages:
  make:
    cmd: python make.py
    deps: [in]
    outs: [out, single]
    metrics:
      - numbers.json:
          cache: false
  copy:
    cmd: cat single > after
    deps: [single, out]
    outs: [after]
"""

OUTPUTS = ("out/one", "out/two", "out/inner/three", "out/nothing", "single", "numbers.json", "after")


class Project:
    """The project in a folder; DVC remembers beside it what it read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / ".dvc" / "cache"

    def environment(self) -> dict[str, str]:
        here = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PATH": f"{here}{os.pathsep}{os.environ.get('PATH', '')}",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.folder.with_name(f"{self.folder.name}-state")),
        }

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(), capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def dvc(self, *words: str, check: bool = True) -> str:
        done = self.run(sys.executable, "-m", "dvc", *words, check=check)
        return done.stdout + done.stderr

    def outputs(self) -> dict[str, bytes | None]:
        paths = {name: self.folder / name for name in OUTPUTS}
        return {name: path.read_bytes() if path.exists() else None for name, path in paths.items()}

    def object(self, output: str) -> Path:
        """The object that holds an output, or of a folder its listing."""
        import hashlib

        from pipelines.checks.records import read_lock

        entries = read_lock((self.folder / "dvc.lock").read_bytes()) or []
        names = {entry.path: entry.name for entry in entries if entry.made}
        content = self.folder / output
        name = names.get(output) or hashlib.md5(content.read_bytes()).hexdigest()
        return self.cache / "files/md5" / name[:2] / name[2:]

    def runs(self) -> list[Path]:
        return sorted(path for path in (self.cache / "runs").rglob("*") if path.is_file())


def made(folder: Path) -> Project:
    """A new project in which `dvc repro` has run, committed to git."""
    folder.mkdir()
    project = Project(folder)
    (folder / "in").write_text("hello\n")
    (folder / "make.py").write_text(MAKE)
    (folder / "dvc.yaml").write_text(STAGES)
    project.run("git", "init", "-q")
    project.dvc("init", "-q")
    (folder / ".dvc" / "config").write_text('[cache]\n    type = "reflink,hardlink,copy"\n')
    project.dvc("repro", "-q")
    project.run("git", "add", "-A")
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")
    project.run("git", *identity, "commit", "-q", "-m", "made")
    return project


def damage(path: Path, content: bytes = b"") -> None:
    """Give a file other content, in place, as a power cut or a bad disk does; its time and mode stay."""
    state = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as stream:
        stream.truncate(0)
        stream.write(content)
    path.chmod(state.st_mode & 0o777)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
