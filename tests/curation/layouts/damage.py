"""Damaged and hostile annotation files for the fuzz test, and the process that reads them.

`python -m tests.curation.layouts.damage FOLDER` limits its own memory to 1 GB and its processor time, annotates the
tree in FOLDER with everything allowed to be skipped, and prints the document and the counts as JSON.
"""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from curation.errors import ErrorPolicy
from tests.curation.trees import annotate_tree, frame_xml, object_xml

MEMORY = 1 << 30
SECONDS = 60

Damage = Callable[[random.Random, bytes, list[str]], bytes]


def damaged_files(number: int, seed: int, targets: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, content) of `number` files; `targets` are URLs that hostile ones try to open."""
    kinds: dict[str, Damage] = {
        "bit flips": bit_flips,
        "truncation": lambda rng, xml, _: xml[: rng.randrange(len(xml))],
        "splice": splice,
        "entity bomb": entity_bomb,
        "external": external,
        "nesting": nesting,
        "huge number": huge_number,
        "encoding": encoding,
        "field": field,
        "crowd": crowd,
    }
    rng = random.Random(seed)
    for index in range(number):
        kind = list(kinds)[index % len(kinds)]
        objects = []
        for track in range(rng.randrange(1, 8)):
            x, y = rng.randrange(300), rng.randrange(200)
            objects.append(object_xml(track, (x, y, rng.randrange(x, 320), rng.randrange(y, 240))))
        yield kind, kinds[kind](rng, frame_xml(objects), targets)


def bit_flips(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    damaged = bytearray(xml)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def splice(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    """Cut a piece out, repeat it, or put it elsewhere."""
    start, end = sorted(rng.randrange(len(xml)) for _ in range(2))
    place = rng.randrange(len(xml))
    piece = xml[start:end]
    return rng.choice(
        [
            xml[:start] + xml[end:],
            xml[:end] + piece * rng.randrange(1, 9) + xml[end:],
            xml[:place] + piece + xml[place:],
        ]
    )


def entity_bomb(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    """Entities that expand exponentially, quadratically, by way of attributes, parameters, or themselves."""
    levels, width = rng.randrange(2, 40), rng.randrange(2, 20)
    chain = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * width}">' for n in range(1, levels))
    bomb = f"&e{levels - 1};"
    subset = rng.choice(
        [
            f'<!ENTITY e0 "ha">{chain}',
            f'<!ENTITY e0 "{"A" * 50_000}">{chain}',
            f'<!ENTITY % p "{"x" * 1000}">' + "%p;" * width + f'<!ENTITY e0 "">{chain}',
            f'<!ENTITY e0 "{bomb}">{chain}',
            f'<!ENTITY e0 "">{chain}<!ATTLIST annotation a CDATA "{bomb}">',
            f'<!ELEMENT annotation ({"(" * 100}a{")" * 100})*><!ENTITY e0 "x">{chain}',
        ]
    )
    place = rng.choice([b"<folder>", b"<filename>", b"<width>", b"<name>", b"<trackid>"])
    return f"<!DOCTYPE annotation [{subset}]>".encode() + xml.replace(place, place + bomb.encode() * width)


def external(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    target = rng.choice(targets)
    head, use = rng.choice(
        [
            (f'<!DOCTYPE annotation [<!ENTITY x SYSTEM "{target}">]>', "&x;"),
            (f'<!DOCTYPE annotation [<!ENTITY x PUBLIC "-//X" "{target}">]>', "&x;"),
            (f'<!DOCTYPE annotation [<!ENTITY % x SYSTEM "{target}"> %x;]>', ""),
            (f'<!DOCTYPE annotation SYSTEM "{target}">', "&x;"),
            (f'<?xml-stylesheet href="{target}"?>', ""),
            ("", f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{target}" parse="text"/>'),
            (
                "",
                f'<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a {target}"/>',
            ),
        ]
    )
    place = rng.choice([b"<folder>", b"<filename>", b"<name>", b"<trackid>"])
    return head.encode() + xml.replace(place, place + use.encode())


def nesting(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    depth = 10 ** rng.randrange(1, 5) + rng.randrange(100)
    opening, closing = b"<object>" * depth, b"</object>" * rng.choice([depth, 0])
    place = rng.choice([b"<annotation>", b"<size>", b"<name>"])
    return xml.replace(place, place + opening + closing, 1)


def huge_number(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    number = rng.choice(
        [
            "9" * 10 ** rng.randrange(1, 6),
            "-" + "9" * rng.randrange(1, 30),
            "0" * 10_000 + "7",
            f"1e{rng.randrange(1, 999)}",
            *(
                "NaN",
                "inf",
                "-inf",
                "0x7fffffff",
                "1_000",
                "\u0661\u0662",
                "\u00b2",
                " 12 ",
                "+5",
                "1.5",
                "--1",
                "1,5",
            ),
            *(str(2**bits + rng.randrange(-1, 2)) for bits in (15, 16, 31, 32, 63, 64)),
        ]
    ).encode()
    tag = rng.choice([b"width", b"height", b"xmin", b"xmax", b"ymin", b"ymax", b"trackid", b"occluded"])
    start = xml.index(b"<" + tag + b">") + len(tag) + 2
    return xml[:start] + number + xml[xml.index(b"<", start) :]


def encoding(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    """Encode in one of many ways, and declare that, another, or nonsense."""
    names = [
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-32",
        "utf-7",
        "latin-1",
        "cp037",
        "shift_jis",
        "gb18030",
        "big5",
        "koi8-r",
    ]
    declared = rng.choice([*names, "UCS-4", "x-nonsense", "", "\u00e9", "A" * 500])
    text = f'<?xml version="{rng.choice(["1.0", "1.1", "9.9"])}" encoding="{declared}"?>' + xml.decode()
    text = text.replace("n02691156", rng.choice(["n02691156", "\u98db\u6a5f", "\U0001f6e9", "caf\u00e9"]))
    marks = [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00"]
    return rng.choice(marks) + text.encode(rng.choice(names), errors="replace")


def field(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    """Remove, empty, rename, or foul one of the fields."""
    tags = [
        b"filename",
        b"folder",
        b"size",
        b"width",
        b"height",
        b"object",
        b"trackid",
        b"name",
        b"bndbox",
        b"xmax",
        b"ymin",
    ]
    tag = rng.choice(tags)
    foul = rng.choice(
        [
            b"../../../etc/passwd",
            b"\\\\host\\share",
            b"&#0;",
            b"&#xD800;",
            b"&undefined;",
            b"<![CDATA[../x]]>",
            b"<!-- -->7",
        ]
    )
    return rng.choice(
        [
            xml.replace(b"<" + tag + b">", b"<x>").replace(b"</" + tag + b">", b"</x>"),
            xml.replace(b"<" + tag + b">", b"<x:" + tag + b">", 1),
            xml.replace(b"</" + tag + b">", foul + b"</" + tag + b">"),
            xml.replace(b"<" + tag + b">", b"<" + tag + b"/><" + tag + b">", 1),
            xml.replace(b"<" + tag + b">", b"<" + tag + b' a="1" a="2">', 1),
        ]
    )


def crowd(rng: random.Random, xml: bytes, targets: list[str]) -> bytes:
    """Very many of something, or one very long thing, up to and beyond the largest file that is read."""
    count = rng.choice([30] * 7 + [300, 1000, 7000])
    return rng.choice(
        [
            frame_xml([object_xml(n % 1_000_000) for n in range(count)]),
            frame_xml([object_xml(0)] * count),
            xml.replace(b"<name>", b"<name>" + b"n" * count * 20),
            xml.replace(
                b"<annotation>", b"<annotation " + b" ".join(b'a%d=""' % n for n in range(count)) + b">"
            ),
            xml.replace(b"<size>", b"".join(b"<t%d/>" % n for n in range(count)) + b"<size>"),
            xml.replace(b"<size>", b"<!--" + b" " * count * 100 + b"--><size>"),
        ]
    )


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    policy = ErrorPolicy(policy="skip", max_skipped=1.0)
    document, skipped = annotate_tree(Path(sys.argv[1]), "a", policy)
    sys.stdout.buffer.write(orjson.dumps({"document": document, "skipped": skipped.report()}))


if __name__ == "__main__":
    main()
