"""Cures name commands and files that are there."""

from __future__ import annotations

from pathlib import Path

from dvc.commands import checkout, data_sync, repro

from curation.cures import FETCH, PARAMETERS, RESTORE, remake
from pipelines import parameters
from pipelines.__main__ import STAGES


def test_the_file_of_parameters_is_the_one_that_the_shells_read() -> None:
    assert Path(PARAMETERS) == parameters.FILE


def test_stages_are_named_as_dvc_wants_them() -> None:
    assert remake() == "dvc repro"
    assert remake(*STAGES) == "dvc repro " + " ".join(STAGES)


def test_the_commands_are_dvcs_own() -> None:
    assert [FETCH.split()[1], RESTORE.split()[1], remake().split()[1]] == ["pull", "checkout", "repro"]
    assert all((data_sync.CmdDataPull, checkout.CmdCheckout, repro.CmdRepro))
