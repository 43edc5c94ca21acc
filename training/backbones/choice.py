"""Choose the online tracker's backbone. Its name is a parameter; the path of its file is a setting."""

from __future__ import annotations

from pathlib import Path

import torch

from curation.errors import InputError
from training.backbones.backbone import Backbone
from training.backbones.backbone_config import BACKBONES, BackboneConfig
from training.backbones.convention import ConventionName, Precision
from training.backbones.tensor_files import open_tensors
from training.backbones.weight_files import foreign, sha256_of


def choose_backbone(
    config: BackboneConfig, *, trained: Path, file: Path | None, device: torch.device | str = "cpu"
) -> Backbone:
    """The configured backbone.

    Parameters
    ----------
    config : BackboneConfig
    trained : Path
        The network that this pipeline trains.
    file : Path or None
        The weights of any other backbone; not needed where its package is installed.
    device : torch.device

    Raises
    ------
    InputError
        As of `needed_file` and `load_backbone`.
    """
    if BACKBONES[config.name].trained:
        return load_backbone(config.name, trained, device=device, precision=config.precision)
    return load_backbone(
        config.name,
        needed_file(config, file),
        sha256=config.sha256,
        convention=config.convention,
        device=device,
        precision=config.precision,
    )


def load_backbone(
    name: str,
    path: Path,
    *,
    sha256: str = "",
    convention: ConventionName = "auto",
    device: torch.device | str = "cpu",
    precision: Precision = "float32",
) -> Backbone:
    """A backbone with the weights of a file; parameters as of `BackboneConfig`.

    Parameters
    ----------
    path : Path
        As of `tensor_files.open_tensors`, or of the backbone's own `load`.

    Raises
    ------
    InputError
        If the file is missing or damaged, has another digest, lacks a layer, or a layer has another shape; if its
        names do not tell the input convention and `convention` does not either.
    """
    if sha256 and not (found := sha256_of(path)).startswith(sha256.lower()):
        raise InputError(
            f"{path} has SHA-256 {found}, expected {sha256}",
            do="Fetch the file again, or correct the digest (track.backbone.sha256)",
            reason="wrong digest",
        )
    return BACKBONES[name].load(path, convention=convention, device=device, precision=precision)


def installed() -> list[str]:
    """Names of the backbones whose weights are installed, best first: in the order of `BACKBONES`."""
    return [name for name, kind in BACKBONES.items() if kind.package and kind.package.installed()]


def recognise(path: Path) -> str:
    """Recognise the backbone of a weights file by its layers.

    Raises
    ------
    InputError
        If the file is missing or damaged, or holds none that is known.
    """
    with open_tensors(path) as file:
        for name, kind in BACKBONES.items():
            if kind.fits(file):
                return name
        for name, kind in BACKBONES.items():
            if other := kind.related(file):
                raise foreign(path, other, kind.title or name)
        some = ", ".join(sorted(file.names())[:3])
    raise InputError(
        f"{path} holds no complete backbone of a known kind (first names: {some or 'none'})",
        do=f"Known: {', '.join(BACKBONES)}; to see what it lacks, name the backbone: --backbone NAME",
        reason="foreign weights",
    )


def needed_file(config: BackboneConfig, file: Path | None) -> Path:
    """The weights file: the package's, whose digest is checked, or the one in the settings if its digest is given too.

    Raises
    ------
    InputError
        If there is none, or the package's has another digest, or the settings' comes without one: the message holds it.
    """
    package = BACKBONES[config.name].package
    if package and not config.sha256 and (file is None or package.installed()):
        return package.whole(config.name)
    if file is None:
        raise InputError(
            f"the backbone {config.name} is read from a file, and no file is set",
            do="Run: python -m pipelines settings --set backbone_weights=/path/to/file",
            reason="missing backbone",
        )
    if not config.sha256:
        raise InputError(
            f"track.backbone.sha256 does not say which weights of {config.name} are meant; "
            f"{file} has {sha256_of(file)}",
            do="Set track.backbone.sha256 to that, if these are the weights you mean",
            reason="missing digest",
        )
    return file
