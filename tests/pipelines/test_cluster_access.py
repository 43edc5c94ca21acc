"""Who can reach a Dask cluster that was started as pipelines/SCALE.md says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pipelines.clone import ROOT, Clone
from tests.pipelines.servers import HERE, free_port, need
from tests.pipelines.team import copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]


def section() -> str:
    page = (ROOT / "pipelines/SCALE.md").read_text()
    found = re.search(r"^## Run on a Dask cluster\n(.*?)^## ", page, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def commands(scheme: str, port: int) -> list[list[str]]:
    """SCALE.md's scheduler and worker over `tcp` or `tls`: on this machine, at a free port, one worker."""
    lines = re.findall(r"^python -m dask .*$", section(), re.MULTILINE)
    scheduler, worker = lines[:2] if scheme == "tcp" else lines[2:]
    assert f" {scheme}://" in worker
    worker = re.sub(r"://\S+:8786", f"://{HERE}:{port}", worker).replace("--nworkers 8", "--nworkers 1")
    return [shlex.split(line) for line in (scheduler.replace(":8787", ":0") + f" --port {port}", worker)]


@contextmanager
def cluster(clone: Clone, scheme: str) -> Iterator[list[int]]:
    """Scheduler and worker in a clone whose settings then name them; yields their processes."""
    need("distributed", "cluster")
    port = free_port()
    clone.environment |= {"DSLT_BACKEND": "dask", "DSLT_SCHEDULER": f"{scheme}://{HERE}:{port}"}
    started: list[subprocess.Popen[str]] = []
    try:
        for command, ready in zip(commands(scheme, port), ("Scheduler at:", "Registered to:"), strict=True):
            started.append(clone.start(*command))
            wait_for(ready, started[-1])
        yield [process.pid for process in started]
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def wait_for(words: str, process: subprocess.Popen[str]) -> None:
    """Read what a process says until it says `words`."""
    assert process.stdout
    said = ""
    while words not in said:
        line = process.stdout.readline()
        assert line, said
        said += line


def listeners(processes: list[int]) -> set[str]:
    """Addresses on which processes and their children listen."""
    import psutil

    family = [psutil.Process(number) for number in processes]
    family += [child for process in family for child in process.children(recursive=True)]
    sockets = [socket for process in family for socket in process.net_connections("inet")]
    return {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN}


@pytest.fixture
def clone(curated: Clone, tmp_path: Path) -> Clone:
    return copy_of(curated, tmp_path / "clone")


def test_the_first_recipe_listens_on_loopback_alone(clone: Clone) -> None:
    with cluster(clone, "tcp") as processes:
        assert listeners(processes) == {HERE}
        clone.pipelines("annotate", "a")


def test_with_certificates_nobody_else_is_let_in(clone: Clone, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    made = re.search(r"```sh\n(mkdir -p ~/.config/dask.*?)```", section(), re.DOTALL)
    assert made
    for home in ("home", "stranger"):
        (tmp_path / home).mkdir()
        Clone(tmp_path, {"HOME": str(tmp_path / home)}).run("bash", "-ec", made[1])
    assert (tmp_path / "home/.config/dask/tls-key.pem").stat().st_mode & 0o077 == 0

    clone.environment["HOME"] = str(tmp_path / "home")
    before = (clone.folder / "data/annotations/a.json").read_bytes()
    with cluster(clone, "tls"):
        (clone.folder / "data/annotations/a.json").unlink()
        clone.pipelines("annotate", "a")
        assert (clone.folder / "data/annotations/a.json").read_bytes() == before

        address = clone.environment["DSLT_SCHEDULER"]
        plain = {"HOME": str(tmp_path), "DSLT_SCHEDULER": address.replace("tls", "tcp")}
        for changed, words in (
            (plain, f"no Dask scheduler answers at tcp{address[3:]}"),
            ({"HOME": str(tmp_path)}, f"Dask's configuration does not fit the scheduler {address}"),
            ({"HOME": str(tmp_path / "stranger")}, f"no Dask scheduler answers at {address}"),
            ({**plain, "HOME": str(tmp_path / "home")}, "refusing communication from/to 'tcp://"),
        ):
            other = Clone(clone.folder, clone.environment | changed)
            refused = other.pipelines("annotate", "a", check=False)
            assert refused.returncode == 1
            assert words in refused.stderr
            assert "Traceback" not in refused.stderr
