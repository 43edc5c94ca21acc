"""Nobody's script breaks by accident: names that went, and new ones, show in a diff of `public_names.txt`."""

from __future__ import annotations

from tests.pipelines.public_names import FILE, names

RENEW = "if this is meant, run: python -m tests.pipelines.public_names"


def test_no_command_option_parameter_or_setting_went_away() -> None:
    gone = [name for name in FILE.read_text(encoding="utf-8").splitlines() if name not in names()]
    assert not gone, f"scripts may use these; {RENEW}"


def test_every_new_one_is_listed() -> None:
    listed = FILE.read_text(encoding="utf-8").splitlines()
    assert [name for name in names() if name not in listed] == [], RENEW
    assert listed == names(), f"the order differs; {RENEW}"
