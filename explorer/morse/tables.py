"""Published tables: the Morse signs and how often each letter is used in five languages.

Signs: Recommendation ITU-R M.1677-1 (2009), A to Z, É and the figures; Ñ and the Russian letters are the usual national signs.
Frequencies: each language's `source`; as tabulated they sum to 100 % but for rounding, the Spanish ones to 100.45.
Letters that share a sign (Latin A and Cyrillic А) share a place in every codebook: the signs are the common alphabet.
"""

from dataclasses import dataclass

LATIN = {
    "A": ".-", "B": "-...", "C": "-.-.", "D": "-..", "E": ".", "F": "..-.", "G": "--.", "H": "....", "I": "..", "J": ".---",
    "K": "-.-", "L": ".-..", "M": "--", "N": "-.", "O": "---", "P": ".--.", "Q": "--.-", "R": ".-.", "S": "...", "T": "-",
    "U": "..-", "V": "...-", "W": ".--", "X": "-..-", "Y": "-.--", "Z": "--..", "É": "..-..", "Ñ": "--.--",
}  # fmt: skip

CYRILLIC = {
    "А": ".-", "Б": "-...", "В": ".--", "Г": "--.", "Д": "-..", "Е": ".", "Ж": "...-", "З": "--..", "И": "..", "Й": ".---",
    "К": "-.-", "Л": ".-..", "М": "--", "Н": "-.", "О": "---", "П": ".--.", "Р": ".-.", "С": "...", "Т": "-", "У": "..-",
    "Ф": "..-.", "Х": "....", "Ц": "-.-.", "Ч": "---.", "Ш": "----", "Щ": "--.-", "Ъ": "--.--", "Ы": "-.--", "Ь": "-..-",
    "Э": "..-..", "Ю": "..--", "Я": ".-.-",
}  # fmt: skip

FIGURES = {
    "1": ".----", "2": "..---", "3": "...--", "4": "....-", "5": ".....",
    "6": "-....", "7": "--...", "8": "---..", "9": "----.", "0": "-----",
}  # fmt: skip

SIGNS = tuple(sorted({*LATIN.values(), *CYRILLIC.values()}, key=lambda sign: (len(sign), sign)))

# Written as other letters before anything is counted: each table below was made that way.
COMMON = {"À": "A", "Â": "A", "Á": "A", "Ç": "C", "È": "E", "Ê": "E", "Ë": "E", "Í": "I", "Î": "I", "Ï": "I", "Ó": "O",
          "Ô": "O", "Ú": "U", "Ù": "U", "Û": "U", "Œ": "OE", "Æ": "AE", "ẞ": "SS"}  # fmt: skip


@dataclass(frozen=True)
class Language:
    """A language: its letters' Morse signs, their published frequencies in per cent, and where these come from.

    folds: accented letters that the table counts as others, such as Ä as AE in German.
    """

    name: str
    morse: dict[str, str]
    percent: dict[str, float]
    source: str
    folds: dict[str, str]

    @property
    def frequencies(self) -> dict[str, float]:
        """Each letter's share, summing to 1, the most frequent first."""
        total = sum(self.percent.values())
        return {letter: self.percent[letter] / total for letter in sorted(self.percent, key=lambda a: (-self.percent[a], a))}

    @property
    def letter_of(self) -> dict[str, str]:
        """Sign → this language's letter for it; a sign that it never uses is missing."""
        return {self.morse[letter]: letter for letter in self.percent}


def _alphabet(values: str) -> dict[str, float]:
    return dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", map(float, values.split()), strict=True))


_WITHOUT_UMLAUTS = {"Ä": "AE", "Ö": "OE", "Ü": "UE"}
_PLAIN = {"É": "E", "Ñ": "N", "Ä": "A", "Ö": "O", "Ü": "U"}

ENGLISH = Language(
    "English", LATIN,
    _alphabet("8.167 1.492 2.782 4.253 12.702 2.228 2.015 6.094 6.966 0.153 0.772 4.025 2.406"
              " 6.749 7.507 1.929 0.095 5.987 6.327 9.056 2.758 0.978 2.360 0.150 1.974 0.074"),
    "R. E. Lewand, Cryptological Mathematics (Mathematical Association of America, 2000), p. 36",
    COMMON | _PLAIN,
)  # fmt: skip

GERMAN = Language(
    "German", LATIN,
    _alphabet("6.51 1.89 3.06 5.08 17.40 1.66 3.01 4.76 7.55 0.27 1.21 3.44 2.53"
              " 9.78 2.51 0.79 0.02 7.00 7.27 6.15 4.35 0.67 1.89 0.03 0.04 1.13"),
    "A. Beutelspacher, Kryptologie (Vieweg, 7th edition 2005), p. 10; Ä counts as AE, ß as SS",
    COMMON | _PLAIN | _WITHOUT_UMLAUTS,
)  # fmt: skip

FRENCH = Language(
    "French", LATIN,
    _alphabet("8.122 0.901 3.345 3.669 15.230 1.066 0.866 0.737 7.579 0.545 0.049 5.456 2.968"
              " 7.095 5.419 3.021 1.362 6.553 7.948 7.244 6.369 1.628 0.114 0.387 0.308 0.136") | {"É": 1.904},
    "Corpus of Thomas Tempé, as tabulated in Wikipedia, Letter frequency (an early version); other accents count as the plain"
    " letter, Œ as OE",
    COMMON | {k: v for k, v in _PLAIN.items() if k != "É"},
)  # fmt: skip

SPANISH = Language(
    "Spanish", LATIN,
    _alphabet("12.53 1.42 4.68 5.86 13.68 0.69 1.01 0.70 6.25 0.44 0.01 4.97 3.15"
              " 6.71 8.68 2.51 0.88 6.87 7.98 4.63 3.93 0.90 0.02 0.22 0.90 0.52") | {"Ñ": 0.31},
    "F. Pratt, Secret and Urgent (Blue Ribbon Books, 1942), pp. 254-255, as tabulated in Wikipedia, Letter frequency",
    COMMON | {k: v for k, v in _PLAIN.items() if k != "Ñ"},
)  # fmt: skip

RUSSIAN = Language(
    "Russian", CYRILLIC,
    {
        "О": 10.97, "Е": 8.49, "А": 8.01, "И": 7.35, "Н": 6.70, "Т": 6.26, "С": 5.47, "Р": 4.73, "В": 4.54, "Л": 4.40,
        "К": 3.49, "М": 3.21, "Д": 2.98, "П": 2.81, "У": 2.62, "Я": 2.01, "Ы": 1.90, "Ь": 1.74, "Г": 1.70, "З": 1.65,
        "Б": 1.59, "Ч": 1.44, "Й": 1.21, "Х": 0.97, "Ж": 0.94, "Ш": 0.73, "Ю": 0.64, "Ц": 0.48, "Щ": 0.36, "Э": 0.32,
        "Ф": 0.26, "Ъ": 0.04,
    },
    "letters of the Russian National Corpus, O. Lyashevskaya, S. Sharov, Частотный словарь современного русского языка (2009), as"
    " tabulated in the Russian Wikipedia, Частотность; Ё counts as Е",
    {"Ё": "Е"},
)  # fmt: skip

LANGUAGES = {language.name: language for language in (ENGLISH, RUSSIAN, GERMAN, FRENCH, SPANISH)}
