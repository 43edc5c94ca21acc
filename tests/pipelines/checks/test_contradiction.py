"""Parameters on record beside those that the output names itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines.checks.contradiction import Proof, contradiction
from pipelines.checks.outcomes import Outcome


def read(path: Path) -> dict[str, Any] | None:
    found = orjson.loads(path.read_bytes())
    return found if isinstance(found, dict) else None


PROOF = Proof("train", "train", "weights", read)


def outcome(cache: Path, recorded: Any, said: Any) -> Outcome:
    name = "ab" + "0" * 30
    path = cache / "files/md5" / name[:2] / name[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(said))
    return Outcome("train", {"train": recorded}, {"models/weights": name}, cache, None)


SAID = {"seed": 7, "loss": {"name": "l2", "speed": 10.0}, "sizes": [1, 2]}


@pytest.mark.parametrize(
    "recorded",
    [
        SAID,
        {"seed": 7},
        {"seed": 7.0, "sizes": (1, 2)},
        {**SAID, "a parameter of another version": 1},
        {"loss": {"name": "l2", "new": 3}},
        {"loss": "of another version"},
        {},
    ],
)
def test_what_agrees_or_cannot_be_compared_is_no_contradiction(tmp_path: Path, recorded: Any) -> None:
    assert contradiction(outcome(tmp_path, recorded, SAID), [PROOF]) == ""


@pytest.mark.parametrize(
    ("recorded", "words"),
    [
        ({"seed": 0}, "train.seed is 7, recorded as 0"),
        ({**SAID, "loss": {"name": "focal"}}, "train.loss.name is l2, recorded as focal"),
        ({"sizes": [1]}, "train.sizes is [1, 2], recorded as [1]"),
    ],
)
def test_a_value_that_differs_is_named(tmp_path: Path, recorded: Any, words: str) -> None:
    assert contradiction(outcome(tmp_path, recorded, SAID), [PROOF]) == words


def test_an_output_that_is_not_here_or_does_not_say_is_no_contradiction(tmp_path: Path) -> None:
    assert contradiction(outcome(tmp_path, {"seed": 0}, []), [PROOF]) == ""
    gone = outcome(tmp_path, {"seed": 0}, SAID)
    path = gone.object("models/weights")
    assert path is not None
    path.unlink()
    assert contradiction(gone, [PROOF]) == ""
    assert (
        contradiction(outcome(tmp_path, {"seed": 0}, SAID), [Proof("crop", "crop", "index.json", read)]) == ""
    )
