"""First weights of a training, from a file: ours, or those of the published SiamFC in PyTorch.

Two programs' files are known, both of the network at width 1 with batch normalisation:

| file | names |
|---|---|
| SiamFC-PyTorch (StrangerZhang) | `features.0.weight` .. `features.14.bias`, `corr_bias` |
| siamfc-pytorch (huanglianghua) | `backbone.conv1.0.weight` .. `backbone.conv5.0.bias`; older: `conv1.0.weight` .. |

Their convolutions have a bias before the normalisation, which ours leave out: it goes into the mean that is subtracted.
The second program's normalisations add 1e-6 to the variance where ours add 1e-5: the variance takes the difference.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from curation.crops.geometry import CropGeometry
from curation.errors import InputError
from curation.outside import read_outside
from training.messages import first_line, memory_is_full
from training.network.network_config import TRUNKS, NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import LIMIT, crop_geometry, load_weights, usable

GIVE = "Give a weights file of the train stage (.safetensors), or a published SiamFC's state dict (.pth)"

_STRANGERZHANG = re.compile(r"features\.(\d+)\.(\w+)")
_HUANGLIANGHUA = re.compile(r"(?:backbone\.)?conv(\d)\.([01])\.(\w+)")
_EPSILON = 1e-6
"""What huanglianghua's normalisations add to the variance."""


def load_initial(path: Path, config: NetworkConfig, geometry: CropGeometry) -> tuple[dict[str, Tensor], str]:
    """The first weights of a network of that form.

    Parameters
    ----------
    path : Path
        The file.
    config : NetworkConfig
        The network to be trained.
    geometry : CropGeometry
        Of the crops that it is to be trained on.

    Returns
    -------
    dict of tensor
        A state of `SiameseNetwork(config)`.
    str
        SHA-256 of the file, hexadecimal.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another kind, its network has another form, or it was trained on
        exemplars that show another part of the frame.
    """
    try:
        content = read_outside(path, limit=LIMIT, kind="a weights file", do=GIVE)
    except FileNotFoundError:
        raise InputError(f"train.init: there is no file {path}", do=GIVE, reason="missing file") from None
    if path.suffix in (".pth", ".pt") and TRUNKS[config.trunk].backbone:
        raise InputError(
            f"train.init: {path} would be a published SiamFC, which has no trunk {config.trunk}",
            do="Run: python -m pipelines profile --set train.network.trunk=alexnet train.network.width=1.0; or give "
            "weights of the train stage (.safetensors)",
            reason="foreign weights",
        )
    state = (
        _published(path, content, config) if path.suffix in (".pth", ".pt") else _ours(path, config, geometry)
    )
    return state, hashlib.sha256(content).hexdigest()


def _ours(path: Path, config: NetworkConfig, geometry: CropGeometry) -> dict[str, Tensor]:
    network, metadata = load_weights(path)
    has, wanted = asdict(network.config), asdict(config)
    if differ := [name for name in has if has[name] != wanted[name] and name != "train_gain"]:
        raise InputError(
            f"{path} is a network with {', '.join(f'{name} {has[name]}' for name in differ)}, but train.network has "
            f"{', '.join(f'{name} {wanted[name]}' for name in differ)}",
            do="Run: python -m pipelines profile --set "
            + " ".join(f"train.network.{name}={has[name]}" for name in differ),
            reason="foreign weights",
        )
    seen = crop_geometry(metadata)
    if (seen.exemplar_size, seen.context) != (geometry.exemplar_size, geometry.context):
        raise InputError(
            f"{path} was trained on exemplars of {seen.exemplar_size} px with context {seen.context}, but the crops "
            f"here have {geometry.exemplar_size} px with {geometry.context}",
            do=f"Crop as then (python -m pipelines profile --set crop.exemplar_size={seen.exemplar_size} "
            f"crop.context={seen.context}), or give other weights",
            reason="foreign weights",
        )
    return network.state_dict()


def _published(path: Path, content: bytes, config: NetworkConfig) -> dict[str, Tensor]:
    given = _read_state(path, content)
    state = SiameseNetwork(config).state_dict()
    convolutions = [name.removesuffix(".weight") for name, value in state.items() if value.dim() == 4]
    found: dict[str, Tensor] = {}
    variance = 0.0
    for name, value in given.items():
        if match := _STRANGERZHANG.fullmatch(name):
            found[f"features.{match[1]}.{match[2]}"] = value
        elif (match := _HUANGLIANGHUA.fullmatch(name)) and 1 <= int(match[1]) <= len(convolutions):
            at = int(convolutions[int(match[1]) - 1].rpartition(".")[2]) + int(match[2])
            found[f"features.{at}.{match[3]}"] = value
            variance = _EPSILON - nn.BatchNorm2d(1).eps
        elif name == "corr_bias":
            found["bias"] = value.squeeze()
    if not found:
        some = ", ".join(list(given)[:3]) or "none"
        raise _foreign(path, f"holds no layers of SiamFC (first names: {some})")
    for name in convolutions:
        place, _, number = name.rpartition(".")
        mean = f"{place}.{int(number) + 1}.running_mean"
        if f"{name}.bias" in found and mean in found and f"{name}.bias" not in state:
            found[mean] = found[mean] - found.pop(f"{name}.bias")
            found[mean.replace("mean", "var")] = found[mean.replace("mean", "var")] + variance
    for name, value in state.items():
        if name not in found and name not in ("gain", "bias") and not name.endswith("num_batches_tracked"):
            raise _foreign(path, f"lacks {name} {tuple(value.shape)}")
        first = found.pop(name, value)
        if first.shape != value.shape:
            raise _foreign(path, f"has {name} of shape {tuple(first.shape)}, not {tuple(value.shape)}")
        state[name] = first.to(value.dtype)
    if found:
        raise _foreign(path, f"has {min(found)}, which train.network has not")
    return state


def _read_state(path: Path, content: bytes) -> Mapping[str, Tensor]:
    """Tensors by name; nothing in the file is executed."""
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise _foreign(path, "holds more than tensors, and is not read") from None
    except Exception as error:  # whatever torch raises at a damaged file
        if memory_is_full(error):
            raise
        raise _foreign(path, f"is no state dict of torch ({first_line(error)})") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise _foreign(path, "is no dict of tensors")
    if bad := [name for name, value in state.items() if not usable(name, value)]:
        raise _foreign(path, f"has {bad[0]} with numbers that are not finite, or a negative variance")
    return state


def _foreign(path: Path, what: str) -> InputError:
    return InputError(
        f"train.init: {path} {what}",
        do=f"{GIVE}; a published one fits train.network.width=1.0 train.network.norm=batch",
        reason="foreign weights",
    )
