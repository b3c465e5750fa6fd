"""One hash over many entries of the book, such that a single entry can be shown to be under it without showing the others.

The tree of RFC 6962: a leaf is hashed as 0x00 and its content, a node as 0x01 and its two parts; at each level
what has no neighbour goes up as it is. A leaf's content is a salt of its own and the entry's hash, so that the
hashes beside the way up say nothing to whoever guesses what the entries around it may be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def salt(seed: str, number: int) -> str:
    """The salt of an entry, 32 hex digits: half a hash, so that nobody finds one from another."""
    return _salt(seed.encode(), number).hex()


def leaf(salted_with: str, entry: str) -> bytes:
    """The leaf of an entry; `salted_with` and `entry` are hex."""
    return hashlib.sha256(b"\x00" + bytes.fromhex(salted_with) + bytes.fromhex(entry)).digest()


def leaves(seed: str, first: int, entries: Iterable[str]) -> list[bytes]:
    """The leaves of entries from number `first` on, by their hashes as hex."""
    start, sha256, fromhex = seed.encode(), hashlib.sha256, bytes.fromhex
    return [
        sha256(b"\x00" + _salt(start, number) + fromhex(entry)).digest()
        for number, entry in enumerate(entries, first)
    ]


def _salt(seed: bytes, number: int) -> bytes:
    return hashlib.sha256(b"%s\n%d" % (seed, number)).digest()[:16]


def levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The tree from its leaves, one at least, up to its root, which stands alone in the last level."""
    assert leaves, "nothing is no tree"
    found, sha256 = [list(leaves)], hashlib.sha256
    while len(last := found[-1]) > 1:
        pairs = [
            sha256(b"\x01" + one + other).digest() for one, other in zip(last[::2], last[1::2], strict=False)
        ]
        found.append(pairs if len(last) % 2 == 0 else [*pairs, last[-1]])
    return found


def path(tree: Sequence[Sequence[bytes]], index: int) -> list[str]:
    """The hashes beside the way from a leaf up to the root, as hex."""
    beside = []
    for level in tree[:-1]:
        other = index ^ 1
        if other < len(level):
            beside.append(level[other].hex())
        index //= 2
    return beside


def root(of: bytes, index: int, size: int, beside: Sequence[str]) -> str:
    """What the way up from leaf `index` of `size` comes to, as hex. ValueError where the way has the wrong length."""
    rest = list(beside)
    while size > 1:
        if index ^ 1 < size:
            if not rest:
                raise ValueError("the way up is too short")
            other = bytes.fromhex(rest.pop(0))
            of = _node(other, of) if index % 2 else _node(of, other)
        index, size = index // 2, (size + 1) // 2
    if rest:
        raise ValueError("the way up is too long")
    return of.hex()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
