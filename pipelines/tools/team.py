"""Join a cache folder that a group shares, so that nobody crops what a colleague has cropped.

Makes the folder if need be, checks that everyone in the group can add to it, and points this clone's DVC at it
(in .dvc/config.local, which git never sees). Running it again repairs what it can and says the rest.
"""

from __future__ import annotations

import argparse
import grp
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from curation.doctor import Finding
from curation.errors import InputError

LINKS = ("reflink", "hardlink", "symlink", "copy")
"""How DVC brings an object into a clone: the first that works. Linux forbids hard links to a colleague's
files (fs.protected_hardlinks), and ext4 has no reflinks; symbolic links then save the copy."""

FOLDER_MODE = 0o2775
"""New files and folders inherit the group."""
OBJECTS_MODE = 0o3775
"""With the sticky bit: only who made an object, or the folder, removes it; `dvc gc` of a colleague cannot."""

OBJECTS = Path("files/md5")
RUNS = Path("runs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=Path, help="the group's cache, an absolute path; made if it is not there"
    )
    parser.add_argument(
        "--group", help="Unix group of a new cache (default: that of the folder it is made in)"
    )


def run(options: argparse.Namespace) -> None:
    cache = options.folder.expanduser()
    if not cache.is_absolute():
        raise InputError(
            f"the cache {cache} is not an absolute path", do="Name it from the root: /srv/dvc-cache"
        )
    if not Path(".dvc").is_dir():
        raise InputError("there is no folder .dvc here", do="Run from the project's root folder")
    make(cache, _group_id(options.group))
    findings = [_access(cache), *_modes(cache), _links(cache, Path(".dvc").absolute()), _space(cache)]
    for finding in findings:
        sys.stdout.write(f"{finding.status:<4}  {finding.check}: {finding.message}\n")
        if finding.cure:
            sys.stdout.write(f"      -> {finding.cure}\n")
    failed = sum(finding.status == "fail" for finding in findings)
    if failed:
        raise InputError(f"{cache} cannot be shared yet; nothing was changed here", do="See the lines above")
    configure(Path(".dvc"), cache)
    sys.stdout.write(
        f"ok    this clone uses {cache} (.dvc/config.local); now run: dvc checkout && dvc repro\n"
    )


def make(cache: Path, group: int | None) -> None:
    """Make the folder and those in it that DVC would make, and mend the modes of those that are ours.

    Raises
    ------
    InputError
        If the folder is not there and cannot be made.
    """
    try:
        cache.mkdir(exist_ok=True)
        for folder in (cache, cache / OBJECTS.parent, cache / OBJECTS, cache / RUNS, *_object_folders(cache)):
            folder.mkdir(exist_ok=True)
            if folder.stat().st_uid == os.geteuid():
                if group is not None:
                    os.chown(folder, -1, group)
                folder.chmod(OBJECTS_MODE if folder.parent == cache / OBJECTS else FOLDER_MODE)
    except OSError as error:
        if not cache.is_dir():
            raise InputError(
                f"cannot make {cache}: {error.strerror}",
                do=f"Ask an administrator to run: install -d -m 2775 -g GROUP {cache}",
            ) from error
        # It is there, but not ours to mend: the checks say what is wrong with it.


def configure(dvc_folder: Path, cache: Path) -> None:
    """Write the cache's place, group mode and link types to `config.local` of a .dvc folder."""
    from dvc.config import Config

    with Config(dvc_dir=str(dvc_folder.absolute())).edit("local") as config:
        config["cache"] |= {"dir": str(cache), "shared": "group", "type": list(LINKS)}


def _object_folders(cache: Path) -> Iterator[Path]:
    return (cache / OBJECTS / f"{number:02x}" for number in range(256))


def _group_id(name: str | None) -> int | None:
    if name is None:
        return None
    try:
        found = grp.getgrnam(name).gr_gid
    except KeyError:
        raise InputError(f"there is no group {name!r}", do="Groups you are in: run `groups`") from None
    if os.geteuid() and found not in _our_groups():
        raise InputError(
            f"you are not in the group {name!r}", do=f"Ask an administrator: usermod -aG {name} USER"
        )
    return found


def _our_groups() -> set[int]:
    return {*os.getgroups(), os.getegid()}


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _access(cache: Path) -> Finding:
    group = _group_name(cache.stat().st_gid)
    if not os.access(cache, os.R_OK | os.W_OK | os.X_OK):
        cure = f"Ask for membership of group {group} (usermod -aG {group} USER), then log in anew"
        return Finding("access", "fail", f"you cannot add to {cache} (group {group})", cure)
    return Finding("access", "ok", f"you can add to {cache} (group {group})")


def _modes(cache: Path) -> Iterator[Finding]:
    """Folders in which some of the group could not add objects, or whose new content would leave the group."""
    group = cache.stat().st_gid
    closed = []
    for folder in (cache, cache / OBJECTS.parent, cache / OBJECTS, cache / RUNS, *_object_folders(cache)):
        try:
            state = folder.stat()
        except OSError:
            continue
        if state.st_gid != group or state.st_mode & FOLDER_MODE != FOLDER_MODE:
            closed.append(f"{folder} ({stat.filemode(state.st_mode)}, group {_group_name(state.st_gid)})")
    if closed:
        message = f"{len(closed)} folders are not open to the group, such as {closed[0]}"
        name = _group_name(group)
        cure = (
            f"Their owner, or root: chgrp -R {name} {cache} && find {cache} -type d -exec chmod 2775 {{}} +"
        )
        yield Finding("modes", "fail", message, cure)
    else:
        yield Finding("modes", "ok", "folders are open to the group, and what is added stays in it")


def _links(cache: Path, clone: Path) -> Finding:
    from dvc_objects.fs.generic import test_links
    from dvc_objects.fs.local import localfs

    if not os.access(cache, os.W_OK):
        return Finding("links", "warn", "not tried, because the cache cannot be written to")
    works = test_links(list(LINKS[:-1]), localfs, str(cache), localfs, str(clone / "tmp"))
    if "reflink" in works or "hardlink" in works or "symlink" in works:
        return Finding("links", "ok", f"objects come into this clone without a copy ({', '.join(works)})")
    return Finding(
        "links", "warn", "objects come into this clone as copies", "Keep clones where links to it work"
    )


def _space(cache: Path) -> Finding:
    return Finding("space", "ok", f"{shutil.disk_usage(cache).free / 1e9:,.1f} GB are free in {cache}")
