"""What documents show as commands, and what runs each: a test, `test_docs` itself, or nothing, and why."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).parent / "documented.txt"

HERE = re.compile(r"python -m pipelines (profile|settings) |dvc remote ")
"""These are cheap, and `test_docs` runs them as they are."""

NOT_RUN = "not run: "


def table() -> dict[str, str]:
    """Command -> `file::function` of the test that runs it, or `not run: why`."""
    found, run_by = {}, ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            run_by = line[1:-1]
        elif line and not line.startswith("#"):
            found[line] = run_by
    return found


def files(ending: str) -> list[Path]:
    """Every file of that ending that git knows, or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", f"*{ending}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def commands(text: str) -> list[str]:
    """Commands of a page's shell blocks, fenced or indented; `&&` joins two, comments and here-documents are none."""
    lines, fence = [], ""
    for line in text.split("\n"):
        if line.startswith("```"):
            fence = "" if fence else line.removeprefix("```").strip() or "text"
        elif fence in ("sh", "bash"):
            lines.append(line)
        elif not fence and line.startswith("    "):
            lines.append(line[4:])
    found = []
    here_document = ""
    for line in "\n".join(lines).replace("\\\n", " ").split("\n"):
        if here_document:
            here_document = "" if line.strip() == here_document else here_document
            continue
        if begins := re.search(r"<<(\w+)$", line):
            here_document = begins[1]
        plain = " ".join(re.sub(r"(^|\s)#.*$", "", line).split())
        found += [part.strip() for part in plain.split(" && ") if part.strip()]
    return found


def mentioned(text: str) -> list[str]:
    """Commands of this project and of DVC in the running text, without those that leave something out."""
    inline = re.findall(r"`((?:python -m pipelines|dslt|dvc) [^`\n]+)`", text)
    return [command for command in inline if not re.search(r"\.\.\.|[<>|{]|&&", command)]
