from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from curation.errors import InputError
from tests.pipelines.test_stages import closure
from training.trainer import checkpoints
from training.trainer.checkpoints import FILE, Checkpoints

STATE = {"step": 3, "rows": [[1, 0.5, None]], "tensor": torch.arange(4.0)}


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "key", 2)
    assert kept.read() is None
    kept.save(STATE)
    content = kept.read()
    assert content is not None
    found = kept.decode(content)
    assert found["step"] == 3
    assert found["rows"] == [[1, 0.5, None]]
    assert torch.equal(found["tensor"], STATE["tensor"])


def test_checkpoints_of_other_runs_are_said_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Checkpoints(tmp_path, "other", 2).save(STATE)
    with caplog.at_level(logging.INFO):
        assert Checkpoints(tmp_path, "key", 2).read() is None
    assert "1 checkpoint(s) of other parameters, data or code, not used: this run starts anew" in caplog.text


def test_a_checkpoint_put_in_the_wrong_folder_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Checkpoints(tmp_path, "other", 2).save(STATE)
    (tmp_path / "other-2").rename(tmp_path / "key-2")
    assert Checkpoints(tmp_path, "key", 2).read() is None
    assert "is damaged, or of another run, and not used: this run starts anew" in caplog.text


def _flipped(content: bytes) -> bytes:
    """One bit of the tensor's data changed: torch itself would not notice."""
    at = content.index(torch.arange(4.0).numpy().tobytes())
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:10],
        lambda content: content[:300],
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: bytes(len(content)),
        _flipped,
    ],
)
def test_a_damaged_checkpoint_is_not_used_and_is_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes]
) -> None:
    kept = Checkpoints(tmp_path, "key", 2)
    kept.save(STATE)
    path = tmp_path / "key-2" / FILE
    path.write_bytes(damage(path.read_bytes()))
    assert kept.read() is None
    assert f"{path} is damaged" in caplog.text
    kept.save(STATE)
    assert kept.decode(kept.read() or b"")["step"] == 3


def test_a_sound_checkpoint_is_not_blamed_for_want_of_memory(tmp_path: Path) -> None:
    """It would be deleted, or written over, by a run that starts anew."""
    Checkpoints(tmp_path, "key", 2).save({"step": 3, "tensor": torch.zeros(16 << 20)})
    program = (
        "import resource, sys; from pathlib import Path; from pipelines.failures import explain\n"
        "from training.trainer.checkpoints import Checkpoints\n"
        "kept = Checkpoints(Path(sys.argv[1]), 'key', 2); content = kept.read()\n"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (32 << 20),) * 2)\n"
        "for action in (lambda: kept.decode(content), kept.read):\n"
        "    try: action()\n"
        "    except Exception as error: print(explain(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all(line.startswith("the memory is full") for line in lines), lines


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harm",)


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = Checkpoints(tmp_path, "key", 2)
    kept.save(_Harmful())  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"last\.pt cannot be read by torch .*Delete it"):
        kept.decode(kept.read() or b"")
    assert not (tmp_path / "harm").exists()


def test_a_failed_step_is_kept_for_inspection(tmp_path: Path) -> None:
    path = Checkpoints(tmp_path, "key", 2).keep_batch(1, {"loss": float("nan"), "batch": torch.ones(2)})
    assert path.parent == tmp_path / "key-2"
    assert torch.equal(torch.load(path, weights_only=True)["batch"], torch.ones(2))


def test_the_digest_of_the_code_covers_all_that_a_run_is_made_of() -> None:
    """A checkpoint of other code must not be taken; neither may an edited tracker cost one."""
    root = Path(checkpoints.__file__).parents[2]
    covered = {file for part in (".", *checkpoints.PARTS) for file in (root / "training" / part).glob("*.py")}
    made_of = {file for file in closure("training.trainer.loop") if file.is_relative_to(root / "training")}
    assert made_of <= covered
    assert not any("tracking" in file.parts or "benchmark" in file.parts for file in covered)
