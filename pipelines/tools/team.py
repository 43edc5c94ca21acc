"""Share one DVC cache with a group, so that nobody crops what a colleague has cropped.

Makes the folder if need be, checks that everyone in the group can add to it, and points this clone's DVC at
it, in .dvc/config.local, which git never sees. Running it again fixes what it can and names the rest.
"""

from __future__ import annotations

import argparse
import grp
import os
import shutil
import stat
import sys
from pathlib import Path

from curation.errors import InputError
from pipelines.checks.cache_objects import OBJECTS, RUNS
from pipelines.checks.finding import Finding

LINKS = ("reflink", "hardlink", "symlink", "copy")
"""How DVC brings an object into a clone: the first that works. ext4 has no reflinks, and Linux forbids hard
links to a colleague's files (fs.protected_hardlinks); a symbolic link then saves the copy."""

FOLDER_MODE = 0o2775
"""What is added in such a folder belongs to its group, and the group may add."""
STICKY = 0o1000
"""On folders of objects: only who made an object removes it, so a colleague's `dvc gc` cannot."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cache", type=Path, help="the group's folder, an absolute path; made if not there")
    parser.add_argument("--group", help="Unix group that shares a new cache (default: your own)")


def run(options: argparse.Namespace) -> None:
    cache = options.cache.expanduser()
    if not cache.is_absolute():
        raise InputError(
            f"{cache} is not an absolute path", do="Name the cache from the root: /srv/dvc-cache"
        )
    if not Path(".dvc").is_dir():
        raise InputError("there is no folder .dvc here", do="Run from the project's root folder")
    make(cache, _group_id(options.group))
    findings = [_access(cache), _modes(cache), _links(cache), _space(cache)]
    for finding in findings:
        sys.stdout.write(f"{finding.status:<4}  {finding.check:<6}  {finding.message}\n")
        if finding.cure:
            sys.stdout.write(f"{'':<14}-> {finding.cure}\n")
    if any(finding.status == "fail" for finding in findings):
        raise InputError(f"{cache} cannot be shared yet, and is not used here", do="See the lines above")
    carried = carry(former_cache(Path(".dvc")), cache)
    configure(Path(".dvc"), cache)
    sys.stdout.write(
        f"{carried}This clone now uses {cache} (set in .dvc/config.local).\n"
        "Do not run dvc gc in it alone: it deletes what other clones use (see pipelines/TEAM.md).\n"
    )


def make(cache: Path, group: int | None) -> None:
    """Make a cache with DVC's folders, and correct the modes of our own folders.

    Raises
    ------
    InputError
        If the cache is not there and cannot be made. One that is there and not ours to change is left alone.
    """
    try:
        cache.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make {cache}: {error.strerror}",
            do=f"Ask an administrator to run: install -d -m 2775 -g GROUP {cache}",
        ) from error
    for folder in _folders(cache):
        try:
            folder.mkdir(exist_ok=True)
            if folder.stat().st_uid == os.geteuid():
                if group is not None:
                    os.chown(folder, -1, group)
                sticky = STICKY if folder.parent == cache / OBJECTS else 0
                folder.chmod(FOLDER_MODE | sticky)
        except OSError:
            return


def configure(dvc_folder: Path, cache: Path) -> None:
    """Write the cache's place, its group mode and link types to `config.local` of a .dvc folder."""
    from dvc.config import Config

    with Config(dvc_dir=str(dvc_folder.absolute())).edit("local") as config:
        config["cache"] |= {"dir": str(cache), "shared": "group", "type": list(LINKS)}


def former_cache(dvc_folder: Path) -> Path:
    """The cache that a .dvc folder names before `configure`: by default its own folder `cache`."""
    from dvc.config import Config

    named = Config(dvc_dir=str(dvc_folder.absolute()))["cache"].get("dir")
    return Path(named) if named else dvc_folder / "cache"


def carry(old: Path, cache: Path) -> str:
    """Copy the results of a clone's former cache: objects and recorded runs.

    Files are linked where the file system allows it, else copied; what `cache` has already is left alone.

    Returns
    -------
    str
        What was done, one line for the user; empty where there was nothing to do.

    Raises
    ------
    InputError
        If a file cannot be written. What has arrived is whole, and the next call takes the rest.
    """
    if not old.is_dir() or old.samefile(cache):
        return ""
    group, count = cache.stat().st_gid, 0
    for part in (OBJECTS, RUNS):
        for source in sorted(path for path in (old / part).rglob("*") if path.is_file()):
            target = cache / source.relative_to(old)
            if source.suffix == ".tmp" or target.exists():
                continue
            try:
                for folder in (target.parent.parent, target.parent):
                    if not folder.exists():
                        folder.mkdir()
                        folder.chmod(FOLDER_MODE)
                _bring(source, target)
                os.chown(target, -1, group)
            except FileExistsError:  # a colleague was faster
                continue
            except OSError as error:
                raise InputError(
                    f"cannot take {source} along to {target}: {error.strerror}",
                    do="Free space or fix the permissions there, then run the command again",
                ) from error
            count += 1
    return (
        f"{count} files of {old} were taken along; it is not used any more and may be deleted.\n"
        if count
        else ""
    )


def _bring(source: Path, target: Path) -> None:
    """Link or copy a file to another place; it gets its name when it is complete."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        part = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        shutil.copyfile(source, part)
        shutil.copymode(source, part)
        part.replace(target)


def _folders(cache: Path) -> list[Path]:
    objects = cache / OBJECTS
    return [cache, objects.parent, objects, cache / RUNS, *(objects / f"{part:02x}" for part in range(256))]


def _group_id(name: str | None) -> int | None:
    if name is None:
        return None
    try:
        found = grp.getgrnam(name).gr_gid
    except KeyError:
        raise InputError(f"there is no group {name!r}", do="Yours are shown by: groups") from None
    if os.geteuid() and found not in (*os.getgroups(), os.getegid()):
        raise InputError(f"you are not in group {name}", do=_JOIN.format(name))
    return found


_JOIN = "Ask an administrator to run: usermod -aG {} YOU; then log in again"


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _access(cache: Path) -> Finding:
    group = _group_name(cache.stat().st_gid)
    if not os.access(cache, os.R_OK | os.W_OK | os.X_OK):
        message = f"{cache} is not open to you (its group is {group})"
        return Finding("access", "fail", message, _JOIN.format(group))
    return Finding("access", "ok", f"you and group {group} can add to {cache}")


def _modes(cache: Path) -> Finding:
    """Check that everyone in the group can add files everywhere, and that these stay in the group."""
    group = cache.stat().st_gid
    closed = []
    for folder in _folders(cache):
        try:
            state = folder.stat()
        except OSError:  # not made yet, or in a folder that is closed itself
            continue
        if state.st_gid != group or state.st_mode & FOLDER_MODE != FOLDER_MODE:
            closed.append(f"{folder} ({stat.filemode(state.st_mode)}, group {_group_name(state.st_gid)})")
    if not closed:
        return Finding("modes", "ok", "its folders are open to the group; objects are safe from colleagues")
    name = _group_name(group)
    cure = f"Its owner runs: chgrp -R {name} {cache}; find {cache} -type d -exec chmod g+rwxs {{}} +"
    return Finding("modes", "fail", f"{len(closed)} folders are not, the first of them {closed[0]}", cure)


def _links(cache: Path) -> Finding:
    from dvc_objects.fs.generic import test_links
    from dvc_objects.fs.local import localfs

    if not os.access(cache, os.W_OK):
        return Finding("links", "warn", "not tried in a cache that is not open")
    # Tries them between two new files, in the cache and beside the second path.
    works = test_links(list(LINKS[:-1]), localfs, str(cache), localfs, str(Path(".dvc/tmp").absolute()))
    if not works:
        cure = "On a file system with symbolic links, clones need no room for crops"
        return Finding("links", "warn", "objects will be copied into this clone", cure)
    return Finding("links", "ok", f"objects come into this clone without copying ({', '.join(works)})")


def _space(cache: Path) -> Finding:
    return Finding("space", "ok", f"{shutil.disk_usage(cache).free / 1e9:,.1f} GB are free there")
