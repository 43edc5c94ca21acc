"""The packaged lists: a benchmark's sequences with frame ranges, attributes and oddities.

`lists/<benchmark>.json` beside this module, and in the same form a file `<root>/<benchmark>.json` beside a
benchmark's folder, which takes the place of the packaged one (header fields it leaves out are taken from it):

    {"schema": 1, "benchmark": "otb2015", "title": "OTB-2015",
     "kind": "ope" | "vot",            "ope": boxes x y w h, 1-based; "vot": polygons, 0-based
     "origin": 0,                      optional: the top-left pixel in its files, where it is another one
     "metrics": ["op50", "mine.py:SR75"],  optional: its own metrics, the first ranks; by key, or one's own by place
     "protocol": "lasot",              optional: whose rules `matlab`, its own authors' code, stands for (OTB's); of
                                       "vot": "multistart", in place of the supervised experiment
     "truth": "first",                 optional: only the first box is given away, a server scores the rest
     "flags": {"out_of_view.txt": "absent"},  optional: files of 0/1 beside the annotation; `absent` where one of
                                       them is not 0, `present` where it is not 0
     "setting": "otb_root",            of a packaged list: the setting that says where the sequences are
     "root": "../videos",              of one's own list: the folder of the sequences (the list's own)
     "folders": ["OTB", ...],          optional: names the benchmark's own folder goes by inside a root
     "results": ["OTB2015", ...],      optional: names of a folder of its results, got10k's first
     "eao_interval": [108, 371],       optional, only "vot": lengths over which EAO averages (its year's, or 2016's)
     "invalid_rows": true,             false: the authors' code has no rule for rows with a number <= 0
     "absent_rows": false,             true: a NaN row of the ground truth means the target is absent (UAV123)
     "attributes": ["IV", ...],        order for tables; for "vot" the per-frame tags
     "sequences": [
       {"name": "Jogging.1",
        "folder": "Jogging",           frames and annotation lie below it
        "gt_file": "groundtruth_rect.1.txt",   relative to `folder`, or else to the benchmark's folder
        "image": "img/%04d.jpg",       below `folder`; .png too, and for "vot" also below color/
        "start_frame": 1, "end_frame": 307,    numbers of image files, both included; end null: all there are
        "ope_start_frame": 6,          optional: one-pass evaluation starts here (Tiger1)
        "attributes": ["OCC", ...],    optional
        "init_omit": [[61, 83]],       optional: image numbers where TRE may not start
        "names": {"pysot": "Jogging-1"},       optional: name in files of matlab, pysot, pytracking
        "aliases": ["jog1"],           optional: more names in files; case and - _ . never matter
        "size": [w, h]}]}              optional: frame size in pixels, so that scoring VOT needs no image

A list without sequences takes their names from `names_in`: a file below the benchmark's folder with a name a line
(`list.txt`, as VOT's bundles have it), or a pattern of files that are called so (`anno/*.txt`); `each` is then the form
of every sequence, with `{name}` for the name.
A list may also be a choice from a packaged one, with `setting`, `folders` and `results` of its own or that one's, and
all sequences unless some are named:
`{"schema": 1, "benchmark": "otb50", "title": "OTB-50", "subset_of": "otb2015", "sequences": [names]}`.
One's own list lies anywhere and is named by its path, which ends in `.json`; its `benchmark` is a name of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from curation.config import STRICT, parameters
from curation.errors import InputError, printable
from curation.outside import read_outside
from curation.rows import unknown_name

FORM = "The form of a list is described in training/benchmark/sequences/sequence_list.py"

LISTS = Path(__file__).parent / "lists"

OWN_NAME = "[A-Za-z0-9_-]+"
"""Form of the name of one's own benchmark: it becomes the name of folders and of a setting."""

LIMIT = 1 << 18
"""Most bytes of a list; the longest packaged one has 27,485."""


def _inside(path: str) -> str:
    if printable(path) != path:
        raise ValueError("holds a character that cannot be printed")
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError("leads outside the benchmark's folder")
    return path


Inside = Annotated[str, AfterValidator(_inside)]
"""A name, or a path below the benchmark's folder: lists are data, and none of them may lead elsewhere."""

Number = Annotated[int, Field(ge=0, le=10**6)]
"""A number of an image, a length, or a side in pixels."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class Entry:
    """One sequence of a list; the fields are described in the module's docstring."""

    name: Inside = Field(min_length=1)
    folder: Inside
    gt_file: Inside = "groundtruth_rect.txt"
    image: Annotated[Inside, Field(pattern="^[^%]*%(0[1-9])?d[^%]*$")] = "img/%04d.jpg"
    start_frame: Number = 1
    end_frame: Number | None = None
    ope_start_frame: Number | None = None
    attributes: tuple[Inside, ...] = ()
    init_omit: tuple[tuple[Number, Number], ...] = ()
    names: dict[str, Inside] = Field(default_factory=dict)
    aliases: tuple[Inside, ...] = ()
    size: tuple[Number, Number] | None = None

    def __post_init__(self) -> None:
        numbers = [self.start_frame, self.ope_start_frame, self.end_frame]
        given = [number for number in numbers if number is not None]
        if given != sorted(given):
            raise ValueError(f"start_frame, ope_start_frame and end_frame are out of order: {given}")

    @property
    def rows(self) -> int | None:
        """Rows of ground truth that the list promises, or None where it does not know."""
        return None if self.end_frame is None else self.end_frame - self.start_frame + 1

    @property
    def lead_in(self) -> int:
        """Rows before the first frame of one-pass evaluation (5 for Tiger1, else 0)."""
        return 0 if self.ope_start_frame is None else self.ope_start_frame - self.start_frame


BUNDLE: Mapping[str, str | int] = {"folder": "{name}", "gt_file": "groundtruth.txt", "image": "%08d.jpg"}
"""The form of a sequence in a bundle of VOT."""


@parameters(frozen=True, kw_only=True, config=STRICT)
class Listing:
    """A benchmark's list: header and entries."""

    schema: Literal[1]
    benchmark: Inside
    title: Inside
    kind: Literal["ope", "vot"]
    setting: Inside = ""
    root: str = ""
    folders: tuple[str, ...] = ()
    results: tuple[Inside, ...] = ()
    absent_rows: bool = False
    invalid_rows: bool = True
    origin: Literal[0, 1] | None = None
    protocol: Inside = ""
    metrics: tuple[str, ...] = ()
    truth: Literal["all", "first"] = "all"
    flags: dict[Inside, Literal["absent", "present"]] = Field(default_factory=dict)
    names_in: Inside = "list.txt"
    each: dict[str, Inside | Number] = Field(default_factory=lambda: dict(BUNDLE))
    eao_interval: tuple[Number, Number] | None = None
    attributes: tuple[Inside, ...] = ()
    sequences: tuple[Entry, ...]

    @property
    def base(self) -> int:
        """The coordinate of the top-left pixel in the benchmark's files: 1 for one-pass benchmarks, 0 for VOT."""
        if self.origin is not None:
            return self.origin
        return 0 if self.kind == "vot" else 1

    def select(self, names: tuple[str, ...]) -> Listing:
        """The same list with only the named sequences, in the order of `names`."""
        by_name = {entry.name: entry for entry in self.sequences}
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise unknown_name(f"sequence of {self.benchmark}", unknown[0], list(by_name))
        return replace(self, sequences=tuple(by_name[name] for name in names))


@parameters(frozen=True, kw_only=True, config=STRICT)
class Choice:
    """A list that chooses from a packaged one."""

    schema: Literal[1]
    benchmark: Inside
    title: Inside
    subset_of: Annotated[str, Field(pattern="^[^/.]+$")]
    setting: Inside | None = None
    folders: tuple[str, ...] | None = None
    results: tuple[Inside, ...] | None = None
    sequences: tuple[str, ...] | None = None


Form = TypeVar("Form", Listing, Choice)


def name_sequences(listing: Listing, folders: Iterable[Path]) -> Listing:
    """Fill a list without sequences from the first of `folders` that has its `names_in`.

    Raises
    ------
    InputError
        If there are no such files, or they name nothing.
    """
    for folder in folders:
        files = [path for path in folder.glob(listing.names_in) if not path.name.startswith(".")]
        if "*" in listing.names_in:
            names = sorted(path.stem for path in files)
        else:
            names = [name for file in files for name in _content(file).decode("utf-8", "replace").split()]
        if names:
            entries = [
                {
                    key: str(value).format(name=name) if isinstance(value, str) else value
                    for key, value in form
                }
                for name in names
                for form in [{"name": "{name}", **listing.each}.items()]
            ]
            header = {key: value for key, value in asdict(listing).items() if key != "sequences"}
            return _checked(header | {"sequences": entries}, folder / listing.names_in)
    raise InputError(
        f"the list of the sequences of {listing.title}, {listing.names_in}, was not found",
        do=f"Give the folder of its bundle, with {listing.names_in} in it",
        reason="missing list",
    )


def name_key(name: str) -> str:
    """The common form of spellings of a name: lower case, one sign for all of `-_.` and spaces."""
    return re.sub(r"[-_. ]+", "-", name.strip().lower())


def packaged_names() -> list[str]:
    """Names of the packaged lists, sorted."""
    return sorted(path.stem for path in LISTS.glob("*.json"))


@cache
def _headers() -> Mapping[str, Mapping[str, Any]]:
    return {name: orjson.loads(_content(LISTS / f"{name}.json")) for name in packaged_names()}


def root_settings() -> Mapping[str, str]:
    """The setting with the sequences' folder, by the name of each packaged list."""
    headers = _headers()
    return {
        name: header.get("setting") or headers[header["subset_of"]]["setting"]
        for name, header in headers.items()
    }


def one_pass_names(*, whole: bool = False) -> list[str]:
    """Names of the packaged one-pass lists; `whole`: without choices from others, so that none shares a sequence."""
    headers = _headers()
    of = {name: header.get("subset_of", name) for name, header in headers.items()}
    return [
        name for name in headers if headers[of[name]]["kind"] == "ope" and (name == of[name] or not whole)
    ]


def is_path(name: str) -> bool:
    """Whether a benchmark's name is the path of the user's list."""
    return name.endswith(".json")


def load_listing(name: str, override: Path | None = None) -> Listing:
    """Read the packaged list of a benchmark, the user's list by its path, or the list in the file `override`.

    Raises
    ------
    InputError
        For an unknown name (the nearest is suggested), a list that is not in the documented form, or one of
        one's own that has the name of a packaged one.
    """
    if is_path(name):
        own = _read(Path(name), {})
        if own.benchmark in packaged_names() or not re.fullmatch(OWN_NAME, own.benchmark):
            raise InputError(
                f"{name}: `benchmark` is {own.benchmark!r}: a packaged list has that name, or it is not A-Za-z0-9-_",
                do="Give your list a name of its own in `benchmark`",
                reason="name taken",
            )
        return own
    packaged = LISTS / f"{name}.json"
    if override is None:
        if not packaged.is_file():
            raise unknown_name("benchmark", name, packaged_names())
        return _read(packaged, {})
    header = {}
    if packaged.is_file():
        base = asdict(load_listing(name))
        header = {key: base[key] for key in base if key not in ("schema", "benchmark", "sequences")}
    return _read(override, header)


def _content(path: Path) -> bytes:
    return read_outside(path, limit=LIMIT, kind="a list of sequences", do=FORM)


def _read(path: Path, header: dict[str, object]) -> Listing:
    try:
        document = orjson.loads(_content(path))
    except (FileNotFoundError, orjson.JSONDecodeError) as error:
        raise InputError(f"{path}: {error}", do=FORM, reason="bad list") from None
    if not isinstance(document, dict):
        raise InputError(f"{path} is not a JSON object", do=FORM, reason="bad list")
    if "subset_of" in document:
        choice = _typed(Choice, document, path)
        whole = load_listing(choice.subset_of)
        if choice.sequences is not None:
            whole = whole.select(choice.sequences)
        given = {key: value for key, value in vars(choice).items() if value is not None}
        own = {key: value for key, value in given.items() if key not in ("subset_of", "sequences")}
        return _distinct(replace(whole, **own), path)
    return _checked(header | document, path)


def _checked(document: dict[str, object], path: Path) -> Listing:
    return _distinct(_typed(Listing, document, path), path)


def _typed(kind: type[Form], document: dict[str, object], path: Path) -> Form:
    try:
        return TypeAdapter(kind).validate_json(orjson.dumps(document))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path}, {place}: {first['msg']}, found {str(first['input'])[:60]!r}",
            do=FORM,
            reason="bad list",
        ) from None


def _distinct(listing: Listing, path: Path) -> Listing:
    count = Counter(name_key(entry.name) for entry in listing.sequences)
    double = sorted(key for key, times in count.items() if times > 1)
    if double:
        raise InputError(f"{path} lists {double[0]} twice", do="Names must differ", reason="bad list")
    return listing
