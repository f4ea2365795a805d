"""The Morse lesson's pure logic, against values worked by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from explorer.morse import codes, gaussians, messages, orders
from explorer.morse.tables import CYRILLIC, ENGLISH, FIGURES, FRENCH, GERMAN, LANGUAGES, LATIN, RUSSIAN, SIGNS, SPANISH

ALL = [pytest.param(language, id=language.name) for language in LANGUAGES.values()]
SHARES = some.lists(some.floats(0.001, 1), min_size=2, max_size=9).map(
    lambda shares: {chr(97 + i): share / sum(shares) for i, share in enumerate(shares)})  # fmt: skip


# ---- Tables


def test_no_two_letters_of_a_language_share_a_sign():
    for table in (LATIN, CYRILLIC, LATIN | FIGURES):
        assert len(set(table.values())) == len(table)
    assert len(LATIN) == 28 and len(CYRILLIC) == 32 and len(FIGURES) == 10 and len(SIGNS) == 32


@pytest.mark.parametrize("language", ALL)
def test_frequencies_cover_the_alphabet_and_sum_to_one(language):
    p = language.frequencies
    assert sum(p.values()) == pytest.approx(1)
    assert sum(language.percent.values()) == pytest.approx(100.45 if language is SPANISH else 100, abs=0.05)  # as tabulated
    assert list(p.values()) == sorted(p.values(), reverse=True)
    assert set(p) <= set(language.morse)
    assert {language.letter_of[language.morse[letter]] for letter in p} == set(p)
    assert language.source


def test_every_letter_of_the_english_and_russian_alphabets_is_there():
    assert "".join(sorted(ENGLISH.percent)) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert "".join(sorted(RUSSIAN.percent)) == "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"


def test_russian_kept_the_latin_signs_by_likeness():
    assert CYRILLIC["О"] == LATIN["O"] == "---"
    assert CYRILLIC["Е"] == LATIN["E"] == "."
    assert next(iter(RUSSIAN.frequencies)) == "О"


# ---- Messages


@pytest.mark.parametrize("text, language, units", [
    ("PARIS", ENGLISH, 50),  # P 11, A 5, R 7, I 3, S 5; four gaps of 3; the word gap 7
    ("paris paris", ENGLISH, 100), ("E", ENGLISH, 8), ("Q", ENGLISH, 20), ("", ENGLISH, 0), ("SOS", ENGLISH, 34),
    ("ПАРИЖ", RUSSIAN, 54),  # as PARIS, with Ж of 9 for S of 5
    ("Я ЛЮБЛЮ ПАРИЖ", RUSSIAN, 140),  # 11 + 7, 49 + 12 + 7, 54
    ("5", ENGLISH, 16), ("0", ENGLISH, 26),
])  # fmt: skip
def test_the_length_of_a_message_in_units(text, language, units):
    assert messages.message_units(messages.read(text, language, figures=True), language) == units


def test_the_signs_of_a_letter():
    assert [messages.sign_units(LATIN[letter]) for letter in "ETAOQ"] == [1, 3, 5, 11, 13]
    assert messages.marks(messages.read("PARIS", ENGLISH), ENGLISH) == (10, 4)


@pytest.mark.parametrize("text, language, letters, skipped", [
    ("Hello, World!", ENGLISH, "HELLOWORLD", (",", "!")),
    ("straße ÜBER", GERMAN, "STRASSEUEBER", ()),
    ("é à œuf", FRENCH, "ÉAOEUF", ()), ("niño", SPANISH, "NIÑO", ()), ("café", ENGLISH, "CAFE", ()),
    ("cafe\u0301", FRENCH, "CAFÉ", ()),  # the accent apart from its letter
    ("ёж", RUSSIAN, "ЕЖ", ()), ("мир mir", RUSSIAN, "МИР", ("M", "I", "R")),
    ("שלום", ENGLISH, "", ("ש", "ל", "ו", "ם")), ("hi 👋🏽", ENGLISH, "HI", ("👋", "🏽")),
    ("a\u200db\u202e", ENGLISH, "AB", ()), ("   \n\t", ENGLISH, "", ()), ("12", ENGLISH, "", ("1", "2")),
])  # fmt: skip
def test_letters_are_read_and_others_named(text, language, letters, skipped):
    read = messages.read(text, language)
    assert (read.letters, read.skipped, read.cut) == (letters, skipped, False)


def test_figures_count_where_they_are_asked_for():
    assert messages.read("R2 D2", ENGLISH, figures=True).words == ("R2", "D2")


def test_ten_thousand_letters_are_read_and_more_are_cut():
    read = messages.read("E" * 10_000, ENGLISH)
    assert len(read.letters) == 10_000 and not read.cut
    assert messages.message_units(read, ENGLISH) == 10_000 + 3 * 9_999 + 7
    assert messages.read("E" * 10_001, ENGLISH).cut and len(messages.read("E" * 10_001, ENGLISH).letters) == 10_000


def test_a_character_is_named_for_those_who_cannot_see_it():
    assert "hebrew letter shin" in messages.named("ש") and messages.runs_right_to_left("ש")
    assert "waving hand sign" in messages.named("👋") and not messages.runs_right_to_left("👋")
    assert messages.named("\ue000")


@given(some.text(max_size=300), some.sampled_from(list(LANGUAGES.values())), some.booleans())
def test_no_text_is_too_strange(text, language, figures):
    read = messages.read(text, language, figures)
    assert messages.message_units(read, language) >= 8 * len(read.words)
    assert set(read.letters) <= set(language.percent) | set(FIGURES)
    for character in read.skipped:
        assert messages.named(character)


# ---- Codes


def test_entropy_of_a_fair_die_and_of_english():
    assert codes.entropy(dict.fromkeys("abcdefgh", 1 / 8)) == pytest.approx(3)
    assert codes.entropy({"a": 0.5, "b": 0.25, "c": 0.25}) == pytest.approx(1.5)
    table = (8.167, 1.492, 2.782, 4.253, 12.702, 2.228, 2.015, 6.094, 6.966, 0.153, 0.772, 4.025, 2.406,
             6.749, 7.507, 1.929, 0.095, 5.987, 6.327, 9.056, 2.758, 0.978, 2.360, 0.150, 1.974, 0.074)  # fmt: skip
    by_hand = -sum(x / sum(table) * math.log2(x / sum(table)) for x in table)
    assert codes.entropy(ENGLISH.frequencies) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(4.176, abs=5e-4)


def test_the_cost_of_the_wrong_book_by_hand():
    p, q = {"a": 0.5, "b": 0.5}, {"a": 0.25, "b": 0.75}
    assert codes.cross_entropy(p, q) == pytest.approx(0.5 * 2 + 0.5 * math.log2(4 / 3))
    assert codes.kl(p, q) == pytest.approx(1 - 0.5 * math.log2(3))
    assert codes.kl(q, p) == pytest.approx(1 - codes.entropy(q))
    assert codes.kl(p, {"a": 1.0}) == math.inf


@given(SHARES)
def test_kl_is_least_at_the_own_book(p):
    assert codes.kl(p, p) == pytest.approx(0, abs=1e-12)
    assert codes.kl(p, dict.fromkeys(p, 1 / len(p))) >= -1e-12


@given(SHARES)
def test_huffman_beats_shannon_and_all_codes_have_words_none_the_beginning_of_another(p):
    best, rounded = codes.huffman(p), codes.shannon(p)
    assert codes.kraft(best) == pytest.approx(1)
    assert codes.kraft(rounded) <= 1
    h = codes.entropy(p)
    assert h - 1e-9 <= codes.expected(p, best) <= codes.expected(p, rounded) + 1e-9 <= h + 1 + 1e-9
    for lengths in (best, rounded):
        words = codes.words(lengths)
        assert {letter: len(word) for letter, word in words.items()} == lengths
        assert not any(a != b and words[b].startswith(words[a]) for a in words for b in words)


@given(SHARES.filter(lambda p: len(p) <= 4))
def test_no_whole_lengths_beat_huffman(p):
    best = codes.expected(p, codes.huffman(p))
    for lengths in itertools.product(range(1, 6), repeat=len(p)):
        book = dict(zip(p, lengths))
        if codes.kraft(book) <= 1:
            assert codes.expected(p, book) >= best - 1e-9


def test_huffman_by_hand():
    assert codes.huffman({"a": 0.5, "b": 0.25, "c": 0.125, "d": 0.125}) == {"a": 1, "b": 2, "c": 3, "d": 3}
    assert codes.huffman({"a": 1.0}) == {"a": 1}
    assert codes.words({"a": 1, "b": 2, "c": 2}) == {"a": "0", "b": "10", "c": "11"}
    with pytest.raises(ValueError):
        codes.words({"a": 1, "b": 1, "c": 1})


def test_kraft_by_hand():
    assert codes.kraft({"a": 1, "b": 2, "c": 3}) == 0.875
    assert codes.kraft(dict.fromkeys(range(26), 5)) == 26 / 32


@pytest.mark.parametrize("language", ALL)
def test_every_code_that_the_lesson_shows_is_within_budget(language):
    p = language.frequencies
    made = (make(language) for make in (codes.book_bits, codes.morse_units, codes.best_units))
    for lengths in (codes.huffman(p), codes.shannon(p), *made):
        assert 0 < codes.kraft(lengths) <= 1 + 1e-9
    assert codes.kraft(codes.book_bits(language)) == pytest.approx(1)


@pytest.mark.parametrize("language", ALL)
def test_a_books_reserve_costs_its_own_language_almost_nothing(language):
    assert 0 <= codes.kl(codes.by_sign(language), codes.book(language)) < 0.002


def test_every_other_book_costs_more():
    for a, b in itertools.permutations(LANGUAGES.values(), 2):
        assert 0.05 < codes.kl(codes.by_sign(a), codes.book(b)) < 3


@pytest.mark.parametrize("language", ALL)
def test_no_deal_of_the_same_signs_is_shorter_than_the_best(language):
    p, best = language.frequencies, codes.best_units(language)
    assert sorted(best.values()) == sorted(codes.morse_units(language).values())
    least = codes.expected(p, best)
    assert least <= codes.expected(p, codes.morse_units(language))
    letters = list(p)
    for a, b in itertools.combinations(letters, 2):  # no two letters would do better to change
        assert p[a] * best[b] + p[b] * best[a] >= p[a] * best[a] + p[b] * best[b] - 1e-12


def test_morse_fits_english_better_than_russian():
    waste = [codes.expected(a.frequencies, codes.morse_units(a)) / codes.expected(a.frequencies, codes.best_units(a))
             for a in (ENGLISH, RUSSIAN)]  # fmt: skip
    assert waste[0] < waste[1]
    assert codes.morse_units(RUSSIAN)["О"] == 14 and codes.best_units(RUSSIAN)["О"] == 4


# ---- Gaussians


@pytest.mark.parametrize("c, m, s, nats", [
    (2, 0, 1, 2.0), (0, 0, 1, 0.0), (3, 3, 1, 0.0), (1, 0, 2, math.log(2) + 2 / 8 - 0.5), (-2, 1, 1, 4.5),
])  # fmt: skip
def test_kl_of_two_gaussians_by_hand(c, m, s, nats):
    assert gaussians.kl_bits(c, m, s) == pytest.approx(nats / math.log(2))


@given(some.floats(-5, 5), some.floats(-5, 5), some.floats(0.3, 5))
def test_kl_is_the_mean_extra_surprise(c, m, s):
    z = np.linspace(c - 10, c + 10, 4001)
    q = np.exp(-((z - c) ** 2) / 2) / math.sqrt(2 * math.pi)
    extra = [gaussians.surprise_bits(x, m, s) - gaussians.surprise_bits(x, c, 1.0) for x in z]
    assert gaussians.kl_bits(c, m, s) == pytest.approx(float((q * extra).sum() * (z[1] - z[0])), abs=1e-4)


@given(some.floats(-5, 5), some.floats(-5, 5), some.floats(0.3, 5))
def test_no_width_is_cheaper_than_the_cheapest(c, m, s):
    assert gaussians.kl_bits(c, m, gaussians.cheapest_width(c, m)) <= gaussians.kl_bits(c, m, s) + 1e-9


def test_a_width_of_nothing_is_refused():
    with pytest.raises(ValueError):
        gaussians.kl_bits(0, 0, 0)


# ---- Orders


def _prices(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.random((n, n)) * 9, draw.random(n) * 9


def test_the_price_of_an_order_by_hand():
    costs = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 4.0], [5.0, 6.0, 0.0]])
    assert orders.step_bits(costs, np.array([10.0, 20.0, 30.0]), [2, 0, 1]) == [30.0, 2.0, 3.0]


@pytest.mark.parametrize("n, seed", [(1, 0), (2, 1), (5, 2), (6, 3)])
def test_best_and_mean_over_all_orders(n, seed):
    costs, first = _prices(n, seed)
    totals = {order: sum(orders.step_bits(costs, first, list(order))) for order in itertools.permutations(range(n))}
    best = orders.best_order(costs, first)
    assert sorted(best) == list(range(n))
    assert sum(orders.step_bits(costs, first, best)) == pytest.approx(min(totals.values()))
    assert orders.mean_over_orders(costs, first) == pytest.approx(np.mean(list(totals.values())))


def test_what_an_order_can_say():
    assert orders.order_bits(1) == pytest.approx(0)
    assert orders.order_bits(10) == pytest.approx(math.log2(3_628_800))
    assert orders.order_bits(52) == pytest.approx(225.58, abs=0.005)
    assert orders.order_bits(10_000) * math.log(2) / 10_000 == pytest.approx(8.21, abs=0.005)
