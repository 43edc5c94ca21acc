"""Run by vot-toolkit's own environment, `.peers`: its experiments and its analyses of a folder of sequences.

    python toolkit_script.py SEQUENCES WORKSPACE LOW HIGH KIND[=COMMAND] ...
Prints a JSON object by kind: accuracy, robustness and EAO of the tracker `ours`, and by sequence. With a command the
tracker is run first, through TraX; else its results lie in the workspace.
"""

import json
import os
import sys
from pathlib import Path

from vot.analysis import multistart, supervised
from vot.analysis.processor import AnalysisProcessor, DebugExecutor
from vot.dataset.common import read_sequence_legacy
from vot.experiment.multirun import SupervisedExperiment
from vot.experiment.multistart import MultiStartExperiment
from vot.tracker import Tracker
from vot.workspace.storage import LocalStorage

KINDS = {
    "multistart": (MultiStartExperiment, multistart, {"curves"}),
    "supervised": (SupervisedExperiment, supervised, set()),
}
tree, work, low, high, *kinds = sys.argv[1:]
names = sorted(path.name for path in Path(tree).iterdir() if path.is_dir())
sequences = [read_sequence_legacy(str(Path(tree, name))) for name in names]
found = {}
for word in kinds:
    kind, _, command = word.partition("=")
    make, module, inner = KINDS[kind]
    tracker = Tracker("ours", "", command, protocol="trax", timeout="120")
    experiment = make("baseline", LocalStorage(str(Path(work, kind))))
    for sequence in sequences if command else ():
        experiment.execute(tracker, sequence)
    curve = {"eaocurve": {name: {"high": int(high)} for name in inner}} if inner else {}
    processor = AnalysisProcessor(DebugExecutor(), {})
    each, average, eao = (
        processor.run(analysis, experiment, [tracker], sequences)
        for analysis in (
            module.AccuracyRobustness(),
            module.AverageAccuracyRobustness(),
            module.EAOScore(low=int(low), high=int(high), **curve),
        )
    )
    found[kind] = {
        "accuracy": average[0, 0][0],
        "robustness": average[0, 0][1],
        "eao": eao[0, 0][0],
        "sequences": {name: each[0, place][:2] for place, name in enumerate(names)},
    }
sys.stdout.write(f"\n{json.dumps(found)}\n")
sys.stdout.flush()
os._exit(0)  # the threads of its processor would wait for ever
