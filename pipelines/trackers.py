"""Make a tracker from command-line options, in any folder, for `track`, `follow`, `vot` and `starts`."""

from __future__ import annotations

import argparse
import contextlib
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from curation.documents.document import Fields
from curation.errors import InputError
from curation.rows import OWN, is_own
from pipelines import parameters, paths, settings
from pipelines.benchmarks import open_benchmark
from pipelines.tracker_worth import has_fixed_features, profile_of, worth
from training.backbones.convention import ConventionName
from training.tracking.roster import TRACKERS, TRAX

if TYPE_CHECKING:
    from training.benchmark.scores.starts import Starts
    from training.tracking.run.benchmark_run import Contender
    from training.tracking.track_config import TrackConfig

log = logging.getLogger(__name__)

READ: Mapping[str, Sequence[str]] = {
    "": ("weights", "backbone", "convention"),
    "online": ("weights", "backbone", "convention"),
    "siamese": ("weights",),
    "untrained": ("weights",),
}
"""Tracker ("" is the best one here) -> the options beside `--tracker` that it reads; others read none."""


@dataclass(frozen=True)
class Chosen:
    """A tracker, its description, and a warning if it should not be trusted.

    Attributes
    ----------
    contender : Contender
    words : str
        Which it is, on what, and what that is worth on real video.
    warning : str
        Why not to trust it; empty if there is no reason.
    """

    contender: Contender
    words: str
    warning: str


def add_arguments(parser: argparse.ArgumentParser, *, default: str | None = "siamese") -> None:
    """The options that choose a tracker; `default` "" is the best one with weights."""
    parser.add_argument(
        "--tracker",
        default=default,
        metavar="NAME",
        help=f"{', '.join(TRACKERS)}, or your own, {OWN}, or {TRAX}COMMAND that speaks TraX"
        + ("" if default is None else f" ({default or 'the best one with weights'})"),
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help=f"weights file; default: what params.yaml names, {'what is installed, ' if default == '' else ''}"
        "or the network trained here",
    )
    parser.add_argument(
        "--backbone",
        metavar="NAME",
        help="online: what --weights holds, a name as for track.backbone in params.yaml (as the file tells)",
    )
    parser.set_defaults(best=default == "")  # else what runs is what params.yaml says, whatever is installed
    parser.add_argument(
        "--convention",
        metavar="NAME",
        help="online: images that --weights want: caffe, caffe_rgb, torchvision (as the file tells)",
    )


def choose(options: argparse.Namespace, *, device: str = "") -> Chosen:
    """The tracker of the command line, with the settings of params.yaml.

    Parameters
    ----------
    options : Namespace
        As of `add_arguments`.
    device : str
        Instead of the setting's.

    Raises
    ------
    InputError
        If its weights are missing, damaged, or not those that params.yaml names.
    """
    from training.device import pick_device
    from training.tracking.contenders import contenders

    check_options(options)
    home = project()
    raw = (parameters.read(home / parameters.FILE).get("track") if home else None) or {}
    raw.pop("recipe", None)  # it is this code that runs, whatever its file says
    with contextlib.chdir(home or Path()):  # one's own in params.yaml lies there
        runtime = settings.load()
        config: TrackConfig = parameters.build("track", raw, str(parameters.FILE))
        toy = _is_toy()
        if head := config.online.refine.weights:
            raw = _laid_over(raw, {"online": {"refine": {"weights": str(Path(head).resolve())}}})
    place = pick_device(device or runtime.device)
    trained, file = (home or Path()) / paths.WEIGHTS, runtime.backbone_file
    file = home / file if home and file else file
    name = options.tracker or ("online" if options.backbone else "")
    if name in ("", "online"):
        found = _backbone(options, config, file, toy=toy)
        if found:
            kind, file, changes = found
            name = name or ("siamese" if kind == "siamese" else "online")
            trained = file if kind == "siamese" and file else trained
            config = parameters.build("track", _laid_over(raw, changes), f"the backbone {kind}")
    if not name:
        name = "siamese" if trained.is_file() and (not toy or has_fixed_features(trained)) else "template"
    if options.weights and name not in ("", "online"):
        trained = options.weights
    named = next((c for c in config.trackers if not isinstance(c, str) and name in c), name)
    config = replace(config, trackers=(named,), online_seeds=1)
    [contender] = contenders(config, weights=trained, backbone=file, device=str(place))
    generated = toy and not options.weights
    return Chosen(contender, *worth(name, config, weights=trained, file=file, generated=generated))


def check_options(options: argparse.Namespace) -> None:
    """Raise `InputError` for an unknown tracker, or an option that it does not read; one's own code is not run."""
    name = options.tracker or ""
    if name and not name.startswith(TRAX) and not is_own(name):
        TRACKERS[name]  # an unknown name ends here
    for option in READ["online"]:
        if getattr(options, option) is not None and option not in READ.get(name, ()):
            readers = [f"--tracker {reader}" for reader, read in READ.items() if reader and option in read]
            raise InputError(
                f"--{option} has no effect with --tracker {name}",
                do=f"Leave it out, or name a tracker that reads it: {', '.join(readers)}",
            )
    convention = options.convention
    if convention is not None and convention not in get_args(ConventionName):
        raise InputError(
            f"--convention {convention} is not known", do=f"Known: {', '.join(get_args(ConventionName))}"
        )
    if convention is not None and options.weights is None:
        raise InputError(
            f"--convention {convention} has no effect: it says which images the file of --weights wants",
            do="Give the file too: --weights FILE; of the file that params.yaml names: track.backbone.convention",
        )


def project() -> Path | None:
    """The project's folder: this one if its params.yaml is ours, else the code's; None if neither fits."""
    for folder in (Path(), Path(__file__).parents[1]):
        file = folder / parameters.FILE
        if file.is_file() and re.search(rb"^track *:", file.read_bytes(), re.MULTILINE):
            return folder
    return None


def _backbone(
    options: argparse.Namespace, config: TrackConfig, file: Path | None, *, toy: bool
) -> tuple[str, Path | None, Mapping[str, Any]] | None:
    """Name and file of the online tracker's backbone, and its changes to section `track`.

    None where nothing but the network trained here is at hand, and nobody asked for it.
    """
    from training.backbones.backbone_config import BACKBONES
    from training.backbones.choice import installed, recognise
    from training.backbones.weight_files import sha256_of

    configured = config.backbone
    name, digest = options.backbone, ""
    if options.weights:
        name = name or recognise(options.weights)
        digest = sha256_of(options.weights)
    elif name is None and not BACKBONES[configured.name].trained:
        return configured.name, file, {}
    elif name is None:
        found = installed()
        if not found or not options.best or not (toy or options.tracker == ""):
            return ("siamese", None, {}) if options.tracker else None
        name = found[0]
    elif name == configured.name:
        return name, None if BACKBONES[name].trained else file, {}
    elif not (BACKBONES[name].trained or BACKBONES[name].package):
        raise InputError(
            f"--backbone {name} was given without --weights",
            do="Give its file: --weights FILE; or leave out --backbone to take the best one here",
        )
    chosen = {"name": name, "sha256": digest, "convention": options.convention or "auto"}
    if BACKBONES[name].trained:
        if options.convention is not None:
            raise InputError(
                f"--convention {options.convention} has no effect: networks of the train stage have one of their own",
                do="Leave it out",
            )
        chosen |= {"sha256": "", "precision": configured.precision}
        return name, options.weights, {"backbone": chosen}
    return name, options.weights, _with_profile(chosen, configured.name)


def _with_profile(backbone: Fields, configured: str) -> Fields:
    """The changes that come with a backbone: itself, its precision, and the settings of its profile in the place of the
    configured backbone's.
    """
    from training.device import multiplies_bfloat16

    backbone = {**backbone, "precision": "bfloat16" if multiplies_bfloat16() else "float32"}
    if backbone["name"] == configured:
        return {"backbone": backbone}
    others = profile_of(configured).get("online") or {}
    plain = _only(asdict(parameters.build("track", {}, "").online), others)
    return {
        "backbone": backbone,
        "online": _laid_over(plain, profile_of(backbone["name"]).get("online") or {}),
    }


def _only(values: Any, keys: Any) -> Any:
    """The values of nested keys."""
    return {key: _only(values[key], keys[key]) for key in keys} if isinstance(keys, Mapping) else values


def _laid_over(below: Any, above: Any) -> Any:
    """Merge nested mappings; the values above win."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {
        key: _laid_over(below.get(key), above[key]) if key in above else below[key]
        for key in {**below, **above}
    }


def _is_toy() -> bool:
    """Whether the network here was trained on the built-in dataset, by params.yaml."""
    from pipelines.sources import built_in

    if not parameters.FILE.is_file():
        return True
    dataset = parameters.read().get("dataset") or {}
    return built_in(str(dataset.get("vid", "")))


def run_by_hand(options: argparse.Namespace, starts: Sequence[Starts | None]) -> None:
    """Run the tracker of the command line on its benchmark, once for each of `starts` (None: one pass).

    Finished sequences are kept in data/.store; results go to `--out`.

    Raises
    ------
    InputError
        As `choose`, `open_benchmark` and `run_benchmark`; or for starts of a benchmark that has no such score.
    """
    from pipelines.manifest import scan_benchmark
    from training.tracking.run.benchmark_run import run_benchmark

    runtime = settings.load()
    contender = choose(options).contender
    benchmark = open_benchmark(options, images=True)
    if benchmark.kind != "ope" and any(starts):
        raise InputError(
            f"TRE and SRE are not for {benchmark.title}", do="Name a one-pass benchmark, such as otb2015"
        )
    if benchmark.missing:
        log.warning("%s: %d sequences are missing", benchmark.title, len(benchmark.missing))
    with settings.cluster(runtime):
        manifest = scan_benchmark(benchmark, runtime)
        for one in starts:
            times = run_benchmark(
                benchmark,
                [contender],
                manifest=manifest,
                out=options.out,
                store=paths.STORE / "results",
                state=paths.STATE,
                workers=runtime.workers,
                starts=one,
            )
            rate = times["trackers"][contender.name]["frames_per_second"]
            what, flag = (f"{one.upper()}, ", f" --starts {one}") if one else ("", "")
            sys.stdout.write(
                f"{benchmark.title}, {what}{contender.name}: {len(benchmark.sequences)} sequences, "
                f"{rate:.1f} frames/s. Score them: python -m pipelines evaluate {options.benchmark} {options.out}"
                f"{flag}\n"
            )
