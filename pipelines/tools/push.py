"""Push everything a colleague needs to repeat the pipeline without computing.

That is outputs, run-cache and small reports. `dvc push --run-cache` leaves out the reports, which DVC keeps for git
alone; where git lacks them too, every stage would run again. A push that was interrupted is completed by the next.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from curation.errors import InputError
from pipelines import paths

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-r", "--remote", help="name of the DVC remote (default: core.remote)")


def run(options: argparse.Namespace) -> None:
    from dvc.repo import Repo

    for handler in logging.getLogger().handlers:
        handler.addFilter(_without_traceback)
    remote = options.remote
    try:
        with Repo() as repo:
            if not repo.cloud.get_remote(remote, "push").config.get("verify"):
                name = remote or repo.config["core"]["remote"]
                log.warning(
                    "note: pulls do not check what arrives; run: dvc remote modify %s verify true", name
                )
            count = repo.push(remote=remote, run_cache=True)
            with repo.lock:
                runs = _recorded_runs(Path(repo.stage_cache.cache_dir))
                needed = set().union(*repo.stage_cache.get_used_objs(runs).values())
                reports = {item for item in needed if item.obj_name.startswith(f"{paths.REPORTS}/")}
                count += len(repo.cloud.push(reports, remote=remote).transferred)
    except Exception as error:  # of DVC, or whatever the remote's library raises when a connection drops
        raise InputError(
            f"the push is not complete: {error}", do="What has arrived is whole; fix this and push again"
        ) from error
    log.info("%d files pushed", count)


def _without_traceback(record: logging.LogRecord) -> bool:
    """Log only the error of a failed transfer, without its traceback, as the `dvc` command does."""
    if record.exc_info:
        record.msg = f"{record.getMessage()}: {record.exc_info[1]}"
        record.args, record.exc_info = None, None
    return True


def _recorded_runs(folder: Path) -> list[tuple[str, str]]:
    """Key and value of every run in a run-cache."""
    return [(path.parent.name, path.name) for path in sorted(folder.glob("??/*/*"))]
