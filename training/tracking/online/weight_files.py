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
import pickle
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from curation.errors import InputError
from training.tracking.online.convention import InputConvention

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


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of an `.npz`, `.safetensors`, `.pth` or `.pt` file, by name; nothing in it is run.

    Raises
    ------
    InputError
        If the file is missing, of another kind, damaged, or would need code to be run.
    """
    ask = "Give .npz, .safetensors or a .pth state dict of the backbone"
    try:
        if path.suffix == ".npz":
            # Opened here: of a damaged file, np.load would leave its own handle open.
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return {key: torch.from_numpy(arrays[key]) for key in arrays.files}
        if path.suffix == ".safetensors":
            return dict(safetensors.torch.load_file(path))
        if path.suffix in (".pth", ".pt"):
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = state.get("state_dict", state) if isinstance(state, dict) else {}
            return {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
    except FileNotFoundError:
        raise InputError(f"backbone weights {path} are missing", do=ask, reason="missing file") from None
    except pickle.UnpicklingError:
        raise InputError(
            f"{path} holds more than tensors and is not read", do=ask, reason="unsafe file"
        ) from None
    except (OSError, ValueError, EOFError, RuntimeError, SafetensorError, zipfile.BadZipFile) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is damaged ({first})", do=ask, reason="damaged file") from None
    raise InputError(
        f"{path}: {path.suffix or 'a file without ending'} is not known", do=ask, reason="bad file"
    )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file of weights, hexadecimal.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"backbone weights {path}: {error.strerror}", do="Give an existing file") from None


def select_layers(
    tensors: Mapping[str, Tensor], name: str, shapes: Shapes, namings: Iterable[Naming], path: Path
) -> tuple[dict[str, Tensor], InputConvention]:
    """A backbone's layers under the first naming that any tensor follows, and that naming's convention.

    Parameters
    ----------
    tensors : mapping of str to tensor
        As of `read_tensors`.
    name : str
        Of the backbone, for messages; as `path` is.
    shapes : mapping
        Layers that are needed.
    namings : iterable of Naming
    path : Path

    Returns
    -------
    dict of tensor
        `<layer>.weight` (OIHW float32) and `<layer>.bias` of each layer.
    InputConvention

    Raises
    ------
    InputError
        If no tensor follows a naming, a layer is missing, or has another shape.
    """
    for naming in namings:
        found = {}
        for key, value in tensors.items():
            match = re.fullmatch(naming.pattern, key)
            layer = naming.layer(match) if match else None
            if match and layer in shapes:
                kind = "bias" if match["kind"].startswith("b") else "weight"
                found[f"{layer}.{kind}"] = value.float()
        if found:
            return {key: _fitted(found, key, shapes, path) for key in _keys(shapes)}, naming.convention
    raise InputError(
        f"{path} holds no layers of {name} (first names: {', '.join(sorted(tensors)[:3]) or 'none'})",
        do="Give the weights of this backbone, in one of the documented namings",
        reason="foreign weights",
    )


def _keys(shapes: Shapes) -> list[str]:
    return [f"{layer}.{kind}" for layer in shapes for kind in ("weight", "bias")]


def _fitted(found: Mapping[str, Tensor], key: str, shapes: Shapes, path: Path) -> Tensor:
    layer, _, kind = key.rpartition(".")
    expected = shapes[layer] if kind == "weight" else shapes[layer][:1]
    if key not in found:
        raise InputError(
            f"{path} lacks {key} {expected}", do="Give the whole network", reason="foreign weights"
        )
    value = found[key]
    if kind == "weight" and value.ndim == 4 and tuple(value.shape) != expected:
        value = value.permute(3, 2, 0, 1)  # HWIO, as TensorFlow keeps them
    if tuple(value.shape) != expected:
        raise InputError(
            f"{path}: {key} has shape {tuple(found[key].shape)}, expected {expected}",
            do="Give the weights of this backbone",
            reason="foreign weights",
        )
    return value.contiguous()
