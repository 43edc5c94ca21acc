"""Weights as safetensors files: tensors and one JSON text, no code; the same content gives the same bytes.

The metadata hold a single key, because safetensors writes several in no fixed order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import safetensors.torch
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from curation.crops.geometry import SIAMFC, CropGeometry
from curation.cures import remake
from curation.errors import InputError
from curation.files import MEND, digest, missing, write_bytes, write_json
from curation.outside import open_outside
from training.messages import first_line, memory_is_full
from training.network.network_config import NetworkConfig, recorded_network
from training.network.siamese_network import SiameseNetwork

KEY = "dslt"
"""Key of the JSON text among the file's metadata."""

SCHEMA = 1

LIMIT = 160 << 20
"""Most bytes of a weights file; the largest network, of width 4, has 148 million."""
LONGEST_HEADER = 1 << 20
"""Most bytes of its table of names and JSON text."""

AGAIN = f"Copy it again; the train stage's own: {MEND}; then {remake('train')}"
TRAIN = f"Use a weights file of the train stage: {remake('train')}"


def save_weights(path: Path, network: SiameseNetwork, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a network's weights and how to build it, atomically.

    Parameters
    ----------
    path : Path
        `*.safetensors`.
    network : SiameseNetwork
        On any device, in any memory format.
    metadata : mapping, optional
        JSON values to keep in the file: parameters, digest of the imdb. Nothing that differs where these are
        the same, so that the same training gives the same bytes.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    text = orjson.dumps(
        {
            "schema": SCHEMA,
            "network": recorded_network(network.config),
            "digest": _content_digest(tensors),
            "metadata": dict(metadata or {}),
        },
        option=orjson.OPT_SORT_KEYS,
    )
    write_bytes(path, safetensors.torch.save(tensors, {KEY: text.decode()}))


def save_origin(path: Path, weights: Path, made_on: Sequence[Mapping[str, Any]]) -> None:
    """Write a JSON file about the machine and versions that made a weights file.

    Parameters
    ----------
    path : Path
        The file to write.
    weights : Path
        The weights file. Its MD5 digest, by which DVC knows it, is recorded: an origin with another digest is
        that of other weights.
    made_on : sequence of mappings
        JSON values: one environment, or several in order where the run went on somewhere else.
    """
    known_as = hashlib.md5(weights.read_bytes(), usedforsecurity=False).hexdigest()
    write_json(path, {"schema": SCHEMA, "weights_md5": known_as, "made_on": list(made_on)})


def load_weights(path: Path) -> tuple[SiameseNetwork, dict[str, Any]]:
    """Read a network in evaluation mode, on the CPU, and the metadata given to `save_weights`.

    Files of earlier versions have a key `revision` in their metadata.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not one that `save_weights` wrote.
    """
    try:
        with open_outside(path, limit=LIMIT, kind="a weights file", do=TRAIN) as stream:
            if int.from_bytes(stream.read(8), "little") > LONGEST_HEADER:
                raise _unusable(path, "is not a whole safetensors file (its header is too long)")
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise missing(path, "train") from None
    except (SafetensorError, OSError) as error:
        raise _unusable(path, f"is not a whole safetensors file ({error})", do=AGAIN) from None
    if text is None:
        raise _unusable(path, "holds weights that this project did not write")
    try:
        header = orjson.loads(text)
        config = TypeAdapter(NetworkConfig).validate_json(orjson.dumps(header["network"]))
        kept: dict[str, Any] = dict(header["metadata"])
        network = SiameseNetwork(config)
        network.load_state_dict(tensors)
        whole = header.get("digest") == _content_digest(tensors)
    except (ValueError, KeyError, TypeError, ValidationError, RuntimeError) as error:
        if memory_is_full(error):
            raise
        raise _unusable(path, f"does not describe its network ({first_line(error)})") from None
    if not whole:
        raise _unusable(path, "is damaged: its weights do not have the digest that it records", do=AGAIN)
    if bad := [name for name, value in tensors.items() if not usable(name, value)]:
        raise _unusable(path, f"has {bad[0]} with numbers that are not finite, or a negative variance")
    return network.eval(), kept


def usable(name: str, value: Tensor) -> bool:
    """Whether a tensor of a network is finite; a variance, with what its normalisation adds to it, above zero."""
    fine = bool(value.isfinite().all())
    return fine and not (name.endswith("running_var") and bool((value + nn.BatchNorm2d(1).eps <= 0).any()))


def recorded_parameters(train: Mapping[str, Any], geometry: CropGeometry) -> dict[str, Any]:
    """Parameters of a training as its metadata records them, with the geometry of its crops.

    `init`, `freeze`, `network.trunk`, `precision.portable`, `pairs.parts` and `pairs.both_ways` are left out where they
    say nothing, so that weights have the bytes of those from before they were.
    """
    crops = {
        "exemplar_size": geometry.exemplar_size,
        "crop_size": geometry.search_size,
        "context": geometry.context,
    }
    precision = {name: value for name, value in train["precision"].items() if name != "portable" or value}
    pairs = {
        name: value for name, value in train["pairs"].items() if name not in ("parts", "both_ways") or value
    }
    train = {name: value for name, value in train.items() if name not in ("init", "freeze") or value}
    network = recorded_network(train["network"])
    return {**train, "network": network, "pairs": {**pairs, **crops}, "precision": precision}


def crop_geometry(metadata: Mapping[str, Any]) -> CropGeometry:
    """Geometry of what a network was trained on and searches, from the metadata of its weights.

    Its search region has the side that training cut from the crops, `train.pairs.search_size`, or as much as SiamFC
    searches where that is more and in the crops: SiamFC trains on 239 px and searches 255. So crops of 511 px, of which
    training cut 255, give 255, with weights of earlier versions too. Weights that do not say what was cut give the side
    of their crops, and weights that record nothing, made outside a training, SiamFC's: 127, 255, 0.5.
    """
    pairs = metadata.get("parameters", {}).get("pairs", {})
    exemplar = pairs.get("exemplar_size", SIAMFC.exemplar_size)
    crop = pairs.get("crop_size", SIAMFC.search_size)
    usual = round(exemplar * SIAMFC.search_size / SIAMFC.exemplar_size)
    search = max(pairs.get("search_size", crop), min(crop, usual))
    return CropGeometry(exemplar, search, pairs.get("context", SIAMFC.context))


def _content_digest(tensors: Mapping[str, Tensor]) -> str:
    parts: list[bytes] = []
    for name in sorted(tensors):
        parts += [name.encode(), tensors[name].reshape(-1).view(torch.uint8).numpy().tobytes()]
    return digest(*parts)


def _unusable(path: Path, what: str, *, do: str = TRAIN) -> InputError:
    return InputError(
        f"{path} {what}",
        do=do,
        reason="foreign weights",
    )
