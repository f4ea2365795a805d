"""Step 7's eight questions, asked of what the visitor has made: answers are computed, wrong ones explained. No streamlit."""

import hashlib
import random
from dataclasses import dataclass

from explorer.lessons import words
from explorer.lessons.real import Account, Queue, Swaps
from explorer.lessons.visit import Visit
from explorer.morse import codes, gaussians, messages, orders
from explorer.morse.tables import ENGLISH, LANGUAGES
from lpvae.costs import NATS_PER_BIT, bits

ASK = words.QUESTIONS


@dataclass(frozen=True)
class Option:
    """An answer, whether it is right, and why or why not."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Question:
    """key: its name; options: in the order shown, just one right."""

    key: str
    text: str
    options: tuple[Option, ...]

    @property
    def answer(self) -> Option:
        return next(option for option in self.options if option.right)


@dataclass(frozen=True)
class Facts:
    """What the later questions need of the two models."""

    swaps: tuple[Swaps, Swaps]
    queue: Queue
    order: list[int]
    plain: Account
    local: Account


def questions(visited: Visit, facts: Facts | None) -> list[Question]:
    """The eight; the first five where there are no models."""
    asked = [_units(visited), _russian(), _wrong_book(visited), _kraft(visited), _gaussian(visited)]
    if facts:
        asked += [_swap(visited, facts), _order(facts), _merit(facts)]
    return asked


def _question(key: str, values: dict, right: str, wrong: list[str]) -> Question:
    """A question of `words.QUESTIONS` with the shown value of each option filled in; equal-looking wrong ones are dropped."""
    given = ASK[key]
    shown = {name: text.format(**values) for name, (text, _) in given["options"].items()}
    kept = [right] + [name for i, name in enumerate(wrong) if shown[name] not in {shown[right], *(shown[w] for w in wrong[:i])}]
    text = given["text"].format(**values)
    # an order that the right answer does not give away, and that stays while the question does
    random.Random(hashlib.sha256((key + text).encode()).digest()).shuffle(kept)
    return Question(key, text, tuple(Option(shown[n], n == right, given["options"][n][1].format(**values)) for n in kept))


def _units(visited: Visit) -> Question:
    message = messages.read(visited.message, ENGLISH, True)
    if not message.letters:
        message = messages.read(words.MESSAGES["English"], ENGLISH)
    dots, dashes = messages.marks(message, ENGLISH)
    signs = sum(messages.sign_units(messages.sign_of(letter, ENGLISH)) for letter in message.letters)
    text = " ".join(message.words)
    values = {"message": text if len(text) <= 40 else text[:40] + "…", "units": messages.message_units(message, ENGLISH),
              "marks": dots + dashes, "signs": signs}  # fmt: skip
    return _question("units", values, "units", ["signs", "marks"])


def _russian() -> Question:
    language = LANGUAGES["Russian"]
    p, now, could = language.frequencies, codes.morse_units(language), codes.best_units(language)
    values = {"now": codes.expected(p, now), "could": codes.expected(p, could), "english": codes.expected(
        ENGLISH.frequencies, codes.morse_units(ENGLISH))}  # fmt: skip
    return _question("russian", values, "could", ["english", "same"])


def _wrong_book(visited: Visit) -> Question:
    text, book = visited.text_in, visited.book_of
    if text == book:
        text, book = "Russian", "English"
    a, b = LANGUAGES[text], LANGUAGES[book]
    values = {"text": text, "book": book, "kl": codes.kl(codes.by_sign(a), codes.book(b)), "back": codes.kl(
        codes.by_sign(b), codes.book(a)), "entropy": codes.entropy(a.frequencies)}  # fmt: skip
    return _question("wrong_book", values, "kl", ["back", "entropy"])


def _kraft(visited: Visit) -> Question:
    language = LANGUAGES[visited.text_in]
    p = language.frequencies
    lengths = visited.lengths.get(language.name) or dict.fromkeys(p, (len(p) - 1).bit_length())
    first = next(iter(p))
    # the same lengths, the most frequent letter cut to one bit: is there still room?
    sum_now = codes.kraft(lengths | {first: 1})
    values = {"letter": first, "language": language.name, "sum": sum_now, "rest": sum_now - 0.5}
    return _question("kraft", values, "fits" if sum_now <= 1 else "over", ["over" if sum_now <= 1 else "fits", "always"])


def _gaussian(visited: Visit) -> Question:
    c, m, s = visited.c, visited.m, visited.s
    # the other way round: the z of N(m, s²) sent with the book N(c, 1)
    back = gaussians.kl_bits(m / s, c / s, 1 / s)
    values = {"c": c, "m": m, "s": s, "kl": gaussians.kl_bits(c, m, s), "unit": gaussians.kl_bits(c, 0.0, 1.0), "back": back}
    values["nats"] = values["kl"] * NATS_PER_BIT
    return _question("gaussian", values, "kl", ["unit", "back", "nats", "none"])


def _swap(visited: Visit, facts: Facts) -> Question:
    count = len(facts.swaps[0].ids)
    i, j = min(visited.image, count - 1), min(visited.other, count - 1)
    if i == j:
        j = (i + 1) % count
    plain, local = (float(swap.pixel_bits[i, j] - swap.pixel_bits[i, i]) for swap in facts.swaps)
    values = {"image": _named(facts.swaps[0], i), "other": _named(facts.swaps[0], j), "plain": plain, "local": local,
              "latent": float(facts.swaps[0].latent_bits[i])}  # fmt: skip
    return _question("swap", values, "silent", ["other_way", "both"])


def _named(swaps: Swaps, i: int) -> str:
    text = words.DIGIT_NAMED if swaps.labels[i] >= 0 else words.DIGIT_NAMED_PLAIN
    return text.format(id=swaps.ids[i], label=swaps.labels[i])


def _order(facts: Facts) -> Question:
    n = len(facts.order)
    mine = sum(orders.step_bits(facts.queue.costs, facts.queue.first, facts.order))
    best = sum(orders.step_bits(facts.queue.costs, facts.queue.first, facts.queue.best))
    could = orders.order_bits(n)
    values = {"n": n, "total": mine, "could": could, "each": n * could, "best": best}
    return _question("order", values, "could", ["nothing", "each", "best"])


def _merit(facts: Facts) -> Question:
    plain, local = facts.plain.totals["global"], facts.local.totals
    values = {"plain": plain, "tour": local["tour"], "mixture": local["mixture"], "order": facts.local.order,
              "merit": plain - local["mixture"], "gap": plain - local["tour"], "gap_bits": float(bits(plain - local["tour"])),
              "set": local["set"], "rest": plain - local["tour"] - facts.local.order, "across": plain - local["set"]}  # fmt: skip
    return _question("merit", values, "merit", ["gap", "across"])
