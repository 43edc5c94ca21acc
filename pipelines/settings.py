"""Runtime settings: where the data stand and how to run. They change no result, so DVC never sees them.

One place for them: the file `.settings.toml` at the project's root (git-ignored), or environment
variables, which win. `python -m pipelines settings` prints what is in force and where each value comes
from; `python -m pipelines settings --set vid_root=/data/ILSVRC2015` writes the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from curation.errors import InputError
from curation.files import write_bytes
from curation.parallel import Workers

FILE = Path(".settings.toml")
PREFIX = "DSLT_"


@dataclass(frozen=True)
class Settings:
    """Runtime settings; each is also the environment variable `DSLT_<NAME>`.

    Folders are absolute or relative to the project's root, and are never written to.
    """

    vid_root: str = ""
    """Folder of ILSVRC15 VID that holds `Data/VID` and `Annotations/VID`."""
    otb_root: str = ""
    """Folder of OTB sequences (`Basketball/img`, ...); several folders are joined by `os.pathsep`."""
    tc128_root: str = ""
    """Folder of Temple-Color-128 sequences."""
    uav123_root: str = ""
    """Folder of UAV123 that holds `data_seq` and `anno`."""
    vot2016_root: str = ""
    """Folder of VOT2016 sequences."""
    backbone_weights: str = ""
    """File of the online tracker's backbone, where `track.backbone` is no network of this pipeline."""
    jobs: int = -1
    """Worker processes; -1 is one a core."""
    backend: str = "loky"
    """joblib backend: `loky` (processes here) or `dask` (a cluster, see `scheduler`)."""
    scheduler: str = ""
    """Address of the Dask scheduler, for backend `dask`: `tcp://127.0.0.1:8786`, or `tls://host:8786`."""
    device: str = "auto"
    """Device of training and tracking: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`."""
    strict_manifest: bool = False
    """Read every byte of the dataset again instead of trusting names, sizes and times of files."""

    @property
    def workers(self) -> Workers:
        return Workers(jobs=self.jobs, backend=self.backend)

    @property
    def backbone_file(self) -> Path | None:
        return Path(self.backbone_weights).expanduser() if self.backbone_weights else None

    def benchmark_roots(self, benchmark: str) -> tuple[Path, ...]:
        """Folders in which to look for a benchmark's sequences; empty when none is set."""
        value: str = getattr(self, root_name(benchmark), "")
        return tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part)

    def needed_roots(self, benchmark: str) -> tuple[Path, ...]:
        """As `benchmark_roots`; raises `InputError`, saying how to set one, where there is none."""
        roots = self.benchmark_roots(benchmark)
        if not roots:
            name = root_name(benchmark)
            raise InputError(
                f"the sequences of {benchmark} stand outside the project, but no {name} is set",
                do=f"Run: python -m pipelines settings --set {name}=/path, or drop {benchmark} "
                "from dataset.benchmarks",
                reason="missing root",
            )
        return roots


def root_name(benchmark: str) -> str:
    """The setting that says where a benchmark's sequences stand; OTB's three share one."""
    return f"{'otb' if benchmark.startswith('otb') else benchmark}_root"


@contextmanager
def cluster(settings: Settings) -> Iterator[None]:
    """Connect to the Dask scheduler while the block runs, when `backend` is `dask`.

    Tasks read and write by paths relative to the project's root folder: workers stand in it too, at the same
    path on a shared file system. Certificates of a `tls://` scheduler are those of Dask's own configuration.

    Raises
    ------
    InputError
        If there is no such scheduler, it does not take our certificate, or a worker stands elsewhere.
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
    return Settings(**{name: value for name, (value, _) in sources(environment, file).items()})


def sources(environment: Mapping[str, str] = os.environ, file: Path = FILE) -> dict[str, tuple[Any, str]]:
    """For every setting, its value and where it comes from (`default`, the file, or the variable)."""
    defaults = {field.name: field.default for field in fields(Settings)}
    found: dict[str, tuple[Any, str]] = {name: (value, "default") for name, value in defaults.items()}
    for name, value in _read(file).items():
        found[name] = (_typed(name, value, defaults, f"{file}"), str(file))
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            found[name] = (_typed(name, text, defaults, variable), variable)
    return found


def store(changes: Mapping[str, str], file: Path = FILE) -> None:
    """Write settings to the file, keeping those already there; an empty value removes one."""
    defaults = {field.name: field.default for field in fields(Settings)}
    values = {
        **_read(file),
        **{name: _typed(name, text, defaults, "--set") for name, text in changes.items()},
    }
    lines = ["# Runtime settings of this clone (git-ignored); see pipelines/settings.py"]
    for name in (name for name in defaults if values.get(name, "") != ""):
        value = values[name]
        literal = str(value).lower() if isinstance(value, bool | int) else _quoted(value)
        lines.append(f"{name} = {literal}")
    write_bytes(file, ("\n".join(lines) + "\n").encode())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not readable TOML ({error})", do="Mend or delete it") from None


def _typed(name: str, value: Any, defaults: Mapping[str, Any], place: str) -> Any:
    if name not in defaults:
        raise InputError(f"{place}: unknown setting {name!r}", do=f"Known settings: {', '.join(defaults)}")
    kind = type(defaults[name])
    if isinstance(value, str) and kind is not str:
        try:
            value = (
                {"true": True, "1": True, "false": False, "0": False}[value.lower()]
                if kind is bool
                else kind(value)
            )
        except (KeyError, ValueError):
            raise InputError(f"{place}: {name} = {value!r} is not a {kind.__name__}", do="Mend it") from None
    if type(value) is not kind:
        raise InputError(f"{place}: {name} = {value!r} is not a {kind.__name__}", do="Mend it")
    if name == "jobs" and (value == 0 or value < -1):
        raise InputError(f"{place}: jobs = {value}, expected -1 or at least 1", do="Mend it")
    if name == "backend" and value not in ("loky", "dask", "threading"):
        raise InputError(f"{place}: backend = {value!r}, expected loky, dask or threading", do="Mend it")
    return value
