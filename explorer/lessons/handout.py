"""The teacher's handout: one page of Markdown, every figure of it computed. `python -m explorer.lessons.handout` writes it."""

import os
import tempfile
from pathlib import Path

from explorer.lessons import quiz, step2, step6, step7, words
from explorer.lessons.visit import Visit
from explorer.morse import codes, gaussians, messages, orders
from explorer.morse.tables import ENGLISH, LANGUAGES, RUSSIAN, Language

FILE = Path(__file__).parents[2] / "assets" / "handout.md"


def text() -> str:
    """The questions, and the figures to expect where nothing has been changed."""
    fresh = Visit()
    facts = step7.facts(fresh)
    questions = quiz.questions(fresh, facts)
    rows = sorted(_figures() + (_figures_of(facts) if facts else []), key=lambda row: row[0])
    lines = [f"# {words.HANDOUT_TITLE}", "", words.HANDOUT_LEAD, "", f"## {words.HANDOUT_FIGURES}", ""]
    lines += [f"| {' | '.join(words.HANDOUT_TABLE)} |", "|---|---|---|"]
    lines += [f"| {step} | {what} | {figure} |" for step, what, figure in rows]
    lines += ["", f"## {words.HANDOUT_QUESTIONS}", "", words.HANDOUT_QUESTIONS_LEAD, ""]
    lines += [f"{n}. {q.text} **{q.answer.text}.** {q.answer.why}" for n, q in enumerate(questions, 1)]
    lines += ["", f"## {words.HANDOUT_TALK}", "", *(f"- {line}" for line in words.HANDOUT_TALKS)]
    return "\n".join(lines) + "\n"


def _figures() -> list[tuple[int, str, str]]:
    """Step, what, and its figure, for those that hang on no model."""
    said, english = words.HANDOUT_ROWS, ENGLISH.frequencies
    book = codes.book(ENGLISH)
    equal = step2.all_alike(english)
    return [
        (1, said["paris"], str(messages.message_units(messages.read("PARIS", ENGLISH), ENGLISH))),
        (1, said["english"], _now_and_best(ENGLISH)),
        (2, said["russian"], _now_and_best(RUSSIAN)),
        *((2, said["entropy"].format(language=a.name), f"{codes.entropy(a.frequencies):.3f}") for a in LANGUAGES.values()),
        (2, said["kl"], f"{codes.kl(codes.by_sign(RUSSIAN), book):.2f}"),
        (2, said["huffman"], f"{codes.expected(english, codes.huffman(english)):.3f}"),
        (2, said["equal"], f"{codes.kraft(equal):.4g}"),
        (3, said["gaussian"], f"{gaussians.kl_bits(2.0, 0.0, 1.0):.3f}"),
        (6, said["order"], f"{orders.order_bits(10):.1f}"),
        (6, said["cards"], f"{orders.order_bits(52):.1f}"),
    ]  # fmt: skip


def _figures_of(facts: quiz.Facts) -> list[tuple[int, str, str]]:
    """Those of the models that are here."""
    said, queue = words.HANDOUT_ROWS, facts.queue
    totals = [queue.random, *(sum(orders.step_bits(queue.costs, queue.first, order)) for order in (queue.greedy, queue.best))]
    return [
        (4, said["missed"], "; ".join(f"{swap.missed_bits:+.1f}" for swap in facts.swaps)),
        (5, said["queue"], "; ".join(f"{total:.1f}" for total in totals)),
        *((6, said["account"].format(name=name, kind=words.ACCOUNT_KINDS[kind]), f"{nats:.2f}")
          for name, kind, nats in step6.rows(facts.plain, facts.local)),
    ]  # fmt: skip


def _now_and_best(language: Language) -> str:
    p = language.frequencies
    return "; ".join(f"{codes.expected(p, units(language)):.2f}" for units in (codes.morse_units, codes.best_units))


def write(path: Path = FILE) -> None:
    """Write the handout, whole or not at all."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".tmp", delete=False) as file:
        file.write(text())
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


if __name__ == "__main__":
    write()
