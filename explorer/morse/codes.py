"""What codes cost: entropy, cross-entropy, KL, Kraft's sum, Huffman's and Shannon's lengths, and the best use of given signs.

A book is a dict of letter → length; frequencies a dict of letter → share. Lengths are in bits unless a name says units.
"""

import heapq
import math
from collections.abc import Mapping

from explorer.morse.messages import letter_units
from explorer.morse.tables import SIGNS, Language
from lpvae.costs import bits

RESERVE = 0.001  # of each language's codebook, shared by all signs: a book without a word for something cannot send it


def entropy(p: Mapping[str, float]) -> float:
    """Σ p log₂(1/p): the fewest bits a letter that any code of letters can reach."""
    return sum(share * ideal_bits(share) for share in p.values() if share > 0)


def cross_entropy(p: Mapping[str, float], q: Mapping[str, float]) -> float:
    """Σ p log₂(1/q): bits a letter of text p, sent with the book made for q. Infinite where q has no word for it."""
    return sum(share * ideal_bits(q.get(letter, 0.0)) for letter, share in p.items() if share > 0)


def kl(p: Mapping[str, float], q: Mapping[str, float]) -> float:
    """KL(p‖q) = cross-entropy − entropy: the bits a letter that the wrong book costs."""
    return cross_entropy(p, q) - entropy(p)


def ideal_bits(share: float) -> float:
    """log₂(1/share): the length that the share deserves; infinite for none."""
    return float(bits(-math.log(share))) if share > 0 else math.inf


def expected(p: Mapping[str, float], lengths: Mapping[str, float]) -> float:
    """Σ p · length: what a letter costs on average."""
    return sum(share * lengths[letter] for letter, share in p.items() if share > 0)


def kraft(lengths: Mapping[str, float]) -> float:
    """Σ 2^−length: a code that can be told apart letter by letter exists just where this is at most 1 (Kraft, 1949)."""
    return sum(2.0**-length for length in lengths.values())


def huffman(p: Mapping[str, float]) -> dict[str, int]:
    """The whole lengths of least average: join the two rarest until one is left (Huffman, 1952)."""
    heap = [(share, i, [letter]) for i, (letter, share) in enumerate(sorted(p.items())) if share > 0]
    lengths = {letter: 0 for *_, (letter,) in heap}
    heapq.heapify(heap)
    fresh = len(heap)
    while len(heap) > 1:
        (a, _, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for letter in left + right:
            lengths[letter] += 1
        heapq.heappush(heap, (a + b, fresh, left + right))
        fresh += 1
    return lengths if len(lengths) > 1 else dict.fromkeys(lengths, 1)


def shannon(p: Mapping[str, float]) -> dict[str, int]:
    """Whole lengths ⌈log₂(1/p)⌉: never over budget, within one bit of the entropy (Shannon, 1948)."""
    return {letter: max(1, math.ceil(ideal_bits(share) - 1e-12)) for letter, share in p.items() if share > 0}


def words(lengths: Mapping[str, int]) -> dict[str, str]:
    """Code words of 0 and 1 with these lengths, none the beginning of another. Raises ValueError where Kraft forbids it."""
    if kraft(lengths) > 1:
        raise ValueError(f"no such code: its Kraft sum is {kraft(lengths):.3f}, more than 1")
    given, code, before = {}, 0, 0
    for letter in sorted(lengths, key=lambda a: (lengths[a], a)):
        code <<= lengths[letter] - before
        before = lengths[letter]
        given[letter] = f"{code:0{before}b}"
        code += 1
    return given


def by_sign(language: Language) -> dict[str, float]:
    """The language's frequencies by Morse sign, its letters' common alphabet with other languages."""
    return {language.morse[letter]: share for letter, share in language.frequencies.items()}


def book(language: Language) -> dict[str, float]:
    """The shares on which a language's codebook is made: its own frequencies, and a little of RESERVE for every sign."""
    p = by_sign(language)
    return {sign: (1 - RESERVE) * p.get(sign, 0.0) + RESERVE / len(SIGNS) for sign in SIGNS}


def book_bits(language: Language) -> dict[str, float]:
    """Length in bits of each sign in the language's codebook: log₂(1/share). Their Kraft sum is 1."""
    return {sign: ideal_bits(share) for sign, share in book(language).items()}


def morse_units(language: Language) -> dict[str, int]:
    """Units of each letter with the gap after it, by the language's Morse table."""
    return {letter: letter_units(language.morse[letter]) for letter in language.percent}


def reassigned(language: Language) -> dict[str, str]:
    """The same signs dealt out anew: the shortest to the most frequent letter, and so on: least expected units."""
    signs = sorted((language.morse[letter] for letter in language.percent), key=lambda sign: (letter_units(sign), sign))
    return dict(zip(language.frequencies, signs))


def best_units(language: Language) -> dict[str, int]:
    """Units of each letter, with the gap after it, by the `reassigned` table."""
    return {letter: letter_units(sign) for letter, sign in reassigned(language).items()}


def message_bits(signs: list[str], lengths: Mapping[str, float]) -> float:
    """Bits of a message, given as signs, in a codebook."""
    return sum(lengths[sign] for sign in signs)
