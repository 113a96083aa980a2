"""Drawing lots by a checkpoint: nobody can know or choose the outcome when the entry is written.

The lot of a candidate is a hash over the root that the log had signed *after* the entry, so it
depends on the salts of that entry and of all others up to the checkpoint. Whoever holds the
checkpoint can draw again and gets the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from gongshu.ledger.canonical import canonical
from gongshu.ledger.checkpoints import Checkpoint

DOMAIN: Final = "gongshu/draw/v1"


def drawn_order(
    checkpoint: Checkpoint, candidates: Iterable[str], *, about: str, entry: int
) -> list[str]:
    """This function will return the candidates in the order in which the lots name them.

    `about` names what is drawn for, so that two draws of one checkpoint are independent; `entry` is
    the index of the entry that the draw is for. Raises ValueError when the checkpoint does not
    cover that entry: its root would have been known before.
    """
    if checkpoint.size <= entry:
        raise ValueError("the checkpoint is older than what is drawn for")
    root = checkpoint.root.hex()

    def lot(candidate: str) -> bytes:
        return sha256(canonical([DOMAIN, root, about, candidate])).digest()

    return sorted(set(candidates), key=lot)
