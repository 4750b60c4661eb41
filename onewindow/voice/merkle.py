"""The Merkle tree of RFC 6962, section 2.1 (Certificate Transparency), over SHA-256: root, and the proof that a leaf is in it.

Leaves and nodes are hashed with different first bytes, so that no inner node can pass for a leaf; the tree of ``n`` leaves
splits at the largest power of two below ``n``. A node is in lower-case hex outside this module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").hexdigest()


def leaf(data: bytes) -> bytes:
    """``SHA-256(0x00 ‖ d)``"""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """``SHA-256(0x01 ‖ left ‖ right)``"""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> str:
    """``MTH(D[n])`` of hashed leaves. Level by level: a node without a neighbour rises as it is, which is the same tree."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0].hex()


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [node(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
    return pairs + level[len(pairs) * 2 :]


def path(leaves: Sequence[bytes], index: int) -> list[str]:
    """``PATH(m, D[n])`` (2.1.1): the hashes beside the way from the leaf up to the root."""
    level, found = list(leaves), []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            found.append(level[beside].hex())
        level, index = _above(level), index // 2
    return found


def root_of(leaf_hash: str, index: int, size: int, beside: Sequence[str]) -> str:
    """The root to which a leaf at this place of a tree of this size leads by those hashes (RFC 9162, 2.1.3.2). Empty if
    there are too many or too few of them."""
    here, rest, last = bytes.fromhex(leaf_hash), list(beside), size - 1
    while last > 0:
        if index % 2 or index < last:
            if not rest:
                return ""
            other = bytes.fromhex(rest.pop(0))
            here = node(other, here) if index % 2 else node(here, other)
        index, last = index // 2, last // 2
    return "" if rest else here.hex()
