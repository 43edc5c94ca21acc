import pickle

import pytest

from curation.errors import InputError
from training.benchmark.problems import Collected, Failures, FolderError


def test_all_problems_of_a_folder_are_listed_one_a_line() -> None:
    error = FolderError(
        "results of KCF", ["Car4: 3 rows, but 5 frames", "Dog.txt, line 2: empty"], do="Mend them"
    )
    assert str(error).splitlines() == [
        "results of KCF: 2 problems",
        "  Car4: 3 rows, but 5 frames",
        "  Dog.txt, line 2: empty",
        "Mend them",
    ]
    assert error.problems == ["Car4: 3 rows, but 5 frames", "Dog.txt, line 2: empty"]


def test_a_single_problem_is_one_line() -> None:
    assert (
        str(FolderError("results of KCF", ["Car4: empty"], do="Mend it"))
        == "results of KCF: Car4: empty. Mend it"
    )


def test_survives_the_way_back_from_a_worker_process() -> None:
    error = FolderError("here", ["one", "two"], do="go")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is FolderError
    assert str(again) == str(error)


def test_collects_nested_problems_and_nothing_else() -> None:
    problems = Collected()
    with problems.catching():
        raise FolderError("inside", ["a", "b"])
    with problems.catching():
        raise InputError("c")
    with pytest.raises(ZeroDivisionError), problems.catching():
        _ = 1 / 0
    with pytest.raises(FolderError) as caught:
        problems.check("outside")
    assert caught.value.problems == ["a", "b", "c"]


def test_nothing_collected_raises_nothing() -> None:
    Collected().check("nowhere")


def test_one_failure_stands_alone_and_several_carry_their_names() -> None:
    failures = Failures()
    with failures.catching("KCF"):
        raise InputError("a.txt is empty", do="Mend it")
    with pytest.raises(InputError, match=r"^a.txt is empty. Mend it$"):
        failures.check("results")
    with failures.catching("DSST"):
        raise FolderError("inside", ["b", "c"], do="Look")
    with failures.catching("CN2"):
        pass
    with pytest.raises(FolderError) as caught:
        failures.check("results")
    assert caught.value.problems == ["KCF: a.txt is empty. Mend it", "DSST: b", "DSST: c"]
    Failures().check("nothing went wrong")
