"""Checkpoints: the state of a run, kept under a digest of all that determines it.

`<folder>/<digest>-<epochs>/last.pt` is written whole or not at all, and sealed (`curation.outputs.sealed`). So a killed
run goes on from it, after a power cut too. The digest covers the parameters, both imdb files and the code of training:
no run takes the checkpoint of another. The number of epochs is not part of it, because a run of fewer epochs is the
beginning of a longer one where the schedule allows it.
"""

from __future__ import annotations

import io
import logging
import pickle
from pathlib import Path
from typing import Any

import torch

from curation.errors import InputError
from curation.files import digest, write_bytes
from curation.outputs.sealed import read_sealed, write_sealed
from training.messages import first_line, memory_is_full

log = logging.getLogger(__name__)

FILE = "last.pt"

PARTS = ("backbones", "batches", "losses", "network", "trainer")
"""Folders of `training` whose modules a training run is made of."""


def code_digest() -> str:
    """Digest of the modules that decide what a training run computes: of `training` itself and of `PARTS`."""
    training = Path(__file__).parents[1]
    modules = sorted(module for folder in (".", *PARTS) for module in (training / folder).glob("*.py"))
    return digest(*(module.read_bytes() for module in modules))


class Checkpoints:
    """The checkpoint of one run.

    Parameters
    ----------
    folder : Path
        Where the checkpoints of all runs are; safe to delete when no run is under way.
    key : str
        Digest of what determines the run, but for its length.
    epochs : int
        Its length.
    """

    def __init__(self, folder: Path, key: str, epochs: int) -> None:
        self.folder = folder / f"{key}-{epochs}"
        self.key = self.folder.name
        self.epochs = epochs
        self._digest = key

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint: tensors, numbers, strings and containers of them."""
        stream = io.BytesIO()
        torch.save(state, stream)
        write_sealed(self.folder / FILE, self.key, stream.getvalue())

    def read(self) -> bytes | None:
        """The content of this run's checkpoint, or None; a log line tells of a damaged one, or of those of others."""
        path = self.folder / FILE
        content = read_sealed(path, self.key)
        if content is None:
            others = len(list(self.folder.parent.glob(f"*/{FILE}")))
            if path.exists():
                log.warning("%s is damaged, or of another run, and not used: this run starts anew", path)
            elif others:
                log.info(
                    "%s: %d checkpoint(s) of other parameters, data or code, not used: this run starts anew",
                    self.folder.parent,
                    others,
                )
        return content

    def there(self) -> bool:
        """Whether this run has a checkpoint, whole or not."""
        return (self.folder / FILE).exists()

    def shorter(self) -> list[Checkpoints]:
        """Those of the same run with fewer epochs, the longest first."""
        files = self.folder.parent.glob(f"{self._digest}-*/{FILE}")
        found = {int(end) for file in files if (end := file.parent.name.rpartition("-")[2]).isdecimal()}
        longest_first = sorted((epochs for epochs in found if epochs < self.epochs), reverse=True)
        return [Checkpoints(self.folder.parent, self._digest, epochs) for epochs in longest_first]

    def decode(self, content: bytes) -> dict[str, Any]:
        """The state in a checkpoint's content; nothing in it is executed.

        Raises
        ------
        InputError
            If this torch cannot read it. Where the memory is full, torch's error is raised: the checkpoint is sound.
        """
        try:
            state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, ValueError, OSError, pickle.UnpicklingError) as error:
            if memory_is_full(error):
                raise
            raise InputError(
                f"{self.folder / FILE} cannot be read by torch {torch.__version__} ({first_line(error)})",
                do="Delete it: training then starts anew",
                reason="unreadable checkpoint",
            ) from None
        return state

    def keep_batch(self, rank: int, state: dict[str, Any]) -> Path:
        """Keep what a failed step saw, for inspection with `torch.load`; returns the file."""
        stream = io.BytesIO()
        torch.save(state, stream)
        path = self.folder / f"failed-step-rank{rank}.pt"
        write_bytes(path, stream.getvalue())
        return path
