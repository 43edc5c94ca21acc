"""YAML as plain values: what nests, repeats itself or is of another kind is refused in one line."""

from __future__ import annotations

import re
import time

import pytest

from curation.errors import InputError
from pipelines.yaml_values import LIMIT, read_yaml


def refused(content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_yaml(content, "p.yaml")
    assert "p.yaml" in str(caught.value)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_plain_values_come_back() -> None:
    text = 'a: {b: [1, -2.5, true, null, "x: y"], c: 1e-7}\nd: ö\n'
    plain = {"a": {"b": [1, -2.5, True, None, "x: y"], "c": 1e-7}, "d": "ö"}
    assert (
        read_yaml(text, "p")
        == read_yaml(text.encode(), "p")
        == read_yaml(b"\xef\xbb\xbf" + text.encode(), "p")
        == plain
    )
    assert read_yaml("", "p") is None


def test_aliases_work_as_far_as_they_stay_small() -> None:
    text = "a: &a {x: 1, y: [2]}\nb: *a\nc:\n  <<: *a\n  x: 3\n"
    assert read_yaml(text, "p") == {"a": {"x": 1, "y": [2]}, "b": {"x": 1, "y": [2]}, "c": {"x": 3, "y": [2]}}


LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("errors: &a\n  policy: *a\n", "repeats itself"),
        ("&a [*a]", "repeats itself"),
        (LAUGHS, "repeats itself"),
        ("[" * 60_000, "nests or merges too much"),
        ("{a: " * 5000, "nests or merges too much"),
        ("a: &a {b: 1}\n" + "".join(f"c{n}: {{<<: *a}}\n" for n in range(500)), "nests or merges too much"),
        ("\n".join(" " * depth + "-" for depth in range(300)), "nests too deep|RecursionError"),
        ("a: .inf", "a is not a finite number"),
        ("a: .nan", "a is not a finite number"),
        ("a: 1e999", "a is not a finite number"),
        ("a: 99999999999999999999", "a is too large a number"),
        ("a: 1" + "0" * 5000, "not readable YAML"),
        ("a: {1: 2}", "a has the key 1"),
        ("? [1, 2]\n: 3", "has the key"),
        ("~: 1", "has the key None"),
        ("a: 2001-01-01", "a is of the kind date"),
        ("a: 2001-99-99", "not readable YAML"),
        ("a: !!binary aGk=", "a is of the kind bytes"),
        ("a: !!set {b, c}", "a is of the kind set"),
        ("a: !!bool x", "not readable YAML"),
        ('a: !!int ""', "not readable YAML"),
        ("a: !!python/object:os.system x", "not readable YAML"),
        ('a: "\\ud800"', "a is not text"),
        ('"\\ud800": 1', "has the key"),
        ("a: \0", "not readable YAML"),
        ("a: 1\na: 2", "not readable YAML"),
        ("a: 1\n---\nb: 2", "not readable YAML"),
        ("<<<<<<< HEAD\na: 1\n=======\n", "not readable YAML"),
        ("a: \udcff", "not text in UTF-8"),
        (b"a: \xff", "not text in UTF-8"),
        ("a: 1".encode("utf-16"), "not text in UTF-8"),
        ("# " + "x" * LIMIT, "more than 65,536"),
    ],
)
def test_anything_else_is_one_line(content: str | bytes, message: str) -> None:
    start = time.process_time()
    assert re.search(message, refused(content))
    assert time.process_time() - start < 20
