"""What must hold of the codec: whatever went on a message comes off it, for the bits that the bill says."""

import gzip
import json
import math
import struct
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from small import built_bundle, config, digits, scrambled, trained_run

from lpvae import bundle, compress, container, latents, message, sending
from lpvae.__main__ import main
from lpvae.codes import CodeTable
from lpvae.coding import Coder
from lpvae.costs import bits
from lpvae.errors import UserError
from lpvae.evaluate import encode
from lpvae.latents import PROTOCOLS, STEP, Grid, Normals
from lpvae.message import Message, among, categorical, exact, in_turn, permutation, uniform
from lpvae.report import Trained

MODELS = {
    "local": {}, "local factorised": {"decoder": "factorised"}, "local of mixtures": {"prior_components": 3},
    "global": {"prior": "global"}, "global factorised": {"prior": "global", "decoder": "factorised"},
    "vamp factorised": {"prior": "vamp", "pseudo_inputs": 7, "decoder": "factorised"},
}
FACTORISED = "local factorised"  # the quickest that has every protocol


@cache
def trained(kind: str = FACTORISED) -> Trained:
    model, (images, labels) = scrambled(config(**MODELS[kind])), digits(60)
    return Trained(model, CodeTable(np.arange(60), encode(model, images).half().float().numpy()), labels, "")


def pictures(count: int = 70, copies: int = 3) -> np.ndarray:
    """Bits (count, 8, 8) in no order, some of them there more than once."""
    images = digits(count, seed=9)[0]
    images[:copies] = images[-1]
    return images


def sent(kind: str, images: np.ndarray, protocol: str = "set", **options) -> container.Sent:
    return container.compress(trained(kind).model, trained(kind).table, images, protocol, **options)


def received(kind: str, content: bytes) -> np.ndarray:
    return container.decompress(content, trained(kind).model, trained(kind).table)


def as_set(images: np.ndarray) -> list[bytes]:
    return sorted(sending.packed(images))


def protocols(kind: str) -> list[str]:
    return [p for p in PROTOCOLS if "local" in kind or p in ("set", "tour", "global") or p == "mixture" and "vamp" in kind]


ALL = [(kind, protocol) for kind in MODELS for protocol in protocols(kind)]


# The message

def codecs(rng):
    yield uniform(7, 50), rng.integers(0, 7, 50)
    yield uniform(1, 5), np.zeros(5, int)
    yield categorical(rng.random((40, 9))), rng.integers(0, 9, 40)
    yield exact(rng.random((40, 100)) ** 30 + 1e-290), rng.integers(0, 100, 40)
    yield in_turn([exact(rng.random((20, 30))), categorical(rng.random((20, 3)))]), rng.integers(0, 3, (20, 2))
    yield permutation(30), rng.permutation(30)
    yield among(np.array([[5, 9, 2], [1, 4, 8]]), uniform(3, 2)), np.array([2, 1])


@pytest.mark.parametrize("seed", range(5))
def test_what_is_pushed_is_popped_in_reverse_and_leaves_the_message_as_it_was(seed):
    pairs = list(codecs(np.random.default_rng(seed)))
    mess = Message.fresh(8)
    for codec, symbols in pairs:
        codec.push(mess, symbols)
    mess = Message.received(mess.words())
    for codec, symbols in reversed(pairs):
        assert np.array_equal(codec.pop(mess), symbols)
    assert mess.is_fresh(8)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_popped_from_random_bits_is_pushed_back_to_the_same_bits(seed):
    mess, popped = Message.fresh(400), []
    pairs = [codec for codec, _ in codecs(np.random.default_rng(seed))]
    for codec in pairs:
        popped.append(codec.pop(mess))
    assert not mess.is_fresh(400)
    for codec, symbols in reversed(list(zip(pairs, popped))):
        codec.push(mess, symbols)
    assert mess.is_fresh(400)


def test_symbols_cost_what_their_probability_says_however_rare():
    weights = np.exp(-0.5 * (np.arange(-80, 81) / 4) ** 2)  # a normal to 20 standard deviations: down to 289 bits
    for symbol in (80, 84, 90, 100, 112, 128, 144, 160):
        mess = Message.fresh(4)
        before = mess.bits
        exact(weights[None]).push(mess, np.array([symbol]))
        assert mess.bits - before == pytest.approx(-bits(math.log(weights[symbol] / weights.sum())), rel=0.005)


def test_draws_from_a_message_have_the_distribution_they_are_popped_with():
    weights = np.random.default_rng(0).random(40)
    drawn = exact(np.tile(weights, (20_000, 1))).pop(Message.fresh(5000))
    expected = 20_000 * weights / weights.sum()
    assert (np.abs(np.bincount(drawn, minlength=40) - expected) < 5 * expected**0.5).all()


def test_an_order_costs_ln_n_factorial():
    mess = Message.fresh(2)
    before = mess.bits
    permutation(200).push(mess, np.random.default_rng(0).permutation(200))
    assert mess.bits - before == pytest.approx(bits(math.lgamma(201)), abs=0.1)


def test_a_run_of_symbols_that_no_sender_pushes_is_refused():
    with pytest.raises(UserError):
        among(np.array([[1, 2]]), uniform(2)).push(Message.fresh(2), np.array([3]))
    with pytest.raises(UserError):
        Message.received(np.array([1, 0], np.uint32))


# The grid

@pytest.mark.parametrize("components", [1, 3])
def test_the_bins_have_the_masses_of_the_density_and_sum_to_one(components):
    rng, grid = np.random.default_rng(0), Grid(-80, 80)
    shape = (6, 2, components)
    p = Normals(rng.dirichlet(np.ones(components), shape[:2]), 3 * rng.normal(size=shape), np.exp(0.5 * rng.normal(size=shape)))
    masses = grid._masses(p.weight[:, 0], p.loc[:, 0], p.scale[:, 0])
    assert masses.sum(1) == pytest.approx(np.ones(6))
    fine = (np.arange(-80 * 50, 80 * 50 + 1) + 0.0) * STEP / 50
    density = sum(p.weight[:, 0, c, None] * np.exp(-0.5 * ((fine - p.loc[:, 0, c, None]) / p.scale[:, 0, c, None]) ** 2)
                  / p.scale[:, 0, c, None] / math.sqrt(2 * math.pi) for c in range(components))
    means = (fine * density).sum(1) * STEP / 50
    assert (masses * np.arange(-80, 81) * STEP).sum(1) == pytest.approx(means, abs=1e-3)


def test_far_bins_keep_their_ratio_where_differences_of_the_distribution_function_would_be_zero():
    masses = Grid(-100, 100)._masses(np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))[0]
    assert masses == pytest.approx(masses[::-1]) and 1e-60 < masses[165] < 1e-50 and (masses > 0).all()


# The order

@pytest.mark.parametrize("count", [1, 2, 3, 7, 63, 64, 65, 1000])
@pytest.mark.parametrize("lanes", [1, 5, 64])
def test_batches_hold_every_image_and_never_widen_for_the_receiver(count, lanes):
    sizes = sending.widths(count, lanes)
    assert sum(sizes) == count and sizes[-1] == 1 and max(sizes) <= lanes
    assert all(a >= b for a, b in pairwise(sizes)) and all(a <= 2 * b for a, b in pairwise(sizes))


def test_the_lanes_of_a_tour_are_parts_of_it():
    kind, images = trained(), digits(70, seed=9)[0]
    coder = Coder(kind.model, kind.table, "tour", 4, Grid(-60, 60))
    order, sizes = sending._order(coder, images), sending.widths(70, 4)
    tour = sending.short_tour(coder.all_codes(images)).tolist()
    batches = np.split(order, np.cumsum(sizes)[:-1])
    steps = [(int(a[lane]), int(b[lane])) for a, b in pairwise(batches) for lane in range(len(b))]
    assert sorted(order) == list(range(70)) and len(steps) == 66
    assert set(steps) <= set(pairwise(tour))


# Round trips

@pytest.mark.parametrize("kind, protocol", ALL, ids=lambda v: v.replace(" ", "-"))
def test_a_file_decodes_to_the_same_images(kind, protocol):
    images = pictures()
    back = received(kind, sent(kind, images, protocol, lanes=16).content)
    assert as_set(back) == as_set(images)
    if protocol in ("pointer", "mixture", "global"):
        assert np.array_equal(back, images)


@pytest.mark.parametrize("kind", MODELS, ids=lambda v: v.replace(" ", "-"))
@pytest.mark.parametrize("protocol", ["set", "tour"])
def test_with_keep_order_the_order_comes_too_and_is_counted(kind, protocol):
    images = pictures(40)
    plain, ordered = (sent(kind, images, protocol, keep_order=keep, lanes=8) for keep in (False, True))
    assert np.array_equal(received(kind, ordered.content), images)
    counted = protocol == "set" or "local" in kind  # else the tour keeps it anyway
    expected = bits(math.lgamma(41)) if counted else 0.0
    assert 8 * (len(ordered.content) - len(plain.content)) == pytest.approx(expected, abs=33)


@pytest.mark.parametrize("count", [1, 2, 3, 17])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_few_images_and_equal_ones(count, protocol):
    for images in (digits(count, seed=4)[0], np.zeros((count, 8, 8), np.uint8), np.ones((count, 8, 8), np.uint8)):
        content = sent(FACTORISED, images, protocol).content
        assert as_set(received(FACTORISED, content)) == as_set(images)


def test_images_unlike_any_that_the_model_knows():
    noise = np.random.default_rng(0).integers(0, 2, (40, 8, 8), dtype=np.uint8)
    for kind in MODELS:
        assert as_set(received(kind, sent(kind, noise, lanes=8).content)) == as_set(noise)


def test_the_same_images_make_the_same_file_whatever_the_threads():
    images, threads = pictures(40), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        two = sent("local", images, lanes=8).content
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        assert sent("local", images, lanes=8).content == two
    finally:
        torch.set_num_threads(threads)


def test_a_table_of_more_codes_than_a_choice_may_have(monkeypatch):
    monkeypatch.setattr(latents, "LIKELIEST", 8)
    images = pictures(40)
    assert as_set(received(FACTORISED, sent(FACTORISED, images, lanes=8).content)) == as_set(images)


def test_with_too_few_initial_bits_the_sender_starts_again_with_more(monkeypatch):
    monkeypatch.setattr(message, "LEAST_BITS", 70)
    kind, images, told = trained(), pictures(40), []
    coder = Coder(kind.model, kind.table, "set", 8, Grid(-60, 60))
    mess, words = sending.send(coder, images, "set", words=1, progress=lambda done, length: told.append(done))
    assert words > 1 and told[-1] == 40 and told.count(40) == 1
    got = np.concatenate([part for part, _ in sending.receive(coder, Message.received(mess.words()), 40, "set", False, words)])
    assert as_set(got) == as_set(images)


# The bill

@pytest.mark.parametrize("kind, protocol", ALL, ids=lambda v: v.replace(" ", "-"))
def test_the_bits_are_those_of_the_bound(kind, protocol):
    images, model = digits(400, seed=21)[0], trained(kind)
    steps = sent(kind, images, protocol, lanes=32).steps
    coded = sum(step.change for step in steps if step.what != message.INITIAL) / 400
    bounds = [bits(compress.bound(model, images, np.arange(400), seed, protocol)) for seed in range(4)]
    lanes = 0.0 if protocol != "tour" else 31 / 400 * 8  # each lane but one pays a pointer for a step of the tour
    assert coded == pytest.approx(np.mean(bounds), rel=0.012, abs=4 * np.std(bounds) + lanes)


def test_the_set_gives_back_ln_n_factorial_for_distinct_images_whatever_the_lanes():
    images = np.unique(np.random.default_rng(0).integers(0, 2, (100, 8, 8), dtype=np.uint8), axis=0)
    for lanes in (1, 7, 64):
        steps = sent(FACTORISED, images, lanes=lanes).steps
        back = -sum(step.change for step in steps if step.what == sending.WHICH)
        assert back == pytest.approx(bits(math.lgamma(len(images) + 1)), abs=0.5)


def test_equal_images_give_back_less_since_their_order_says_nothing():
    images = np.concatenate([digits(30, seed=2)[0]] * 3)
    steps = sent(FACTORISED, images, lanes=8).steps
    copies = np.unique(images, axis=0, return_counts=True)[1]
    expected = math.lgamma(len(images) + 1) - sum(math.lgamma(m + 1) for m in copies)
    assert -sum(s.change for s in steps if s.what == sending.WHICH) == pytest.approx(bits(expected), abs=0.5)
    assert compress.multiset_nats(images) * len(images) == pytest.approx(expected)


def test_every_step_of_one_image_is_told_and_mirrored_by_the_receiver():
    kind, image = trained(), digits(1)[0]
    made = sent(FACTORISED, image, "mixture")
    names = ["initial bits", "z drawn", "neighbour drawn", "pixels", "z", "neighbour"]
    assert [step.what for step in made.steps] == names
    header, words = container.unpack(made.content)
    coder = container.receiver(header, kind.model, kind.table)
    mess = Message.received(words)
    list(sending.receive(coder, mess, 1, "mixture", False, header.words))
    assert [step.what for step in mess.steps] == ["received", *reversed(names[1:])]
    taken = {step.what: step.change for step in mess.steps}
    assert all(taken[s.what] == pytest.approx(-s.change) for s in made.steps[1:])
    assert made.steps[-1].length == pytest.approx(sum(step.change for step in made.steps))


def test_the_receiver_sees_the_message_shrink_image_by_image():
    kind, images = trained("local"), digits(6, seed=5)[0]
    header, words = container.unpack(sent("local", images, "tour", lanes=1).content)
    coder = container.receiver(header, kind.model, kind.table)
    got = list(container.decode(header, words, coder))
    lengths = [received_.steps[-1].length for received_ in got]
    assert as_set(np.concatenate([received_.images for received_ in got])) == as_set(images)
    assert len(lengths) == 6 and all(a > b for a, b in pairwise(lengths)) and lengths[-1] < 32 * header.words + 2


# What is refused

@pytest.mark.parametrize("images", [
    np.zeros((0, 8, 8), np.uint8), np.zeros((3, 8, 6), np.uint8), np.zeros((3, 10, 10), np.uint8),
    np.full((3, 8, 8), 2, np.uint8), np.zeros((8, 8), np.uint8),
], ids=["none", "not square", "another side", "grey", "one without a count"])
def test_images_that_do_not_fit_are_refused(images):
    with pytest.raises(UserError):
        sent(FACTORISED, images)


@pytest.mark.parametrize("kind, protocol", [("global", "pointer"), ("global", "mixture"), ("vamp factorised", "pointer")])
def test_a_protocol_that_the_model_lacks_is_refused(kind, protocol):
    with pytest.raises(UserError):
        sent(kind, digits(3)[0], protocol)


def test_another_model_or_machine_is_refused(monkeypatch):
    content = sent(FACTORISED, digits(5)[0]).content
    other = scrambled(config(**MODELS[FACTORISED]), seed=1)
    with pytest.raises(UserError, match="another model"):
        container.decompress(content, other, trained().table)
    with pytest.raises(UserError, match="table"):
        container.decompress(content, trained().model, CodeTable(np.arange(60), trained().table.codes + 1))
    with monkeypatch.context() as patch, pytest.raises(UserError, match="processor"):
        patch.setattr(container, "fingerprint", lambda coder: b"1234")
        received(FACTORISED, content)
    with monkeypatch.context() as patch, pytest.raises(UserError, match="install"):
        patch.setattr(container, "versions", lambda: bytes(6))
        received(FACTORISED, content)


def test_the_fingerprint_tells_floats_that_differ_in_their_last_bits():
    model = scrambled(config())
    coder = Coder(model, trained("local").table, "set", 8, Grid(-60, 60))
    before = container.fingerprint(coder)
    assert before == container.fingerprint(coder)
    model.decoder.logits.weight.mul_(1 + 3e-7)
    assert before != container.fingerprint(coder)


# The commands

def run(capsys, *arguments):
    assert main([str(a) for a in arguments]) == 0
    return capsys.readouterr().out.strip().splitlines()


def refusal(capsys, *arguments):
    """The one sentence with which a command ends."""
    try:
        code = main([str(a) for a in arguments])
    except SystemExit as exit:
        code = exit.code
    captured = capsys.readouterr()
    assert code == 2 and captured.out == ""
    assert captured.err.startswith("lpvae: ") and captured.err.endswith(".\n") and captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_compress_and_decompress_by_the_command_line(protocol, tmp_path, capsys):
    images = digits(50, seed=3)[0]
    np.save(tmp_path / "in.npy", images)
    last = run(capsys, "compress", built_bundle(), tmp_path / "in.npy", tmp_path / "a.lpv", "--protocol", protocol)[-1]
    assert all(word in last for word in ("bits/image", "bound", "difference", "%", "gzip", "bz2", "xz", "jbig2"))
    each = 8 * (tmp_path / "a.lpv").stat().st_size / 50
    assert last.startswith(f"{each:.2f} bits/image")
    run(capsys, "decompress", tmp_path / "a.lpv", tmp_path / "out.npz", "--model", built_bundle())
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        assert as_set(file["images"]) == as_set(images)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.lpv", "in.npy", "out.npz"]


def test_the_bound_is_what_evaluate_says_of_the_same_images(tmp_path, capsys):
    figures = json.loads("\n".join(run(capsys, "evaluate", built_bundle(), "--split", "test", "--json")))
    loaded = bundle.load(built_bundle())
    ids = loaded.images.rows("test")
    for protocol in ("tour", "pointer", "mixture", "global"):
        ours = compress.bound(loaded.trained(), loaded.bits(ids), ids, loaded.seed, protocol)
        assert ours == pytest.approx(figures["total_nats"][protocol], abs=1e-3)


def test_limit_takes_a_seeded_subset_and_grey_images_one_draw_of_their_bits(tmp_path, capsys):
    grey = 255 * digits(40, seed=6)[0]
    grey[:, 0, 0] = 128
    np.savez(tmp_path / "grey.npz", images=grey)
    files = {}
    for seed in (0, 1, 0):
        out = tmp_path / f"{seed}.lpv"
        run(capsys, "compress", built_bundle(), tmp_path / "grey.npz", out, "--limit", 9, "--seed", seed)
        assert files.setdefault(seed, out.read_bytes()) == out.read_bytes()
    assert container.unpack(files[0])[0].count == 9 and files[0] != files[1]


def test_a_file_of_a_run_and_a_shipped_name(tmp_path, capsys, monkeypatch):
    np.save(tmp_path / "in.npy", digits(12)[0])
    for model in (trained_run("global", "factorised"), built_bundle()):
        run(capsys, "compress", model, tmp_path / "in.npy", tmp_path / "a.lpv")
        assert "--model" in refusal(capsys, "decompress", tmp_path / "a.lpv", tmp_path / "out.npz")
    monkeypatch.setattr(bundle, "MODELS", built_bundle().parent)
    run(capsys, "decompress", tmp_path / "a.lpv", tmp_path / "out.npz")


def test_jbig2_is_asked_where_it_is_installed(tmp_path, monkeypatch):
    program = tmp_path / "jbig2"
    program.write_text("#!/bin/sh\nhead -c 15 \"$1\"\n")
    program.chmod(0o755)
    assert compress.rivals(digits(30)[0])["jbig2"] is None
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert compress.rivals(digits(30)[0])["jbig2"] == 15
    program.write_text("#!/bin/sh\nexit 1\n")
    assert compress.rivals(digits(30)[0])["jbig2"] is None


def test_what_compress_refuses_leaves_nothing_behind(tmp_path, capsys):
    np.save(tmp_path / "in.npy", digits(12)[0])
    np.save(tmp_path / "wide.npy", np.zeros((12, 10, 10), np.uint8))
    np.save(tmp_path / "none.npy", np.zeros((0, 8, 8), np.uint8))
    (tmp_path / "empty.npz").write_bytes(b"")
    before, out = sorted(tmp_path.iterdir()), tmp_path / "a.lpv"
    for source in ("wide.npy", "none.npy", "empty.npz", "nowhere.npy"):
        refusal(capsys, "compress", built_bundle(), tmp_path / source, out)
    refusal(capsys, "compress", built_bundle(), "mnist:all", out)
    refusal(capsys, "compress", built_bundle(), "mnist:test", out)
    refusal(capsys, "compress", built_bundle(), tmp_path / "in.npy", tmp_path / "nowhere" / "a.lpv")
    refusal(capsys, "compress", built_bundle(), tmp_path / "in.npy", tmp_path)
    refusal(capsys, "compress", "no-such-model", tmp_path / "in.npy", out)
    refusal(capsys, "compress", built_bundle(), tmp_path / "in.npy", out, "--protocol", "morse")
    refusal(capsys, "compress", trained_run("global", "factorised"), tmp_path / "in.npy", out, "--protocol", "pointer")
    refusal(capsys, "decompress", tmp_path / "in.npy", tmp_path / "out.npz", "--model", built_bundle())
    refusal(capsys, "decompress", tmp_path / "nowhere.lpv", tmp_path / "out.npz")
    assert sorted(tmp_path.iterdir()) == before


def idx(images: np.ndarray) -> bytes:
    return bytes([0, 0, 8, 3]) + struct.pack(">III", *images.shape) + images.tobytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx_files_are_read_and_damaged_ones_refused(pack, tmp_path, capsys):
    images, file = digits(12)[0], tmp_path / "images-idx3-ubyte"
    file.write_bytes(pack(idx(images)))
    run(capsys, "compress", built_bundle(), file, tmp_path / "a.lpv", "--protocol", "mixture")
    run(capsys, "decompress", tmp_path / "a.lpv", tmp_path / "out.npz", "--model", built_bundle())
    with np.load(tmp_path / "out.npz", allow_pickle=False) as out:
        assert np.array_equal(out["images"], images)
    whole = idx(images)
    huge = whole[:4] + struct.pack(">III", 2**31, 2**10, 2**10)
    for bad in (whole[:-1], whole + b"0", whole[:9], whole[:4], huge, bytes([0, 0, 9, 3]) + whole[4:]):
        file.write_bytes(pack(bad))
        refusal(capsys, "compress", built_bundle(), file, tmp_path / "b.lpv")
    file.write_bytes(gzip.compress(whole)[:-9])
    refusal(capsys, "compress", built_bundle(), file, tmp_path / "b.lpv")
    assert not (tmp_path / "b.lpv").exists()
