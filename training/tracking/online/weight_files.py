"""Reads backbone weights from the files people have: no pickle is run, names, shapes and digest are checked.

| file | names of layers | kernels | images |
|---|---|---|---|
| torchvision or timm (`.pth`, `.safetensors`) | `features.0.weight` | OIHW | RGB, 0..1, mean and std |
| Keras 'notop', converted (`.npz`) | `block1_conv1/.../kernel` (or `_W_1`) | HWIO | BGR, minus mean |
| Caffe, converted (`.npz`, `.safetensors`) | `conv1_1.weight`, `fire2/squeeze1x1.weight` | OIHW | the same |
| Caffe, converted for TensorFlow (`.npz`) | `conv1_1_W` | HWIO | RGB, minus mean |

The naming tells the convention of the images; `convention` overrides it for a file that is named otherwise.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from curation.errors import InputError
from curation.outside import open_outside
from training.tracking.online.backbones import VGG_LAYERS, Backbone, Precision, SqueezeNet, Vgg16
from training.tracking.online.convention import CAFFE_SQUEEZENET, CAFFE_VGG, TORCHVISION, InputConvention
from training.tracking.online.siamese_backbone import SiameseBackbone
from training.tracking.online.tensor_files import ASK, LIMIT, TensorFile, open_tensors
from training.weights import load_weights

BackboneName = Literal["squeezenet", "vgg16", "siamese"]
ConventionName = Literal["auto", "caffe", "caffe_rgb", "torchvision"]

Shapes = Mapping[str, tuple[int, ...]]
"""Kernel shape (OIHW) of every convolution a backbone needs."""


def _squeezenet_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"conv1": (96, 3, 7, 7)}
    inputs = 96
    for number, squeeze in zip(range(2, 9), (16, 16, 32, 32, 48, 48, 64), strict=True):
        shapes[f"fire{number}/squeeze1x1"] = (squeeze, inputs, 1, 1)
        shapes[f"fire{number}/expand1x1"] = (4 * squeeze, squeeze, 1, 1)
        shapes[f"fire{number}/expand3x3"] = (4 * squeeze, squeeze, 3, 3)
        inputs = 8 * squeeze
    return shapes


SHAPES: Mapping[str, Shapes] = {
    "squeezenet": _squeezenet_shapes(),
    "vgg16": {layer: (outputs, inputs, 3, 3) for layer, inputs, outputs in VGG_LAYERS},
}

_VGG_INDEX = dict(
    zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), (layer for layer, _, _ in VGG_LAYERS), strict=True)
)
_FIRE_INDEX = dict(zip((3, 4, 5, 7, 8, 9, 10), range(2, 9), strict=True))


@dataclass(frozen=True)
class _Naming:
    """One way of naming layers: a pattern, the layer that a match means, the convention that goes with it."""

    pattern: re.Pattern[str]
    layer: Callable[[re.Match[str]], str | None]
    convention: InputConvention


_KIND = r"(?P<kind>weights?|kernel|W|bias(?:es)?|b)"

NAMINGS: Mapping[str, tuple[_Naming, ...]] = {
    "vgg16": (
        _Naming(
            re.compile(rf"(?:module\.)?features\.(\d+)\.{_KIND}"),
            lambda match: _VGG_INDEX.get(int(match[1])),
            TORCHVISION,
        ),
        _Naming(
            re.compile(rf"(?:.*/)?block(\d)_conv(\d)[/_.]{_KIND}(?:_1)?(?::0)?"),
            lambda match: f"conv{match[1]}_{match[2]}",
            CAFFE_VGG,
        ),
        _Naming(
            re.compile(rf"conv(\d)_(\d)_{_KIND}"),
            lambda match: f"conv{match[1]}_{match[2]}",
            replace(CAFFE_VGG, order="rgb", mean=CAFFE_VGG.mean[::-1]),
        ),
        _Naming(
            re.compile(rf"conv(\d)_(\d)[./]{_KIND}(?::0)?"),
            lambda match: f"conv{match[1]}_{match[2]}",
            CAFFE_VGG,
        ),
    ),
    "squeezenet": (
        _Naming(
            re.compile(rf"(conv1|fire\d/(?:squeeze1x1|expand1x1|expand3x3))[./]{_KIND}"),
            lambda match: match[1],
            CAFFE_SQUEEZENET,
        ),
        _Naming(
            re.compile(rf"(?:module\.)?features\.(\d+)(?:\.(squeeze|expand1x1|expand3x3))?\.{_KIND}"),
            lambda match: _torchvision_fire(int(match[1]), match[2]),
            TORCHVISION,
        ),
    ),
}
"""Known namings of each backbone."""


def _torchvision_fire(index: int, part: str | None) -> str | None:
    if part is None:
        return "conv1" if index == 0 else None
    if index not in _FIRE_INDEX:
        return None
    return f"fire{_FIRE_INDEX[index]}/{'squeeze1x1' if part == 'squeeze' else part}"


def load_backbone(
    name: BackboneName,
    path: Path,
    *,
    sha256: str = "",
    convention: ConventionName = "auto",
    device: torch.device | str = "cpu",
    precision: Precision = "float32",
) -> Backbone:
    """Build a backbone from a file of weights.

    Parameters
    ----------
    name : {"squeezenet", "vgg16", "siamese"}
        `siamese` is a network of this project's train stage.
    path : Path
        `.npz`, `.safetensors`, or a `.pth`/`.pt` state dict, which is read without running code.
    sha256 : str
        Leading hexadecimal digits that the file's SHA-256 must have (8 are part of torchvision's file names).
    convention : str
        What images the weights want; `auto`: as the naming of layers tells.
    device : torch.device
        Where to compute.
    precision : {"float32", "bfloat16"}

    Raises
    ------
    InputError
        If the file is missing or damaged, has another digest, lacks a layer, or a layer has another shape.
    """
    _check_digest(path, sha256)
    if name == "siamese":
        return SiameseBackbone(load_weights(path)[0], device=device, precision=precision)
    weights, found = _select(path, name)
    if convention != "auto":
        found = _conventions(name)[convention]
    kind = {"squeezenet": SqueezeNet, "vgg16": Vgg16}[name]
    return kind(weights, found, device=device, precision=precision)


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


def _check_digest(path: Path, sha256: str) -> None:
    if sha256 and not (found := sha256_of(path)).startswith(sha256.lower()):
        raise InputError(
            f"{path} has SHA-256 {found}, expected {sha256}",
            do="Fetch the file again, or correct the digest",
            reason="wrong digest",
        )


def _select(path: Path, name: str) -> tuple[dict[str, Tensor], InputConvention]:
    """The layers of `SHAPES[name]` under the first naming that any tensor follows; the others are not read."""
    shapes = SHAPES[name]
    with open_tensors(path) as file:
        for naming in NAMINGS[name]:
            found = {}
            for key in file.names():
                match = naming.pattern.fullmatch(key)
                layer = naming.layer(match) if match else None
                if match and layer in shapes:
                    found[f"{layer}.{'bias' if match['kind'].startswith('b') else 'weight'}"] = key
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


def _conventions(name: str) -> dict[str, InputConvention]:
    caffe = CAFFE_VGG if name == "vgg16" else CAFFE_SQUEEZENET
    return {
        "caffe": caffe,
        "caffe_rgb": replace(caffe, order="rgb", mean=caffe.mean[::-1]),
        "torchvision": TORCHVISION,
    }
