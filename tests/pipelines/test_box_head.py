"""A box head of one's own: trained on the crops of this pipeline, named in params.yaml, used by the tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.errors import InputError
from pipelines import manifest, parameters, paths, settings
from pipelines.__main__ import main
from tests.training.backbones.random_weights import random_weights
from tests.training.fabricate import fabricate
from tests.training.tracking.scenes import moving_target
from training.backbones.weight_files import sha256_of
from training.boxes import box_pairs, box_training
from training.tracking.contenders import contenders

ROOT = Path(__file__).parents[2]
OUT = "models/box_head.safetensors"
TINY = ("--pairs", "12", "--steps", "3")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with crops of a few videos, whose backbone is a file of SqueezeNet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSLT_DEVICE", "cpu")
    np.savez("squeeze.npz", **{name: value.numpy() for name, value in random_weights("squeezenet").items()})
    Path("params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    Path(".settings.toml").write_text('backbone_weights = "squeeze.npz"\n')
    digest = sha256_of(Path("squeeze.npz"))
    assert (
        main(["profile", "--set", "track.backbone.name=squeezenet", f"track.backbone.sha256={digest}"]) == 0
    )
    for split in ("train", "val"):
        made = fabricate(tmp_path / "made", split, videos=2, seed=len(split))
        paths.IMDB.mkdir(parents=True, exist_ok=True)
        made.rename(paths.IMDB / made.name)
    paths.CROPS.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "made" / "crops").rename(paths.CROPS)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_it_is_trained_and_then_corrects_boxes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["box_head", "--out", OUT, *TINY]) == 0
    said = capsys.readouterr().out
    assert "place: mean error " in said
    assert OUT in said
    change = [
        "track.trackers=[online]",
        "track.online.refine.share=0.5",
        f"track.online.refine.weights={OUT}",
    ]
    assert main(["profile", "--set", *change]) == 0
    config = parameters.load("track")
    assert set(manifest.own_code(config)) == {"box head"}
    [contender] = contenders(config, weights=paths.WEIGHTS, backbone=settings.load().backbone_file)
    tracker = contender.make()
    frames, truth = moving_target(3, shape=(120, 160))
    tracker.init(frames[0], truth[0])
    assert np.isfinite([tracker.update(frame) for frame in frames[1:]]).all()


@pytest.mark.usefixtures("project")
def test_targets_are_as_large_as_the_parameters_track_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: set[float] = set()
    kept = box_pairs.cut

    def cut(*given: Any) -> np.ndarray:
        sizes.add(round(float(np.sqrt(np.prod(given[3].target))), 6))
        return kept(*given)

    monkeypatch.setattr(box_pairs, "cut", cut)
    assert main(["profile", "--set", "track.online.region.target_cells=6"]) == 0
    assert main(["box_head", "--out", OUT, *TINY]) == 0
    assert sizes == {6.0}


@pytest.mark.usefixtures("project")
def test_what_cannot_be_trained_is_refused_at_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box_training, "train_box_network", None)
    Path("there.safetensors").write_bytes(b"mine")
    for words, said in (
        (["--out", "there.safetensors"], "is there already"),
        (["--out", "b.pth"], "the file is a .safetensors"),
        (["--out", OUT, "--steps", "0"], "at least 1"),
        (["--out", OUT, "--seed", "-1"], "--seed -1 is not from 0"),
        (["--out", "squeeze.npz/b.safetensors"], "cannot write squeeze.npz/b.safetensors: "),
    ):
        caplog.clear()
        assert main(["box_head", *words]) == 1
        assert said in caplog.text
    assert Path("there.safetensors").read_bytes() == b"mine"
    (paths.IMDB / "imdb_video_train.json").unlink()
    caplog.clear()
    assert main(["box_head", "--out", OUT, *TINY]) == 1
    assert "dvc repro imdb" in caplog.text
    assert not Path(OUT).exists()


@pytest.mark.usefixtures("project")
def test_a_box_head_that_is_gone_is_named_by_the_manifest_stage() -> None:
    change = ["track.online.refine.share=0.5", "track.online.refine.weights=gone.safetensors"]
    assert main(["profile", "--set", *change]) == 0
    with pytest.raises(InputError, match=r"there is no box head gone\.safetensors"):
        manifest.own_code(parameters.load("track"))
