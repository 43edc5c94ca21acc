"""The commands there are: name, group and summary of each, known without importing any of them."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """One command; its module carries its name, and its docstring begins with the summary."""

    name: str
    group: str
    summary: str

    @property
    def module(self) -> str:
        """Full name of its module."""
        return f"pipelines.{self.name}" if self.group == STAGE else f"pipelines.tools.{self.name}"


STAGE = "stages, in the order of `dvc repro`"
SET_UP = "set up and share"
RESULTS = "look at results"
FILES = "score and exchange anybody's files"
TRACK = "run a tracker"
STUDY = "compare settings"

COMMANDS = (
    Command(
        "sample",
        STAGE,
        "Generate the built-in dataset: a small VID tree, and sequences of the five benchmarks.",
    ),
    Command(
        "manifest", STAGE, "Record what the dataset holds: one manifest for each subset and each benchmark."
    ),
    Command("annotate", STAGE, "Read the XML annotations of one subset into columnar tracks."),
    Command("crop", STAGE, "Cut the search-region crops of one subset, one tar a video."),
    Command("imdb", STAGE, "Join tracks and shard offsets into the two indices that training reads."),
    Command(
        "quality",
        STAGE,
        "Show what was curated: contact sheets, distributions, the strangest tracks, what was skipped and why.",
    ),
    Command("train", STAGE, "Train the Siamese network on pairs of crops: weights, curves and pictures."),
    Command("track", STAGE, "Run the trackers on the sequences of one benchmark."),
    Command("score", STAGE, "Score the result files, ours and imported ones, and build the report."),
    Command(
        "doctor", SET_UP, "Check the installation, the DVC cache and the dataset, and say what is missing."
    ),
    Command(
        "check", SET_UP, "Check that dvc.lock is up to date, without any data: for continuous integration."
    ),
    Command("settings", SET_UP, "Show or set where the data are and how to run (jobs, backend, device)."),
    Command(
        "profile",
        SET_UP,
        "Change params.yaml: apply a profile (other data, published sizes), or set single keys.",
    ),
    Command(
        "team", SET_UP, "Share one DVC cache with a group, so that nobody crops what a colleague has cropped."
    ),
    Command("push", SET_UP, "Push everything a colleague needs to repeat the pipeline without computing."),
    Command(
        "summary",
        RESULTS,
        "Print the scores of the last run, the trackers' speed, and where the pictures are.",
    ),
    Command(
        "table",
        RESULTS,
        "Print scores sequence by sequence as a Markdown table, runs of one tracker with several seeds merged.",
    ),
    Command(
        "compare",
        RESULTS,
        "Compare two trackers, or two runs, sequence by sequence, with paired bootstrap intervals.",
    ),
    Command("evaluate", FILES, "Score anybody's result files on a benchmark, without running the pipeline."),
    Command("convert", FILES, "Write a tracker's results in another toolkit's format."),
    Command("classic", FILES, "Export or import loose crops, as SiamFC-PyTorch and py-DSLT read them."),
    Command(
        "follow",
        TRACK,
        "Track a target through a video: boxes as OTB text, and an annotated MP4 that browsers play.",
    ),
    Command(
        "starts", TRACK, "Run a tracker from other first frames and boxes, for OTB's scores TRE and SRE."
    ),
    Command(
        "vot", TRACK, "Serve a tracker to the VOT toolkit through TraX, or print how to register it there."
    ),
    Command(
        "study", STUDY, "Compare losses: the same training with each and several seeds; one table, one plot."
    ),
    Command(
        "ablation",
        STUDY,
        "Compare forms of the online tracker: losses x residual connections x online update, several seeds.",
    ),
)

BY_NAME = {command.name: command for command in COMMANDS}
STAGES = tuple(command.name for command in COMMANDS if command.group == STAGE)
TOOLS = tuple(command.name for command in COMMANDS if command.group != STAGE)


def overview() -> str:
    """All commands with their summaries, one a line, under their groups."""
    lines = []
    for group in dict.fromkeys(command.group for command in COMMANDS):
        lines.append(f"\n{group}:")
        lines += [f"  {name:<10} {summary}" for name, of, summary in COMMANDS if of == group]
    return "\n".join(lines).lstrip("\n")
