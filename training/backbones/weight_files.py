"""Read backbone weights from common files. No pickle is run; names and shapes are checked.

| file | names of layers | kernels | images |
|---|---|---|---|
| torchvision or timm | `features.0.weight`, also in `state_dict`, `backbone`, ... | OIHW | RGB, 0..1, mean and std |
| Caffe under the same names | the same | OIHW | BGR or RGB, minus mean: the first kernel tells, or it is asked |
| Keras 'notop' | `block1_conv1/.../kernel` (or `_W_1`) | HWIO | BGR, minus mean |
| Keras 3 (`.weights.h5`) | `layers/conv2d_1/vars/0`, `block1/layers/conv2d_1/vars/0` | HWIO | BGR, minus mean |
| Caffe, converted | `conv1_1.weight`, `fire2/squeeze1x1.weight` | OIHW | the same |
| Caffe, converted for TensorFlow | `conv1_1_W`; `conv1_1/0` of an `.npy` dict | HWIO | RGB; BGR, minus mean |

The naming tells the convention of the images; each backbone lists those its files use.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from curation.errors import InputError
from curation.outside import open_outside
from training.backbones.convention import InputConvention
from training.backbones.tensor_files import ASK, LIMIT, TensorFile, open_tensors

Shapes = Mapping[str, tuple[int, ...]]
"""Kernel shape (OIHW) of every convolution a backbone needs."""

KIND = r"(?P<kind>weights?|kernel|W|bias(?:es)?|b)"
"""Pattern of the last part of a tensor's name."""

NUMBERED = r"(?P<kind>[01])"
"""The same where kernel and bias are numbered."""


@dataclass(frozen=True)
class Naming:
    """One way of naming layers.

    Attributes
    ----------
    pattern : str
        Regular expression of a tensor's whole name, with `KIND` in it.
    layer : callable
        The layer that a match means; a name of no layer that is needed, where it is one of another network; or None.
    convention : InputConvention or None
        What images weights that are named so want; None where the name does not tell.
    """

    pattern: str
    layer: Callable[[re.Match[str]], str | None]
    convention: InputConvention | None


@dataclass(frozen=True)
class Network:
    """The layers that a backbone's files should hold.

    Attributes
    ----------
    title : str
        Its name, for messages.
    shapes : mapping of str to tuple
        Kernels (OIHW) that are needed.
    namings : sequence of Naming
    beyond : collection of str
        Layers of the whole network that are not needed.
    relatives : mapping of str to str
        A layer that only another network of the same naming has -> that network's title; earlier ones go first.
    """

    title: str
    shapes: Shapes
    namings: Sequence[Naming]
    beyond: Collection[str] = ()
    relatives: Mapping[str, str] = field(default_factory=dict)


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


def select_layers(path: Path, network: Network) -> tuple[dict[str, Tensor], InputConvention | None]:
    """A backbone's layers under the first naming that any tensor follows, and that naming's convention.

    Other tensors of the file are not read.

    Parameters
    ----------
    path : Path
        As of `tensor_files.open_tensors`.
    network : Network

    Returns
    -------
    dict of tensor
        `<layer>.weight` (OIHW float32) and `<layer>.bias` of each layer.
    InputConvention or None

    Raises
    ------
    InputError
        If the file is missing, of another kind or damaged, no tensor follows a naming, a layer is missing, one has
        another shape, or there are layers of another network.
    """
    with open_tensors(path) as file:
        for naming in network.namings:
            found, strangers = found_layers(file, network, naming)
            if not found:
                continue
            if strangers:
                other = _relative(network, strangers) or f"another network (it has {min(strangers)})"
                raise foreign(path, other, network.title)
            shapes = network.shapes
            return {key: _fitted(file, found, key, shapes, path) for key in _keys(shapes)}, naming.convention
        some = ", ".join(sorted(file.names())[:3])
    raise InputError(
        f"{path} holds no layers of {network.title} (first names: {some or 'none'})",
        do="Give the weights of this backbone, in one of the documented namings",
        reason="foreign weights",
    )


def foreign(path: Path, other: str, title: str) -> InputError:
    """The error for a file that holds another network than `title`."""
    return InputError(
        f"{path} holds {other}, not {title}", do=f"Give the weights of {title}", reason="foreign weights"
    )


def related(file: TensorFile, network: Network) -> str:
    """Title of the relative of a network that a file holds; empty if it holds none.

    It has the network's first kernel, in its shape, and a layer that only the relative has.
    """
    for naming in network.namings:
        found, strangers = found_layers(file, network, naming)
        first, shape = next(iter(network.shapes.items()))
        kernel = found.get(f"{first}.weight")
        if (
            kernel
            and sorted(file.shape(kernel)) == sorted(shape)
            and (other := _relative(network, strangers))
        ):
            return other
    return ""


def _relative(network: Network, strangers: Collection[str]) -> str:
    return next((title for layer, title in network.relatives.items() if layer in strangers), "")


def found_layers(file: TensorFile, network: Network, naming: Naming) -> tuple[dict[str, str], set[str]]:
    """The file's names of the needed layers under a naming, and layers that the network does not know."""
    found, strangers = {}, set()
    for key in file.names():
        match = re.fullmatch(naming.pattern, key)
        layer = naming.layer(match) if match else None
        if not match or layer is None:
            continue
        if layer in network.shapes:
            found[f"{layer}.{'bias' if match['kind'][0] in 'b1' else 'weight'}"] = key
        elif layer not in network.beyond:
            strangers.add(layer)
    return found, strangers


def is_whole(file: TensorFile, network: Network) -> bool:
    """Whether a file holds all of a network's layers, in their shapes, and none of another network."""
    for naming in network.namings:
        found, strangers = found_layers(file, network, naming)
        if found.keys() >= set(_keys(network.shapes)) and not strangers:
            return all(
                sorted(file.shape(found[f"{layer}.weight"])) == sorted(shape)
                for layer, shape in network.shapes.items()
            )
    return False


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
