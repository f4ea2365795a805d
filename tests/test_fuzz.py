"""Damaged and hostile files: one clear error each, nothing written, no memory or time that the header asks for.

Every byte of a file is under its checksum, so most damage ends there. The second half puts the checksum right again, so that
what lies behind it is tried too: the header's parser, the stack of bits, and the networks fed with what no sender sent.
"""

import resource
import struct
import zlib
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import built_bundle, config, digits, scrambled

from lpvae import container
from lpvae.__main__ import main
from lpvae.codes import CodeTable
from lpvae.coding import Coder
from lpvae.errors import UserError
from lpvae.evaluate import encode
from lpvae.latents import PROTOCOLS

MANY = settings(max_examples=11_000, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
SOME = settings(MANY, max_examples=150)
MODEL = scrambled(config(decoder="factorised"))
TABLE = CodeTable(np.arange(30), encode(MODEL, digits(30)[0]).numpy())


@cache
def whole(protocol: str) -> bytes:
    images = digits(6, seed=3)[0]
    return container.compress(MODEL, TABLE, images, protocol, keep_order=protocol == "tour", lanes=2).content


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """`content` after one to three of: bits flipped, bytes changed, cut out, put in; the end cut off."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        kind = draw(st.sampled_from(["flip", "change", "cut", "insert", "end"]))
        if kind == "flip" and content:
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "change":
            some = draw(st.binary(min_size=1, max_size=8))
            content[at : at + len(some)] = some
        elif kind == "cut":
            del content[at : at + draw(st.integers(1, 9))]
        elif kind == "insert":
            content[at:at] = draw(st.binary(min_size=1, max_size=8))
        else:
            del content[at:]
    return bytes(content)


def rechecked(content: bytes) -> bytes:
    """With a checksum that fits."""
    return content[:-4] + struct.pack("<I", zlib.crc32(content[:-4]))


def refused(content: bytes) -> None:
    with pytest.raises(UserError) as error:
        container.decompress(content, MODEL, TABLE)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_ten_thousand_damaged_files_are_refused():
    original, tried = whole("set"), []

    @MANY
    @given(content=damaged(original))
    def law(content):
        if content != original:
            refused(content)
            tried.append(content)

    law()
    assert len(tried) >= 10_000


@SOME
@given(content=st.binary(max_size=300))
def test_foreign_files_are_refused(content):
    refused(content)
    refused(container.MAGIC + content)
    refused(rechecked(whole("set")[:40] + content + b"0000"))


@SOME
@given(data=st.data(), protocol=st.sampled_from(PROTOCOLS))
def test_damage_under_a_right_checksum_gives_an_error_or_images_and_nothing_else(data, protocol):
    content = rechecked(data.draw(damaged(whole(protocol))) + b"0000")
    try:
        images = container.decompress(content, MODEL, TABLE)
    except UserError:
        return
    assert images.ndim == 3 and images.max() <= 1


@cache
def receivers(protocol: str) -> tuple:
    header, words = container.unpack(whole(protocol))
    return header, words, container.receiver(header, MODEL, TABLE)


@SOME
@given(data=st.data(), protocol=st.sampled_from(PROTOCOLS))
def test_a_damaged_message_behind_a_whole_header_never_passes_for_whole(data, protocol):
    header, words, coder = receivers(protocol)
    spoilt = data.draw(damaged(words.astype("<u4").tobytes()))
    spoilt = np.frombuffer(spoilt[: len(spoilt) // 4 * 4], "<u4")
    if not np.array_equal(spoilt, words):
        with pytest.raises(UserError):
            container.decoded(header, spoilt, coder)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_flipped_bit_of_a_message_is_found_out_wherever_it_is(protocol):
    flipped_are_refused(*receivers(protocol), every=7)


def test_so_it_is_with_an_autoregressive_model():
    model = scrambled(config())
    header, words = container.unpack(container.compress(model, TABLE, digits(6, seed=3)[0], lanes=2).content)
    flipped_are_refused(header, words, container.receiver(header, model, TABLE), every=37)


def flipped_are_refused(header: container.Header, words: np.ndarray, coder: Coder, every: int) -> None:
    for bit in range(0, 32 * len(words), every):
        spoilt = words.copy()
        spoilt[bit // 32] ^= np.uint32(1 << bit % 32)
        with pytest.raises(UserError):
            container.decoded(header, spoilt, coder)


@pytest.mark.parametrize("field, value", [
    ("count", container.MAX_IMAGES), ("lanes", 255), ("words", 65_535), ("side", 65_535), ("side", 1024), ("low", -(2**15)),
    ("high", 2**15 - 1), ("count", 2**32 - 1), ("count", 0), ("lanes", 0), ("words", 0),
])
def test_hostile_headers_get_neither_memory_nor_time(field, value):
    places = {"count": (6, "<I"), "side": (10, "<H"), "lanes": (12, "<B"), "words": (13, "<H"),
              "low": (15, "<h"), "high": (17, "<h")}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for protocol in PROTOCOLS:
        content = bytearray(whole(protocol))
        at, kind = places[field]
        struct.pack_into(kind, content, at, value)
        refused(rechecked(bytes(content)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kB


def test_the_commands_write_nothing_of_a_damaged_file(tmp_path, capsys):
    np.save(tmp_path / "in.npy", digits(12)[0])
    assert main(["compress", str(built_bundle()), str(tmp_path / "in.npy"), str(tmp_path / "a.lpv")]) == 0
    content = (tmp_path / "a.lpv").read_bytes()
    middle = bytearray(content)
    middle[-30] ^= 4
    spoilt = [b"", content[:3], content[:40], content[:-1], content + b"0", b"PK" + content,
              bytes(middle), rechecked(bytes(middle))]
    (tmp_path / "out.npz").write_text("mine")
    capsys.readouterr()
    for number, bad in enumerate(spoilt):
        (tmp_path / "bad.lpv").write_bytes(bad)
        code = main(["decompress", str(tmp_path / "bad.lpv"), str(tmp_path / "out.npz"), "--model", str(built_bundle())])
        said = capsys.readouterr()
        assert code == 2 and said.out == "" and said.err.startswith("lpvae: ") and said.err.count("\n") == 1, number
        assert (tmp_path / "out.npz").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.lpv", "bad.lpv", "in.npy", "out.npz"]
