"""A file to store as pieces of the file that was sent, with what stands between them.

Pixels are most of a file and stay as they are: a parser process says where they lie instead of sending them
back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Piece = bytes | tuple[int, int]
"""Bytes of our own, or begin and end of a part of the file that was sent."""


def merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same pieces, parts that follow each other as one."""
    last: Piece | None = None
    for piece in pieces:
        if isinstance(last, tuple) and isinstance(piece, tuple) and last[1] == piece[0]:
            last = (last[0], piece[1])
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def put_together(pieces: Iterable[Piece], sent: bytes) -> bytes:
    """The bytes that the pieces make of the file that was sent."""
    view = memoryview(sent)
    return b"".join(p if isinstance(p, bytes) else view[p[0] : p[1]] for p in pieces)


def to_json(pieces: Sequence[Piece]) -> tuple[list[list[int]], bytes]:
    """Of a part begin and end, of bytes of our own their number; and those bytes, one after the other."""
    said = [[len(piece)] if isinstance(piece, bytes) else list(piece) for piece in pieces]
    return said, b"".join(piece for piece in pieces if isinstance(piece, bytes))


def from_json(said: Any, fresh: bytes, length: int) -> list[Piece]:
    """The pieces of what `to_json` gave; ValueError unless they lie in order in a file of this length."""
    pieces: list[Piece] = []
    at = last = 0
    for numbers in said:
        if len(numbers) > 2 or not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError("a piece is not made of lengths")
        if len(numbers) == 1:
            pieces.append(fresh[at : at + numbers[0]])
            at += numbers[0]
        else:
            begin, end = numbers
            if not last <= begin <= end <= length:
                raise ValueError("a piece does not lie in the file")
            pieces.append((begin, end))
            last = end
    if at != len(fresh):
        raise ValueError("the pieces are not as long as their bytes")
    return pieces
