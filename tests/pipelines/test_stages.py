"""dvc.yaml against the code: same names everywhere, and no stage depends on less than it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx
import pytest
from dvc.repo import Repo
from lxml import etree
from ruamel.yaml import YAML

from pipelines import parameters
from pipelines.commands import STAGES
from tests.pipelines.test_layers import imported

ROOT = Path(__file__).parents[2]
DVC: dict[str, Any] = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]

BY_RECIPE = {"annotate", "crop", "train", "track"}
"""Expensive stages: a `recipe` number in their section stands for their code, guarded by golden tests."""

CARRIERS = {
    "pipelines",
    "pipelines.parameters",
    "pipelines.settings",
    "pipelines.paths",
    "pipelines.sources",
    "pipelines.guard",
}
"""They carry values that DVC follows by themselves (parameters) or must not follow (settings)."""


def paths_of(entries: list[Any]) -> list[str]:
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def source(module: str) -> Path | None:
    base = ROOT / Path(*module.split("."))
    return next((f for f in (base.with_suffix(".py"), base / "__init__.py") if f.is_file()), None)


def closure(module: str) -> set[Path]:
    """Files of the project that a module is made of: all that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = source(name)
        if file is None or file in found or name in CARRIERS:
            continue
        found.add(file)
        waiting.extend(imported(file))
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return found


def test_stage_module_and_command_carry_one_name() -> None:
    assert tuple(DVC) == STAGES
    for name, stage in DVC.items():
        assert stage["cmd"].split()[:4] == ["python", "-m", "pipelines", name]
        assert (ROOT / "pipelines" / f"{name}.py").is_file()


def test_every_stage_follows_its_own_section() -> None:
    for name, stage in DVC.items():
        sections = {str(key).split(".")[0] for key in stage["params"]}
        assert sections <= set(parameters.SECTIONS)
        assert name in sections or name == "manifest"


@pytest.mark.parametrize("name", [name for name in STAGES if name not in BY_RECIPE | {"manifest"}])
def test_cheap_stages_depend_on_all_the_code_they_are_made_of(name: str) -> None:
    listed = [
        ROOT / dep
        for dep in paths_of(DVC[name]["deps"])
        if not dep.startswith(("data/", "models/", "reports/"))
    ]
    missing = sorted(
        str(file.relative_to(ROOT))
        for file in closure(f"pipelines.{name}")
        if not any(file == dep or dep in file.parents for dep in listed)
    )
    assert not missing, f"add to deps of {name} in dvc.yaml: {missing}"
    unused = [
        dep
        for dep in listed
        if dep.suffix in ("", ".py")
        and not any(file == dep or dep in file.parents for file in closure(f"pipelines.{name}"))
    ]
    assert not unused


@pytest.mark.parametrize("name", sorted(BY_RECIPE))
def test_expensive_stages_have_a_recipe_and_list_no_code(name: str) -> None:
    assert parameters.load(name, ROOT / "params.yaml").recipe >= 1
    assert all(dep.startswith(("data/", "models/")) for dep in paths_of(DVC[name]["deps"]))


@pytest.mark.filterwarnings("ignore:_NoneStep")  # inside a library of DVC
def test_the_picture_of_the_pipeline_shows_its_stages_and_arrows() -> None:
    """All that no longer way implies; what it joins stands in an arrow's `data-arrow`."""
    with Repo(str(ROOT)) as repo:
        needs = [(edge[1].name.split("@")[0], edge[0].name.split("@")[0]) for edge in repo.index.graph.edges]
    drawn = etree.parse(ROOT / "pipelines" / "pipeline.svg")
    assert set(drawn.xpath("//*[@class='name']/text()")) == set(DVC)
    arrows = {tuple(arrow.split()) for arrow in drawn.xpath("//@data-arrow")}
    assert arrows == set(networkx.transitive_reduction(networkx.DiGraph(needs)).edges)
    assert len(arrows) == len(drawn.xpath("//*[@class='edge']"))


def test_small_reports_stay_out_of_the_cache_and_big_outputs_in() -> None:
    for stage in DVC.values():
        for entry in stage.get("metrics", []) + stage.get("plots", []):
            if entry == "reports/score/speed.json":
                continue  # it differs from machine to machine, and so is not for git
            assert isinstance(entry, dict)
            assert all(options["cache"] is False for options in entry.values())
        for entry in stage.get("outs", []):
            # `persist`, and an output outside the cache, switch the run-cache off: only for the manifest, which
            # always runs.
            assert isinstance(entry, str) or entry == {"data/manifest": {"persist": True}}


def test_runtime_settings_never_reach_dvc() -> None:
    text = (ROOT / "dvc.yaml").read_text()
    assert not any(word in text for word in ("_root", "jobs", "device", "backend", "DSLT_"))
