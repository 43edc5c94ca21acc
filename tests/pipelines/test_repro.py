"""The real thing: `dvc repro` in a temporary clone, and what re-runs when something changes."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.pipelines.clone import Clone, clone_again
from tests.pipelines.team import copy_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("repro")]

SUBSETS = ("a", "b", "c", "d", "e")
BENCHMARKS = ("otb2013", "otb2015", "tc128", "uav123", "vot2016")
AFTER_TRAIN = {"train", "score"} | {f"track@{name}" for name in BENCHMARKS}


@pytest.fixture(scope="module")
def clone(built: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return copy_of(built, tmp_path_factory.mktemp("clone") / "päth with space")


def test_a_second_run_runs_the_manifest_and_nothing_else(clone: Clone) -> None:
    assert clone.repro().ran == {"manifest"}


def test_everything_promised_is_there(clone: Clone) -> None:
    for name in SUBSETS:
        assert list((clone.folder / "data/crops" / name).glob("*.tar"))
    for path in (
        "data/imdb/imdb_video_train.json",
        "data/imdb/imdb_video_val.json",
        "models/siamese.safetensors",
        "reports/score/scores.json",
        "reports/index.html",
    ):
        assert (clone.folder / path).stat().st_size > 0
    table = clone.pipelines("summary").stdout
    trackers = ("Siamese, trained", "Siamese, untrained", "template matching", "still first box")
    for words in (*trackers, "matlab", "OTB-2013", "UAV123", "VOT2016"):
        assert words in table


def test_git_sees_nothing_but_the_lock_and_small_reports(clone: Clone) -> None:
    status = clone.run("git", "status", "--porcelain").stdout.split()
    paths = [word for word in status if "/" in word or "." in word]
    assert all(path in ("params.yaml", "dvc.lock") or path.startswith("reports/") for path in paths), paths


def test_a_training_parameter_reruns_train_track_score_and_going_back_restores(clone: Clone) -> None:
    clone.pipelines("profile", "--set", "train.optimiser.learning_rate=0.0123")
    assert clone.repro().ran == AFTER_TRAIN | {"manifest"}
    before = clone.locked()
    clone.run("git", "checkout", "-q", "params.yaml")
    from tests.pipelines.clone import TINY

    clone.pipelines("profile", "--set", *TINY)
    back = clone.repro()
    assert back.ran == {"manifest"}
    assert back.restored == AFTER_TRAIN
    assert clone.locked() != before


def test_another_protocol_scores_again_without_tracking(clone: Clone) -> None:
    clone.pipelines("profile", "--set", "score.protocol=pysot")
    assert clone.repro().ran == {"manifest", "score"}
    assert "pysot" in clone.pipelines("summary").stdout
    clone.pipelines("profile", "--set", "score.protocol=matlab")
    back = clone.repro()
    assert (back.ran, back.restored) == ({"manifest"}, {"score"})
    assert "pysot" not in clone.pipelines("summary").stdout


def test_dvc_shows_the_plots(clone: Clone) -> None:
    """`dvc plots show` draws the curves of the trackers and of the training into one page."""
    clone.run("dvc", "plots", "show")
    page = (clone.folder / "dvc_plots/index.html").read_text()
    clone.run(*["dvc", "plots", "show", "reports/train/speed.csv", "-x", "epoch", "-y", "pairs_per_second"])
    assert "pairs_per_second" in (clone.folder / "dvc_plots/index.html").read_text()
    assert "dvc_plots" not in clone.run("git", "status", "--porcelain").stdout
    for words in ("Success", "Precision", "Expected overlap", "OTB-2013", "siamese", "template"):
        assert words in page


def test_dvc_shows_few_numbers_of_one_stage_and_what_is_out_of_date(clone: Clone) -> None:
    shown = clone.run("dvc", "metrics", "show", "reports/score/metrics.json").stdout
    assert len(shown.splitlines()[0].split()) < 8
    assert clone.run("dvc", "status").stdout.split() == ["manifest:", "always", "changed"]


def test_two_clones_and_any_number_of_workers_give_the_same_bytes(
    clone: Clone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = clone_again(clone, tmp_path_factory.mktemp("other") / "clone")
    other.environment["DSLT_JOBS"] = "1"
    other.repro()
    ours, theirs = clone.locked(), other.locked()
    timed = ("data/times/", "reports/index.html", "reports/score/speed.json")
    different = {path for path in ours if ours[path] != theirs[path] and not path.startswith(timed)}
    assert set(ours) == set(theirs)
    assert not different


def test_real_data_in_place_rerun_only_what_they_touch(
    clone: Clone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("raw") / "ILSVRC2015 kopie ö"
    shutil.copytree(clone.folder / "data/sample/vid", root)
    built_in = clone.locked()
    clone.pipelines("profile", "ilsvrc15")
    clone.pipelines("profile", "--set", *_same_but_data(clone))
    clone.environment["DSLT_VID_ROOT"] = str(root)
    moved = clone.repro()
    assert moved.ran == {"manifest"}, "the same data at another path re-runs nothing"
    assert "sample@vid" not in moved.output, "real data does not wait for the built-in dataset"
    assert {k: v for k, v in clone.locked().items() if "crops" in k} == {
        k: v for k, v in built_in.items() if "crops" in k
    }

    # Touched, not changed.
    for file in root.rglob("*.xml"):
        os.utime(file)
    assert clone.repro().ran == {"manifest"}

    # The renamed tree a..e, elsewhere: nothing to do either.
    renamed = tmp_path_factory.mktemp("renamed")
    for tree in ("Data", "Annotations"):
        for letter, old in zip("abcd", range(4), strict=True):
            shutil.copytree(
                root / tree / f"VID/train/ILSVRC2015_VID_train_000{old}",
                renamed / tree / "VID/train" / letter,
            )
        shutil.copytree(root / tree / "VID/val", renamed / tree / "VID/train/e")
    clone.environment["DSLT_VID_ROOT"] = str(renamed)
    assert clone.repro().ran == {"manifest"}
    clone.environment["DSLT_VID_ROOT"] = str(root)

    # One new box in one XML of subset c.
    xml = next(f for f in sorted((root / "Annotations/VID/train/ILSVRC2015_VID_train_0002").rglob("*.xml")))
    box = "<xmax>60</xmax><xmin>20</xmin><ymax>70</ymax><ymin>30</ymin>"
    flags = "<occluded>0</occluded><generated>0</generated>"
    new = f"<object><trackid>77</trackid><name>n1</name><bndbox>{box}</bndbox>{flags}</object>"
    xml.write_text(xml.read_text().replace("</annotation>", f"{new}</annotation>"))
    changed = clone.repro()
    curation = {
        name for name in changed.ran if name.split("@")[0] in ("sample", "manifest", "annotate", "crop")
    }
    assert curation == {"manifest", "annotate@c", "crop@c"}
    assert {"imdb", "quality"} <= changed.ran
    assert "1 of them finished earlier" in changed.output, "the other video of c is not cropped again"

    # A missing root with everything recorded: the manifest stands on the record and says so.
    clone.environment["DSLT_VID_ROOT"] = ""
    kept = clone.repro()
    assert kept.ran == {"manifest"}
    assert "the manifest on record is kept" in kept.output


def _same_but_data(clone: Clone) -> tuple[str, ...]:
    """Settings that take back all of the profile but where the videos stand."""
    from ruamel.yaml import YAML

    before = YAML(typ="safe").load(clone.run("git", "show", "HEAD:params.yaml").stdout)
    from tests.pipelines.clone import TINY

    profile = YAML(typ="safe").load((clone.folder / "pipelines/profiles/ilsvrc15.yaml").read_text())
    flat = []
    for section, values in profile.items():
        for key in values:
            if section != "dataset":
                flat.append(f"{section}.{key}={_yaml(before[section][key])}")
    return (*flat, "dataset.built_in=[sequences]", *TINY)


def _yaml(value: object) -> str:
    import json

    return json.dumps(value)
