"""The image files, their checks, the splits and the binarisation."""

import hashlib
import importlib.util
import re

import numpy as np
import pytest

from lpvae import data
from lpvae.errors import UserError

ASSETS = data.MNIST_PATH.parent
RNG = np.random.default_rng(7)
GREY = RNG.integers(0, 256, (21, 6, 6), dtype=np.uint8)
BITS = RNG.integers(0, 2, (21, 6, 6), dtype=np.uint8)


@pytest.fixture(scope="session")
def mnist():
    return data.load("mnist")


@pytest.fixture(scope="session")
def maker():
    spec = importlib.util.spec_from_file_location("make_mnist", ASSETS / "make_mnist.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def save(folder, name="some.npz", **arrays):
    path = folder / name
    np.savez(path, **arrays)
    return path


# MNIST

def test_the_asset_holds_the_four_original_files_bit_for_bit(mnist, maker):
    parts = {"train": slice(0, 60000), "t10k": slice(60000, 70000)}
    for part, rows in parts.items():
        count = rows.stop - rows.start
        images = bytes([0, 0, 8, 3]) + np.array([count, 28, 28], ">u4").tobytes() + mnist.pixels[rows].tobytes()
        labels = bytes([0, 0, 8, 1]) + np.array([count], ">u4").tobytes() + mnist.labels[rows].astype("u1").tobytes()
        assert hashlib.sha256(images).hexdigest() == maker.SHA256[f"{part}-images-idx3-ubyte"]
        assert hashlib.sha256(labels).hexdigest() == maker.SHA256[f"{part}-labels-idx1-ubyte"]


def test_the_asset_is_compact_and_the_readme_names_its_sha256():
    content = data.MNIST_PATH.read_bytes()
    assert len(content) <= 12_000_000
    assert hashlib.sha256(content).hexdigest() in (ASSETS / "README.md").read_text()


def test_mnist_splits_are_disjoint_and_cover_everything(mnist):
    sizes = {name: len(ids) for name, ids in mnist.splits.items()}
    assert sizes == {"train": 50000, "validation": 10000, "test": 10000}
    assert np.array_equal(np.sort(np.concatenate(list(mnist.splits.values()))), np.arange(70000))
    assert mnist.splits["test"].min() == 60000 and mnist.side == 28 and not mnist.binary
    assert set(mnist.labels) == set(range(10))


def test_a_missing_damaged_or_altered_asset_is_reported(tmp_path, mnist):
    content = bytearray(data.MNIST_PATH.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "flipped.npz").write_bytes(content)
    (tmp_path / "short.npz").write_bytes(content[: len(content) // 2])
    altered = mnist.pixels.copy()
    altered[123, 4, 5] ^= 1
    save(tmp_path, "altered.npz", images=altered, labels=mnist.labels.astype(np.uint8))
    save(tmp_path, "bare.npz", images=altered)
    for name in ("absent.npz", "flipped.npz", "short.npz", "altered.npz", "bare.npz"):
        with pytest.raises(UserError, match=r"(missing|damaged).*git checkout.*make_mnist\.py"):
            data.load("mnist", tmp_path / name)


def test_the_maker_is_deterministic_and_refuses_other_files(maker, tmp_path):
    assert maker.pack({"images": GREY}) == maker.pack({"images": GREY})
    idx = bytes([0, 0, 8, 3]) + np.array(GREY.shape, ">u4").tobytes() + GREY.tobytes()
    assert np.array_equal(maker.decode(idx), GREY)
    with pytest.raises(SystemExit, match="missing"):
        maker.check({})
    for name in maker.SHA256:
        (tmp_path / name).write_bytes(idx)
    with pytest.raises(SystemExit, match="sha256"):
        maker.check(maker.read_source(tmp_path))


# Rows of a split

def test_a_limit_takes_a_seeded_random_subset_with_sorted_ids(mnist):
    some = mnist.rows("test", limit=1000, seed=3)
    assert len(set(some)) == 1000 and np.all(np.diff(some) > 0) and np.isin(some, mnist.splits["test"]).all()
    assert np.array_equal(some, mnist.rows("test", limit=1000, seed=3))
    assert not np.array_equal(some, mnist.rows("test", limit=1000, seed=4))
    # 1,000 ids drawn from 10,000: the standard error of their mean is 87
    assert abs(some.mean() - 64999.5) < 450
    assert np.array_equal(mnist.rows("test", limit=10**6), mnist.rows("test"))


@pytest.mark.parametrize("split, options", [("tset", {}), ("test", {"limit": 0}), ("test", {"limit": 5, "seed": -1})])
def test_rows_that_cannot_be_had_are_reported(mnist, split, options):
    with pytest.raises(UserError):
        mnist.rows(split, **options)


# Binarisation

def test_the_bits_of_an_image_do_not_depend_on_the_others_asked_for(mnist):
    ids = mnist.rows("train", limit=700, seed=1)
    whole = data.bits(mnist, ids, "resampled", seed=5, epoch=2)
    some = RNG.permutation(700)[:90]
    assert np.array_equal(data.bits(mnist, ids[some], "resampled", seed=5, epoch=2), whole[some])
    assert np.array_equal(data.bits(mnist, ids[:1], "resampled", seed=5, epoch=2), whole[:1])


def test_an_odd_number_of_pixels_keeps_the_law():
    grey = np.full((9, 5, 5), 128, np.uint8)
    whole = data.binarise(grey, "fixed", 0, ids=np.arange(9))
    assert np.array_equal(data.binarise(grey[4:], "fixed", 0, ids=np.arange(4, 9)), whole[4:])


def test_fixed_ignores_the_epoch_and_every_other_draw_differs(mnist):
    ids = mnist.rows("test", limit=200)
    fixed = data.bits(mnist, ids, "fixed", seed=0)
    assert np.array_equal(data.bits(mnist, ids, "fixed", seed=0, epoch=9), fixed)
    draws = [fixed, data.bits(mnist, ids, "fixed", seed=1)]
    draws += [data.bits(mnist, ids, "resampled", seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert len({draw.tobytes() for draw in draws}) == len(draws)


def test_the_chance_of_a_one_is_the_grey_level_over_255():
    grey = np.tile(np.arange(256, dtype=np.uint8).reshape(1, 16, 16), (4000, 1, 1))
    ones = data.binarise(grey, "fixed", 0, ids=np.arange(4000)).mean(axis=0).ravel()
    chance = np.arange(256) / 255
    assert np.all(np.abs(ones - chance) <= 5 * np.sqrt(chance * (1 - chance) / 4000))


def test_draws_of_neighbouring_pixels_images_epochs_and_seeds_are_uncorrelated():
    half, ids = np.full((400, 28, 28), 128, np.uint8), np.arange(400)
    draws = [data.binarise(half, "resampled", seed, epoch, ids=ids) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    sign = [2.0 * draw - 1 for draw in draws]
    pairs = [(sign[0], sign[1]), (sign[0], sign[2]), (sign[0][1:], sign[0][:-1]),
             (sign[0][1:, :14], sign[0][:-1, 14:]), (sign[0][:, 1:], sign[0][:, :-1]),
             (sign[0][:, :, 1:], sign[0][:, :, :-1])]
    for left, right in pairs:
        assert abs((left * right).mean()) < 5 / np.sqrt(left.size)


def test_given_bits_pass_unchanged_and_grey_images_have_none(tmp_path, mnist):
    given = data.load(save(tmp_path, images=BITS))
    for mode in data.MODES:
        assert np.array_equal(data.bits(given, np.arange(21), mode, seed=3), BITS)
    for mode in ("given", "fixd"):
        with pytest.raises(UserError, match="binarisation"):
            data.bits(mnist, np.arange(3), mode)


def test_protocol_names(tmp_path, mnist):
    assert data.protocol(mnist, "fixed", 0) == "mnist, fixed draw of the bits (seed 0)"
    assert data.protocol(mnist, "resampled", 4) == "mnist, resampled each epoch (seed 4)"
    assert data.protocol(data.load(save(tmp_path, "mine.npz", images=BITS)), "fixed", 0) == "mine, given bits"


# Files of one's own

@pytest.mark.parametrize("images, binary", [(GREY, False), (GREY.astype(int), False), (BITS, True), (BITS == 1, True)])
def test_images_of_a_file(tmp_path, images, binary):
    path = save(tmp_path, images=images, labels=np.arange(21))
    loaded = data.load(path)
    assert loaded.binary is binary and loaded.side == 6 and loaded.name == "some" and loaded.pixels.dtype == np.uint8
    assert np.array_equal(loaded.pixels, images) and np.array_equal(loaded.labels, np.arange(21))
    assert {name: len(ids) for name, ids in loaded.splits.items()} == {"train": 15, "validation": 3, "test": 3}
    assert np.array_equal(np.sort(np.concatenate(list(loaded.splits.values()))), np.arange(21))


def test_a_bare_array_has_no_labels(tmp_path):
    np.save(tmp_path / "bare.npy", GREY)
    loaded = data.load(tmp_path / "bare.npy")
    assert np.array_equal(loaded.pixels, GREY) and np.all(loaded.labels == -1)


@pytest.mark.parametrize("split", [np.arange(21) % 3, np.array(["train", "validation", "test"] * 7)])
def test_a_given_split_is_kept(tmp_path, split):
    loaded = data.load(save(tmp_path, images=GREY, split=split))
    for start, name in enumerate(data.SPLITS):
        assert np.array_equal(loaded.rows(name), np.arange(start, 21, 3))


def test_an_empty_split_is_reported(tmp_path):
    loaded = data.load(save(tmp_path, images=GREY, split=np.zeros(21, int)))
    with pytest.raises(UserError, match="'test'.*it has train"):
        loaded.rows("test")


@pytest.mark.parametrize("side", [2, 3, 4, 5, 7, 14, 28, 32])
def test_packed_rows_round_trip(tmp_path, side):
    images = RNG.integers(0, 2, (20, side, side), dtype=np.uint8)
    packed = np.packbits(images.reshape(20, -1), axis=1)
    extra = {"side": side} if side == 3 else {}  # rows of two bytes hold side 3 or 4: without a word, the even one
    path = save(tmp_path, train=packed[:12], valid=packed[12:15], test=packed[15:], test_labels=np.arange(5),
                train_mnist_index=np.arange(12), **extra)
    loaded = data.load(path)
    assert loaded.binary and loaded.side == side and np.array_equal(loaded.pixels, images)
    assert np.array_equal(loaded.rows("validation"), [12, 13, 14])
    assert np.array_equal(loaded.labels, [-1] * 15 + [0, 1, 2, 3, 4])


def test_the_hash_follows_the_contents_not_the_file(tmp_path):
    one = data.load(save(tmp_path, "one.npz", images=GREY, labels=np.arange(21)))
    np.savez_compressed(tmp_path / "two.npz", images=GREY.astype(np.int32), labels=np.arange(21, dtype=np.uint8))
    assert data.load(tmp_path / "two.npz").sha256 == one.sha256
    changes = [{"labels": np.arange(21)[::-1]}, {"images": 255 - GREY}, {"split": np.zeros(21, int)}]
    others = [{"images": GREY, "labels": np.arange(21)} | change for change in changes]
    hashes = {data.load(save(tmp_path, **arrays)).sha256 for arrays in others}
    assert len(hashes | {one.sha256}) == 4


ROWS = np.zeros((20, 98), np.uint8)
BAD_FILES = {
    "no known array": dict(pictures=GREY),
    "object images": dict(images=np.array([None, "x"], object)),
    "float images": dict(images=GREY / 255),
    "text images": dict(images=np.full((12, 4, 4), "a")),
    "flat images": dict(images=GREY.reshape(21, 36)),
    "not square": dict(images=GREY[:, :5]),
    "too few": dict(images=GREY[:9]),
    "none at all": dict(images=GREY[:0]),
    "no side": dict(images=GREY[:, :0, :0]),
    "below 0": dict(images=GREY.astype(int) - 1 - GREY.max()),
    "above 255": dict(images=GREY.astype(int) + 256),
    "short labels": dict(images=GREY, labels=np.arange(20)),
    "float labels": dict(images=GREY, labels=np.zeros(21)),
    "huge labels": dict(images=GREY, labels=np.full(21, 40000)),
    "object labels": dict(images=GREY, labels=np.array([None] * 21, object)),
    "short split": dict(images=GREY, split=np.zeros(3, int)),
    "unknown split": dict(images=GREY, split=np.array(["tset"] * 21)),
    "split number": dict(images=GREY, split=np.full(21, 3)),
    "split of bytes": dict(images=GREY, split=np.array([b"\xff"] * 21)),
    "packed floats": dict(train=ROWS.astype(float)),
    "packed not rows": dict(train=ROWS.reshape(20, 14, 7)),
    "packed widths differ": dict(train=ROWS, test=ROWS[:, :50]),
    "packed no square": dict(train=ROWS[:, :97]),
    "packed empty rows": dict(train=ROWS[:, :0]),
    "packed side wrong": dict(train=ROWS, side=27),
    "packed side no number": dict(train=ROWS, side=np.array([28, 28])),
    "packed twice": dict(train=ROWS, valid=ROWS, validation=ROWS),
    "packed too few": dict(train=ROWS[:4]),
    "packed short labels": dict(train=ROWS, train_labels=np.arange(3)),
}


def assert_one_sentence(path):
    """Loading fails with a UserError of one sentence that names the file; returns the sentence."""
    with pytest.raises(UserError) as caught:
        data.load(path)
    text = str(caught.value)
    assert path.name in text and "\n" not in text and text.endswith(".") and not re.search(r"\.\s+[A-Z]", text)
    return text


@pytest.mark.parametrize("arrays", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_arrays_give_one_sentence(tmp_path, arrays):
    assert_one_sentence(save(tmp_path, "bad.npz", **arrays))


def damaged(content: bytes) -> dict[str, bytes]:
    middle = len(content) // 2
    return {"empty": b"", "text": b"hello world", "truncated": content[:middle], "only magic": content[:6],
            "flipped": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1:]}


@pytest.mark.parametrize("kind", damaged(b"        "))
def test_damaged_zip_files_give_one_sentence(tmp_path, kind):
    path = save(tmp_path, "bad.npz", images=GREY)
    path.write_bytes(damaged(path.read_bytes())[kind])
    assert_one_sentence(path)


@pytest.mark.parametrize("writer", [np.savez, np.savez_compressed, lambda path, images, **_: np.save(path, images)])
def test_random_damage_is_reported_or_harmless(tmp_path, writer):
    rng, path = np.random.default_rng(0), tmp_path / "bad.npz"
    with open(path, "wb") as file:
        writer(file, images=GREY, labels=np.arange(21), split=np.arange(21) % 3)
    content, reported = path.read_bytes(), 0
    for _ in range(500):
        broken = bytearray(content)
        for place in rng.integers(len(broken), size=3):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        try:
            assert data.load(path).pixels.ndim == 3
        except UserError:
            reported += 1
    assert reported > 50


def test_damaged_bare_arrays_give_one_sentence(tmp_path):
    path = tmp_path / "bad.npy"
    np.save(path, GREY)
    path.write_bytes(path.read_bytes()[:-1])
    assert_one_sentence(path)


def test_nothing_is_ever_unpickled(tmp_path):
    np.save(tmp_path / "bad.npy", np.array([{}] * 21, object))
    assert "pickled Python objects" in assert_one_sentence(tmp_path / "bad.npy")
    assert "pickled Python objects" in assert_one_sentence(save(tmp_path, images=np.array([{}] * 21, object)))


def test_missing_files_and_folders_give_one_sentence(tmp_path):
    assert_one_sentence(tmp_path / "absent.npz")
    assert_one_sentence(tmp_path)


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, images=np.zeros((1000, 40, 40), np.uint8))
    monkeypatch.setattr(data, "MAX_BYTES", 2**20)
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("the array was unpacked"))
    with pytest.raises(UserError, match="limit"):
        data.load(path)
