"""Reads backbone weights from the files people have: no pickle is run; names and shapes are checked.

| file | names of layers | kernels | images |
|---|---|---|---|
| torchvision or timm (`.pth`, `.safetensors`) | `features.0.weight` | OIHW | RGB, 0..1, mean and std |
| Keras 'notop', converted (`.npz`) | `block1_conv1/.../kernel` (or `_W_1`) | HWIO | BGR, minus mean |
| Caffe, converted (`.npz`, `.safetensors`) | `conv1_1.weight`, `fire2/squeeze1x1.weight` | OIHW | the same |
| Caffe, converted for TensorFlow (`.npz`) | `conv1_1_W` | HWIO | RGB, minus mean |

The naming tells the convention of the images; each backbone lists those its files use.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from curation.errors import InputError
from curation.outside import open_outside
from training.tracking.online.backbones.convention import InputConvention
from training.tracking.online.backbones.tensor_files import ASK, LIMIT, TensorFile, open_tensors

Shapes = Mapping[str, tuple[int, ...]]
"""Kernel shape (OIHW) of every convolution a backbone needs."""

KIND = r"(?P<kind>weights?|kernel|W|bias(?:es)?|b)"
"""Pattern of the last part of a tensor's name."""


@dataclass(frozen=True)
class Naming:
    """One way of naming layers.

    Attributes
    ----------
    pattern : str
        Regular expression of a tensor's whole name, with `KIND` in it.
    layer : callable
        The layer that a match means, or None.
    convention : InputConvention
        What images weights that are named so want.
    """

    pattern: str
    layer: Callable[[re.Match[str]], str | None]
    convention: InputConvention


def sha256_of(path: Path) -> str:
    """SHA-256 of a file of weights, hexadecimal.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        with open_outside(path, limit=LIMIT, kind="a file of weights", do=ASK) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(f"backbone weights {path} are missing", do="Give an existing file") from None


def select_layers(
    path: Path, name: str, shapes: Shapes, namings: Iterable[Naming]
) -> tuple[dict[str, Tensor], InputConvention]:
    """A backbone's layers under the first naming that any tensor follows, and that naming's convention.

    Other tensors of the file are not read.

    Parameters
    ----------
    path : Path
        As of `tensor_files.open_tensors`.
    name : str
        Of the backbone, for messages.
    shapes : mapping
        Layers that are needed.
    namings : iterable of Naming

    Returns
    -------
    dict of tensor
        `<layer>.weight` (OIHW float32) and `<layer>.bias` of each layer.
    InputConvention

    Raises
    ------
    InputError
        If the file is missing, of another kind or damaged, no tensor follows a naming, a layer is missing, or
        one has another shape.
    """
    with open_tensors(path) as file:
        for naming in namings:
            found, _ = found_layers(file, shapes, naming)
            if found:
                return {
                    key: _fitted(file, found, key, shapes, path) for key in _keys(shapes)
                }, naming.convention
        some = ", ".join(sorted(file.names())[:3])
    raise InputError(
        f"{path} holds no layers of {name} (first names: {some or 'none'})",
        do="Give the weights of this backbone, in one of the documented namings",
        reason="foreign weights",
    )


def found_layers(file: TensorFile, shapes: Shapes, naming: Naming) -> tuple[dict[str, str], bool]:
    """What a file calls the layers that are needed, under a naming; and whether all are there in their shapes."""
    found = {}
    for key in file.names():
        match = re.fullmatch(naming.pattern, key)
        layer = naming.layer(match) if match else None
        if match and layer in shapes:
            found[f"{layer}.{'bias' if match['kind'].startswith('b') else 'weight'}"] = key
    whole = found.keys() >= set(_keys(shapes)) and all(
        sorted(file.shape(found[f"{layer}.weight"])) == sorted(shape) for layer, shape in shapes.items()
    )
    return found, whole


def _keys(shapes: Shapes) -> list[str]:
    return [f"{layer}.{kind}" for layer in shapes for kind in ("weight", "bias")]


def _fitted(file: TensorFile, found: Mapping[str, str], key: str, shapes: Shapes, path: Path) -> Tensor:
    layer, _, kind = key.rpartition(".")
    expected = shapes[layer] if kind == "weight" else shapes[layer][:1]
    if key not in found:
        raise InputError(
            f"{path} lacks {key} {expected}", do="Give the whole network", reason="foreign weights"
        )
    shape = file.shape(found[key])
    order = list(range(len(shape)))
    if kind == "weight" and len(shape) == 4 and shape != expected:
        order = [3, 2, 0, 1]  # HWIO, as TensorFlow keeps them
    if tuple(shape[axis] for axis in order) != expected:
        raise InputError(
            f"{path}: {key} has shape {shape}, expected {expected}",
            do="Give the weights of this backbone",
            reason="foreign weights",
        )
    return file.read(found[key]).permute(order).contiguous()
