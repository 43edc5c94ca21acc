"""The ablation's bookkeeping: fair rates, every form and seed once, means and spreads."""

from __future__ import annotations

import pytest

from training.studies.ablation import AblationConfig, Form, ablate, ablation_plot, ablation_table
from training.tracking.online.online_config import OnlineConfig

ONLINE = OnlineConfig()
SEQUENCES = ("one", "two", "three")


class Recorded:
    """Scores settings by a rule, and remembers what it was asked."""

    def __init__(self, rule):
        self.rule = rule
        self.asked = []

    def __call__(self, forms, sequences):
        self.asked.append((dict(forms), tuple(sequences)))
        return {
            name: {s: {"auc": self.rule(form, s), "dp20": 0.5} for s in sequences}
            for name, form in forms.items()
        }


def factor_of(form):
    return form.learn.first_rate / ONLINE.learn.first_rate


def test_a_sequence_has_no_say_in_its_own_rate():
    # Rate 2 is best on `one` by far, rate 1 on the others: so `one` is scored with 1, the others with 2.
    def rule(form, sequence):
        best = 2.0 if sequence == "one" else 1.0
        gain = 0.5 if sequence == "one" else 0.1
        return 0.2 + gain * (factor_of(form) == best)

    config = AblationConfig(losses=("l2",), residual=("both",), update=(True,), seeds=2, factors=(1.0, 2.0))
    run = Recorded(rule)
    report = ablate(config, ONLINE, SEQUENCES, run)
    assert report["forms"][0]["factors"] == {"one": 1.0, "two": 2.0, "three": 2.0}
    assert [row["auc"] for row in report["rows"]] == [pytest.approx(0.2)] * 2
    assert report["rows"][0]["sequences"] == {name: {"auc": 0.2, "dp20": 0.5} for name in SEQUENCES}
    tuning, *scored = run.asked
    assert {form.seed for form in tuning[0].values()} == {2}
    assert {form.seed for forms, _ in scored for form in forms.values()} == {0, 1}
    assert sorted(sequences for _, sequences in scored) == [("one",), ("two", "three")]
    for forms, sequences in scored:
        assert {factor_of(form) for form in forms.values()} == {1.0 if sequences == ("one",) else 2.0}


def test_a_loss_is_tuned_once_in_the_first_form_and_keeps_its_rate_in_all():
    config = AblationConfig(losses=("l2", "l3"), update=(False, True), seeds=1, factors=(1.0, 2.0))
    run = Recorded(
        lambda form, sequence: 0.5 + 0.1 * (factor_of(form) == (2.0 if form.learn.loss == "l3" else 1.0))
    )
    ablate(config, ONLINE, SEQUENCES, run)
    (tuning, whole), *scored = run.asked
    assert whole == SEQUENCES
    assert sorted({form.learn.loss for form in tuning.values()}) == ["l2", "l3"]
    assert {form.reduction.residual for form in tuning.values()} == {"both"}
    assert all(form.learn.update_steps > 0 for form in tuning.values())
    forms = [form for some, _ in scored for form in some.values()]
    assert len(forms) == 2 * 2 * 2
    for form in forms:
        assert factor_of(form) == (2.0 if form.learn.loss == "l3" else 1.0)


def test_every_form_is_what_its_name_says():
    config = AblationConfig(seeds=1, factors=(1.0,))
    run = Recorded(lambda form, sequence: 0.5)
    report = ablate(config, ONLINE, SEQUENCES, run)
    [(forms, _)] = run.asked  # at once, so that all processors have work
    assert len(report["rows"]) == 5 * 2 * 2 == len(forms)
    for name, form in forms.items():
        loss, residual, update, *_ = name.split("-")
        assert (form.learn.loss, form.reduction.residual) == (loss, residual)
        assert (form.learn.update_steps > 0) == (update == "update")


def test_factors_scale_both_rates():
    form = Form("l3", "features", True).settings(ONLINE, factor=0.5, seed=4)
    assert form.learn.first_rate == ONLINE.learn.first_rate / 2
    assert form.learn.update_rate == ONLINE.learn.update_rate / 2
    assert form.seed == 4


def test_table_and_plot_name_every_form(tmp_path):
    report = ablate(
        AblationConfig(seeds=2), ONLINE, SEQUENCES, Recorded(lambda form, sequence: form.seed / 10)
    )
    rows = ablation_table(report).splitlines()
    assert len(rows) == 2 + 20
    assert "| shrinkage unweighted | none | no | 0.050 ± 0.071 | 0.500 ± 0.000 | 0.5 |" in rows
    ablation_plot(tmp_path / "plot.png", report)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
