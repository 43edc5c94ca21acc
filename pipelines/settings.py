"""Runtime settings: paths of data and how to run. They change no result, so DVC does not record them.

One place for them: the file `.settings.toml` at the project's root (git-ignored), or environment
variables, which win. `python -m pipelines settings` prints what is in force and where each value comes
from; `python -m pipelines settings --set vid_root=/data/ILSVRC2015` writes the file.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from curation.config import parameters
from curation.errors import InputError, printable
from curation.files import write_bytes
from curation.layouts.layout_table import LAYOUTS
from curation.outside import read_outside
from curation.parallel import Workers
from training.benchmark.sequences.sequence_list import OWN_NAME, Listing, root_settings

FILE = Path(".settings.toml")
PREFIX = "DSLT_"
OWN = "roots."
"""Before the name of one's own benchmark: the setting that says where its sequences are."""
LIMIT = 1 << 16
"""Most bytes of the file."""


MOST_JOBS = 10_000


def _plain(text: str) -> str:
    if printable(text) != text:
        raise ValueError("holds a character that cannot be printed: give the folder or file another name")
    return text


def _place(text: str) -> str:
    try:
        for part in text.split(os.pathsep):
            Path(part).expanduser()
    except RuntimeError:
        raise ValueError("begins with ~ and no user of this machine") from None
    return text


def _count(jobs: int) -> int:
    if jobs != -1 and not 1 <= jobs <= MOST_JOBS:
        raise ValueError(f"expected -1 or at least 1 and at most {MOST_JOBS}")
    return jobs


Text = Annotated[str, AfterValidator(_plain)]
Place = Annotated[Text, AfterValidator(_place)]


@parameters(frozen=True, kw_only=True)
class Settings:
    """Runtime settings; each is also the environment variable `DSLT_<NAME>`.

    Folders are absolute or relative to the project's root, and are never written to.
    """

    vid_root: Place = ""
    """Folder of ILSVRC15 VID that holds `Data/VID` and `Annotations/VID`."""
    roots: Mapping[str, Place] = Field(default_factory=dict)
    """Folders of sequences by setting: `otb_root` and the like, as the packaged lists say; `roots.<name>` of a
    benchmark, or of a part of the dataset, of one's own. Several folders are joined by `os.pathsep`."""
    backbone_weights: Place = ""
    """File of the online tracker's backbone, where `track.backbone` is no network of this pipeline."""
    jobs: Annotated[int, AfterValidator(_count)] = -1
    """Worker processes; -1 is one a core."""
    backend: Literal["loky", "dask", "threading"] = "loky"
    """joblib backend: `loky` (processes here) or `dask` (a cluster, see `scheduler`)."""
    scheduler: Text = ""
    """Address of the Dask scheduler, for backend `dask`: `tcp://127.0.0.1:8786`, or `tls://host:8786`."""
    device: Text = "auto"
    """Device of training and tracking: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`."""
    strict_manifest: bool = False
    """Read every byte of the dataset again instead of trusting names, sizes and times of files."""

    @property
    def workers(self) -> Workers:
        return Workers(jobs=self.jobs, backend=self.backend)

    @property
    def backbone_file(self) -> Path | None:
        return Path(self.backbone_weights).expanduser() if self.backbone_weights else None

    def benchmark_roots(self, listing: Listing) -> tuple[Path, ...]:
        """The folders to search for a benchmark's sequences; empty if none is set."""
        value = self.roots.get(root_setting(listing), "")
        return tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)


def root_setting(listing: Listing) -> str:
    """The setting with the folder of a benchmark's sequences."""
    return listing.setting or f"{OWN}{listing.benchmark.lower()}"


@contextmanager
def cluster(settings: Settings) -> Iterator[None]:
    """Connect to the Dask scheduler while the block runs, when `backend` is `dask`.

    Tasks read and write by paths relative to the project's root folder: workers run in it too, at the same
    path on a shared file system. Certificates of a `tls://` scheduler are those of Dask's own configuration.

    Raises
    ------
    InputError
        If there is no such scheduler, it does not take our certificate, or a worker runs in another folder.
    """
    if settings.backend != "dask":
        yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "backend = dask needs the package `distributed`",
            do='Run: pip install -e ".[cluster]" -c constraints.txt',
        ) from None
    if not settings.scheduler:
        raise InputError(
            "backend = dask, but no scheduler is set",
            do="Run: python -m pipelines settings --set scheduler=tcp://127.0.0.1:8786",
        )
    try:
        client = Client(settings.scheduler, timeout="20s")
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {settings.scheduler} ({error})",
            do="Start one, and workers, as pipelines/SCALE.md says: on this machine "
            "`python -m dask scheduler --host 127.0.0.1 --dashboard-address 127.0.0.1:8787`",
        ) from None
    except (TypeError, RuntimeError) as error:  # what Dask raises without certificates, or without TLS
        raise InputError(
            f"Dask's configuration does not fit the scheduler {settings.scheduler} ({error})",
            do="Set up certificates as pipelines/SCALE.md says, and write the address with tls://",
        ) from None
    with client:
        here = str(Path.cwd())
        for worker, folder in client.run(os.getcwd).items():
            if folder != here:
                raise InputError(
                    f"the Dask worker at {worker} was started in {folder}, but the project is in {here}",
                    do="Start every worker in the project's root folder, at the same path on every machine",
                )
        yield


def load(environment: Mapping[str, str] = os.environ, file: Path = FILE) -> Settings:
    """The settings in force: defaults, then the file, then the environment.

    Raises
    ------
    InputError
        For an unknown key or a value of the wrong type, naming the key and the file or variable.
    """
    found = {name: value for name, (value, _) in sources(environment, file).items()}
    fixed = {field.name for field in fields(Settings)}
    return Settings(
        **{name: value for name, value in found.items() if name in fixed},
        roots={name: value for name, value in found.items() if name not in fixed},
    )


def sources(environment: Mapping[str, str] = os.environ, file: Path = FILE) -> dict[str, tuple[Any, str]]:
    """For every setting, its value and where it comes from (`default`, the file, or the variable)."""
    defaults = {field.name: field.default for field in fields(Settings)}
    found: dict[str, tuple[Any, str]] = {name: (defaults.get(name, ""), "default") for name in FIELDS}
    for name, value in _read(file).items():
        found[name] = (value, str(file))
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            name = re.sub("^roots_", OWN, name)
            found[name] = (_typed(name, text, variable), variable)
    return found


def store(changes: Mapping[str, str], file: Path = FILE) -> None:
    """Write settings to the file, keeping those already there; an empty value removes one.

    Raises
    ------
    InputError
        For an unknown key or a value of the wrong type, there or among the changes; nothing is written then.
    """
    values = _read(file)
    for name, text in changes.items():
        values.pop(name, None)
        if text or not known(name):
            values[name] = _typed(name, text, "--set")
    lines = ["# Runtime settings of this clone (git-ignored); see pipelines/settings.py"]
    # Texts without control characters are the same in JSON and in TOML.
    order = [*(name for name in FIELDS if name in values), *(name for name in values if name not in FIELDS)]
    lines += [f"{name} = {json.dumps(values[name], ensure_ascii=False)}" for name in order]
    write_bytes(file, ("\n".join(lines) + "\n").encode())


def _read(file: Path) -> dict[str, Any]:
    """The settings in a file, each of its type."""
    do = "Correct or delete it"
    try:
        content = read_outside(file, limit=LIMIT, kind="a file of settings", do=do)
        found = tomllib.loads(content.decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"{file} is not readable TOML ({error})", do=do) from None
    own = found.pop("roots", {})
    if not isinstance(own, dict):
        raise InputError(f"{file}: roots = {own} is not a table", do='Write roots.<name> = "/path"')
    found |= {f"{OWN}{name}": value for name, value in own.items()}
    return {name: _typed(name, value, str(file)) for name, value in found.items()}


def known(name: str) -> bool:
    """Whether a setting has that name; the user's own `roots` count."""
    return name in FIELDS or bool(re.fullmatch(f"{re.escape(OWN)}{OWN_NAME}", name))


def _typed(name: str, value: Any, place: str) -> Any:
    """A value as the type of its setting; only texts are converted."""
    if not known(name):
        raise InputError(
            f"{place}: unknown setting {name!r}", do=f"Known settings: {', '.join(FIELDS)}, {OWN}<benchmark>"
        )
    try:
        return FIELDS.get(name, PLACE).validate_python(value, strict=not isinstance(value, str))
    except ValidationError as error:
        what = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise InputError(
            f"{place}: {name} = {printable(str(value))}: {what[0].lower()}{what[1:]}",
            do="Give another value, or none",
        ) from None


PLACE: TypeAdapter[Any] = TypeAdapter(Place)

FIELDS: Mapping[str, TypeAdapter[Any]] = {
    "vid_root": PLACE,
    **dict.fromkeys(root_settings().values(), PLACE),
    **{row.setting: PLACE for row in LAYOUTS.values() if row.setting},
    **{
        name: TypeAdapter(kind)
        for name, kind in get_type_hints(Settings, include_extras=True).items()
        if name not in ("vid_root", "roots")
    },
}
"""Every setting, and what its value must be; and there are those of one's own benchmarks and parts."""
