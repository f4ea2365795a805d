"""A message as Morse: its letters, what is skipped, its length in units. Timing: ITU-R M.1677-1, part 1, section 2."""

import unicodedata
from dataclasses import dataclass

from explorer.morse.tables import FIGURES, Language

DOT, DASH, INSIDE, BETWEEN_LETTERS, BETWEEN_WORDS = 1, 3, 1, 3, 7  # units
LONGEST = 10_000  # letters of a message that are read


@dataclass(frozen=True)
class Message:
    """A text in a language's letters: words of letters; what was skipped, each once; whether the end was cut off."""

    words: tuple[str, ...]
    skipped: tuple[str, ...]
    cut: bool

    @property
    def letters(self) -> str:
        return "".join(self.words)


def read(text: str, language: Language, figures: bool = False) -> Message:
    """The letters of a text, in capitals, after the language's folds, and its figures if asked; the rest is skipped."""
    words, skipped = [], {}
    cut = len(text) > LONGEST
    for part in unicodedata.normalize("NFC", text[:LONGEST]).split():
        letters = []
        for character in part:
            for letter in _capitals(character, language):
                if letter in language.percent or (figures and letter in FIGURES):
                    letters.append(letter)
                elif not _invisible(letter):
                    skipped[letter] = None
        if letters:
            words.append("".join(letters))
    return Message(tuple(words), tuple(skipped), cut)


def _capitals(character: str, language: Language) -> str:
    upper = "ẞ" if character == "ß" else character.upper()
    return language.folds.get(upper, upper)


def _invisible(character: str) -> bool:
    """Joiners, direction marks, accents without a letter: nothing that a visitor would know by name."""
    return unicodedata.category(character) in ("Cf", "Cc", "Cn", "Co", "Cs", "Mn", "Me")


def named(character: str) -> str:
    """A character with its name, for those whose screen cannot show it: ٤ (ARABIC-INDIC DIGIT FOUR)."""
    name = unicodedata.name(character, "")
    # isolated, so that a right-to-left letter does not turn the sentence round it
    return f"\u2068{character}\u2069 ({name.lower()})" if name else "an unnamed character"


def runs_right_to_left(character: str) -> bool:
    """Whether it belongs to a script written from right to left."""
    return unicodedata.bidirectional(character) in ("R", "AL")


def sign_of(letter: str, language: Language) -> str:
    """The Morse sign of a letter or a figure."""
    return FIGURES.get(letter) or language.morse[letter]


def sign_units(sign: str) -> int:
    """Units from the first dot or dash to the last: dots, dashes and the gaps inside. Q is 3+1+3+1+1+1+3 = 13."""
    return sum(DOT if mark == "." else DASH for mark in sign) + INSIDE * (len(sign) - 1)


def letter_units(sign: str) -> int:
    """Units that a letter takes in running text: the sign and the gap after it."""
    return sign_units(sign) + BETWEEN_LETTERS


def message_units(message: Message, language: Language) -> int:
    """Units of the message, its last word gap included, as speeds in words per minute count: PARIS is 50."""
    return sum(word_units(word, language) for word in message.words)


def word_units(word: str, language: Language) -> int:
    """Units of one word and the word gap after it."""
    signs = sum(sign_units(sign_of(letter, language)) for letter in word)
    return signs + BETWEEN_LETTERS * (len(word) - 1) + BETWEEN_WORDS


def marks(message: Message, language: Language) -> tuple[int, int]:
    """How many dots and how many dashes the message has."""
    signs = "".join(sign_of(letter, language) for letter in message.letters)
    return signs.count("."), signs.count("-")
