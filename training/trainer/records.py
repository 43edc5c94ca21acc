"""Records of a training run beside its curves (`epochs`): its speed, and pictures of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from curation.files import write_bytes
from training.batches.batch import PairBatch
from training.batches.network_input import images, labels, move
from training.trainer.learner import Learner

SPEED = "speed.csv"
"""Pairs a second of each epoch: differs from run to run, so it is kept apart."""

PICTURES = "pictures"
"""Folder of `epoch-<n>.png`; a copy beside the checkpoint outlives a killed run."""

PICTURE = "epoch-*.png"
"""Their names."""

ROWS = 6
"""Pairs in a picture, shared by training and validation."""


def picture_file(folder: Path, epoch: int) -> Path:
    """The picture of an epoch, counted from 1."""
    return folder / f"epoch-{epoch:03d}.png"


def write_speed(folder: Path, pairs_per_second: Mapping[int, float]) -> None:
    """Write the speed of the epochs that this process trained to `speed.csv`."""
    lines = ["epoch,pairs_per_second"]
    lines += [f"{epoch},{speed:.1f}" for epoch, speed in sorted(pairs_per_second.items())]
    write_bytes(folder / SPEED, ("\n".join(lines) + "\n").encode())


@torch.inference_mode()
def write_picture(folder: Path, epoch: int, learner: Learner, batches: Sequence[PairBatch]) -> None:
    """A PNG of the first pairs of each batch, as the network sees them; `epochs.PICTURE_COLUMNS` names its columns."""
    share = ROWS // len(batches)
    batch = PairBatch(*(torch.cat([part[:share] for part in parts]) for parts in zip(*batches, strict=True)))
    batch = move(batch, learner.device)
    with learner.autocast():
        response = learner.respond(learner.published(), batch).float()
    label = labels(batch, response.shape[-1], learner.label)
    exemplars, searches = _seen(batch.exemplar, batch.colour[:, 0]), _seen(batch.search, batch.colour[:, 1])
    side = searches.shape[1]
    rows = []
    for k in range(len(batch.offset)):
        exemplar = np.zeros((side, side, 3), np.uint8)
        margin = (side - exemplars.shape[1]) // 2
        inside = slice(margin, margin + exemplars.shape[1])
        exemplar[inside, inside] = exemplars[k]
        x, y = ((side - 1) / 2 + batch.offset[k].cpu().numpy()).round().astype(int).tolist()
        cv2.drawMarker(searches[k], (x, y), (0, 255, 0), cv2.MARKER_CROSS, 15, 1)
        rows.append(np.hstack((exemplar, searches[k], _heat(label[k, 0], side), _heat(response[k, 0], side))))
    _, png = cv2.imencode(".png", np.vstack(rows))
    write_bytes(picture_file(folder, epoch), png.tobytes())


def _seen(pixels: Tensor, colour: Tensor) -> npt.NDArray[np.uint8]:
    """Images (B, H, W, 3), BGR, with the colour change that the network's input has."""
    rgb = images(pixels, colour, channels_last=True)
    return np.ascontiguousarray(rgb.flip(1).permute(0, 2, 3, 1).round().byte().cpu().numpy())


def copy_pictures(source: Path, target: Path) -> None:
    """Make the pictures of one folder those of another, which exists afterwards even if empty.

    Pictures of other runs in the other folder go.
    """
    target.mkdir(parents=True, exist_ok=True)
    names = {path.name for path in source.glob(PICTURE)}
    for path in target.glob(PICTURE):
        if path.name not in names:
            path.unlink()
    for name in sorted(names):
        write_bytes(target / name, (source / name).read_bytes())


def _heat(values: Tensor, side: int) -> npt.NDArray[np.uint8]:
    """A map as colours from its lowest to its highest value."""
    array = values.cpu().numpy()
    span = max(float(array.max() - array.min()), 1e-12)
    grey = np.rint(255 * (array - array.min()) / span).astype(np.uint8)
    large = cv2.resize(grey, (side, side), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.applyColorMap(large, cv2.COLORMAP_VIRIDIS), np.uint8)
