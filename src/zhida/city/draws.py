"""Random numbers that belong to a person or household by its number, so that neither chunks nor processes change them.

Everything is whole numbers: no sum of floats and no logarithm that one processor rounds another way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

# One draw is 32 bits: a share p of all draws lies below p * SCALE.
SCALE = 1 << 32
_WORDS_PER_BLOCK = 4


class Draws:
    """Named endless streams of 64-bit words: word i of a stream is the same whoever asks, and from whichever place."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def words(self, stream: str, first: int, count: int) -> np.ndarray[Any, Any]:
        """Return words ``first`` to ``first + count`` of a stream, uint64 (Philox, positioned by its counter)."""
        name = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "little")
        generator = np.random.Philox(key=np.array([self._seed, name], dtype=np.uint64))
        generator.advance(first // _WORDS_PER_BLOCK)
        skipped = first % _WORDS_PER_BLOCK
        return generator.random_raw(skipped + count)[skipped:]

    def pair(self, stream: str, first: int, count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return two independent draws (int64 in [0, SCALE)) for each number."""
        return _halves(self.words(stream, first, count))

    def pair_at(self, stream: str, numbers: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return the two draws of some numbers (ascending): the same as ``pair`` gives for each."""
        return _halves(self.words(stream, 0, int(numbers[-1]) + 1 if len(numbers) else 0)[numbers])

    def one(self, stream: str, first: int, count: int) -> np.ndarray[Any, Any]:
        """Return one draw (int64 in [0, SCALE)) for each number."""
        return (self.words(stream, first, count) >> np.uint64(32)).astype(np.int64)

    def shuffled(self, stream: str, count: int) -> np.ndarray[Any, Any]:
        """Return 0..count in an order drawn from the stream (ties, one in 2**64, keep their order)."""
        return np.argsort(self.words(stream, 0, count), kind="stable")


def _halves(words: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return (words >> np.uint64(32)).astype(np.int64), (words & np.uint64(0xFFFFFFFF)).astype(np.int64)


def below(share: float | np.ndarray[Any, Any]) -> Any:
    """Return the draw below which a share of all draws lies."""
    if isinstance(share, np.ndarray):
        return np.array([round(float(one) * SCALE) for one in share], dtype=np.int64)
    return round(share * SCALE)


def choose(draws: np.ndarray[Any, Any], weights: Sequence[float]) -> np.ndarray[Any, Any]:
    """Return for each draw the position (int8) of a weight, as often as its part of the sum."""
    total, running, edges = sum(weights), 0.0, []
    for weight in list(weights)[:-1]:
        running += weight
        edges.append(round(running / total * SCALE))
    return np.searchsorted(np.array(edges, dtype=np.int64), draws, side="right").astype(np.int16)


def spread(draws: np.ndarray[Any, Any], low: Any, high: Any) -> np.ndarray[Any, Any]:
    """Return for each draw a whole number in [low, high), each as often."""
    return low + (draws * (high - low) >> 32)


class Quantiles:
    """A distribution given by points (share, value), straight between them."""

    def __init__(self, points: Sequence[Sequence[float]], unit: int = 1) -> None:
        knots, cells = [(float(share), float(value) * unit) for share, value in points], 1 << 16
        values, at = [], 0
        for cell in range(cells + 1):
            share = cell / cells
            while at < len(knots) - 2 and knots[at + 1][0] <= share:
                at += 1
            (x0, y0), (x1, y1) = knots[at], knots[at + 1]
            values.append(round(y0 + (y1 - y0) * min(max((share - x0) / (x1 - x0), 0), 1)))
        self._values = np.array(values, dtype=np.int64)

    def at(self, draws: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the value (int64) each draw stands for."""
        cell, rest = draws >> 16, draws & 0xFFFF
        low = self._values[cell]
        return low + ((self._values[cell + 1] - low) * rest >> 16)


def shares_to_counts(total: int, weights: Sequence[float]) -> list[int]:
    """Share out a whole number by largest remainder; equal remainders go to the earlier one.

    >>> shares_to_counts(10, [1, 1, 1])
    [4, 3, 3]
    """
    scale = 10**9
    whole = [round(weight * scale) for weight in weights]
    floors = [total * weight // sum(whole) for weight in whole]
    remainders = [total * weight % sum(whole) for weight in whole]
    for position in sorted(range(len(whole)), key=lambda i: (-remainders[i], i))[: total - sum(floors)]:
        floors[position] += 1
    return floors
