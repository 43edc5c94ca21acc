"""Remotes, against real servers: an interrupted push or pull is completed by the next, and nothing is made
again by those who have pulled.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipelines.clone import Clone
from tests.pipelines.servers import HERE, Wire, s3_server, ssh_server
from tests.pipelines.team import colleague, copy_of, damaged_objects
from tests.waiting import HUNG

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("remotes")]

PUSH = ("python", "-m", "pipelines", "push")
PULL = ("dvc", "pull", "--run-cache", "manifest", "annotate", "crop", "imdb")

HALF_WAY = 150_000
"""Bytes on the wire after which it breaks: in the midst of the two shards, of 284 and 355 KB."""

KILLED = """
import os, shutil, signal, sys
import dvc_objects.fs.utils as utils
copied = 0
def copyfile(source, target):
    global copied
    content = open(source, "rb").read()
    copied += len(content)
    with open(target, "wb") as stream:
        stream.write(content[:len(content) // 2])
    if copied > {half_way}:
        os.kill(os.getpid(), signal.SIGKILL)
    with open(target, "ab") as stream:
        stream.write(content[len(content) // 2:])
utils.shutil.copyfile = copyfile
sys.argv[1:] = {words}
from {module} import main
sys.exit(main())
"""
"""A command that is killed (-9) in the midst of copying a file from or to a folder."""


@dataclass
class Remote:
    """A remote, where its objects lie if that can be seen, and the wire to it if there is one."""

    lines: tuple[str, ...]
    folder: Path | None = None
    wire: Wire | None = None

    def add_to(self, clone: Clone) -> None:
        lines = ("[core]", "remote = team", "['remote \"team\"']", *self.lines, "verify = true")
        (clone.folder / ".dvc/config.local").write_text("\n".join(lines) + "\n")

    def mend(self) -> None:
        if self.wire:
            self.wire.mend()

    def drop(self, clone: Clone, *command: str, towards: str) -> subprocess.CompletedProcess[str] | None:
        """Run a command whose connection breaks half-way."""
        if self.wire is None:
            return None
        self.wire.break_after(HALF_WAY, towards=towards, fault="drop")
        done = clone.run(*command, check=False, timeout=HUNG)
        assert self.wire.broken.is_set()
        assert done.returncode
        return done

    def kill(self, clone: Clone, *command: str, towards: str) -> None:
        """Run a command and kill it half-way: with a wire, while that holds it still."""
        if self.wire is None:
            module = "pipelines.__main__" if command == PUSH else "dvc.cli"
            words = list(command[3:] if command == PUSH else command[1:])
            code = KILLED.format(half_way=HALF_WAY, words=words, module=module)
            assert clone.run("python", "-c", code, check=False).returncode == -signal.SIGKILL
            return
        self.wire.break_after(HALF_WAY, towards=towards, fault="hold")
        running = clone.start(*command)
        assert self.wire.broken.wait(HUNG)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


@pytest.fixture(params=["local", "ssh", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Remote]:
    store = tmp_path / "store"
    if request.param == "local":
        yield Remote((f"url = {store}",), store)
        return
    server = (ssh_server if request.param == "ssh" else s3_server)(tmp_path / "server")
    with server as port:
        wire = Wire(port)
        if request.param == "ssh":
            key = tmp_path / "server/key"
            yield Remote(
                (f"url = ssh://{HERE}{store}", f"port = {wire.port}", f"keyfile = {key}"), store, wire
            )
        else:
            access = ("access_key_id = team", "secret_access_key = secret", "region = us-east-1")
            url = ("url = s3://team/store", f"endpointurl = http://{HERE}:{wire.port}")
            yield Remote((*url, *access), None, wire)
        wire.close()


def test_an_interrupted_push_or_pull_is_completed_by_the_next(
    curated: Clone, remote: Remote, tmp_path: Path
) -> None:
    one = copy_of(curated, tmp_path / "one")
    one.environment["AWS_MAX_ATTEMPTS"] = "1"  # S3's library would try for half a minute
    remote.add_to(one)

    if (dropped := remote.drop(one, *PUSH, towards="server")) is not None:
        assert "error: the push is not complete" in dropped.stderr
        assert "push again" in dropped.stderr
        assert "Traceback" not in dropped.stderr
    remote.kill(one, *PUSH, towards="server")
    if remote.folder is not None:
        assert not damaged_objects(remote.folder, may_be_empty=True)  # the first may have been under way
    remote.mend()
    pushed = one.run(*PUSH)
    assert int(re.findall(r"(\d+) files pushed", pushed.stderr)[0]) > 0, (
        "the kill came too late to show anything"
    )
    if remote.folder is not None:
        assert not damaged_objects(remote.folder)

    two = colleague(one, tmp_path / "two")
    remote.add_to(two)
    if (dropped := remote.drop(two, *PULL, towards="client")) is not None:
        assert "failed to transfer" in dropped.stderr
    remote.kill(two, *PULL, towards="client")
    remote.mend()
    assert "added" in two.run(*PULL).stdout
    assert not damaged_objects(two.folder / ".dvc/cache")
    done = two.repro("imdb")
    assert done.ran == {"manifest"}
    assert two.locked() == curated.locked()
    shard = next((curated.folder / "data/crops/a").glob("*.tar"))
    assert (two.folder / "data/crops/a" / shard.name).read_bytes() == shard.read_bytes()
