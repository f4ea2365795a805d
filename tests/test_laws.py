"""What must hold of any model, trained or not: each law once, on many cases."""

import math

import numpy as np
import pytest
import torch
from small import COMBINATIONS, CONFIG, config, digits, scrambled
from torch.distributions import Normal

from lpvae import evaluate
from lpvae.codes import CodeTable
from lpvae.costs import Costs, bits, mean, standard_error
from lpvae.decoders import AutoregressiveDecoder
from lpvae.distributions import (
    BernoulliLikelihood, diagonal_mixture, diagonal_normal, draw, kl, kl_per_dimension, posterior, sample,
)
from lpvae.errors import UserError
from lpvae.model import Config, build
from lpvae.projection import align, unit_box

SEEDS = range(5)


def normals(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mixture_prior(code, components, scale, seed):
    shape = (*code.shape, components)
    loc = code[..., None] + normals(*shape, seed=seed)
    return diagonal_mixture(normals(*shape, seed=seed + 1), loc, scale * (0.3 * normals(*shape, seed=seed + 2)).exp())


# Costs

def test_bits_are_nats_over_ln_2_and_a_fair_coin_costs_one():
    bill = Costs(torch.tensor([math.log(2.0)]), torch.tensor([math.log(4.0)]), torch.tensor([0.0]))
    assert bill.total.item() == pytest.approx(math.log(8.0)) and bill.bits.item() == pytest.approx(3.0)
    assert bits(1.0) == pytest.approx(1.442695)


def test_the_standard_error_is_that_of_the_mean():
    values = normals(400, 1000, seed=3)
    means = values.mean(0)
    assert standard_error(values[:, 0]) == pytest.approx(means.std().item(), rel=0.15)
    assert math.isnan(standard_error(values[:1, 0])) and mean(values[:1, 0]) == values[0, 0].item()


# Distributions

@pytest.mark.parametrize("seed", SEEDS)
def test_kl_between_normals_equals_monte_carlo(seed):
    code = 2 * normals(4, 3, seed=seed)
    p = diagonal_normal(code + normals(4, 3, seed=seed + 50), (0.5 * normals(4, 3, seed=seed + 90)).exp())
    exact, gaps = kl(posterior(code), p, code), gap_at_samples(code, p)
    assert ((gaps.mean(0) - exact).abs() < 5 * gaps.std(0) / len(gaps) ** 0.5).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_kl_to_a_mixture_is_an_unbiased_estimate_of_what_kl_per_dimension_sums_to(seed):
    code = normals(4, 3, seed=seed)
    p = mixture_prior(code, 3, 0.8, seed)
    gaps = gap_at_samples(code, p)
    assert ((gaps.mean(0) - kl_per_dimension(code, p).sum(1)).abs() < 5 * gaps.std(0) / len(gaps) ** 0.5 + 1e-3).all()


def gap_at_samples(code, p, count=40_000):
    """log q(z) − log p(z) at many z ~ q, (count, B)."""
    q = posterior(code)
    z = code + normals(count, *code.shape, seed=1000)
    return q.log_prob(z) - p.log_prob(z)


@pytest.mark.parametrize("seed", SEEDS)
def test_kl_per_dimension_sums_to_kl_between_normals(seed):
    code = normals(4, 3, seed=seed)
    p = diagonal_normal(code + normals(4, 3, seed=seed + 9), normals(4, 3, seed=seed + 19).exp())
    assert torch.allclose(kl_per_dimension(code, p).sum(1), kl(posterior(code), p, code), atol=1e-5)


@pytest.mark.parametrize("scale", [3.0, 1.0, 0.3, 0.1, 0.05])
def test_kl_per_dimension_equals_a_fine_integral_for_mixtures(scale):
    code = normals(2, 3, seed=1)
    p = mixture_prior(code, 3, scale, seed=2)
    offset = torch.linspace(-10, 10, 40_001, dtype=torch.double)[:, None, None]
    q = Normal(code.double(), 1.0)
    parts = p.base_dist
    log_p = torch.logsumexp(
        torch.log_softmax(parts.mixture_distribution.logits.double(), -1)
        + Normal(parts.component_distribution.loc.double(), parts.component_distribution.scale.double()).log_prob(
            (code.double() + offset)[..., None]), -1)
    log_q = q.log_prob(code.double() + offset)
    exact = torch.trapezoid(log_q.exp() * (log_q - log_p), offset[:, 0, 0], dim=0)
    assert torch.allclose(kl_per_dimension(code, p).double(), exact, rtol=1e-3, atol=1e-4)


def test_kl_to_a_mixture_of_one_kind_is_kl_to_the_normal():
    code = normals(4, 3)
    loc, scale = code + 0.5, torch.full_like(code, 0.7)
    same = diagonal_mixture(*(t[..., None].expand(4, 3, 2) for t in (torch.zeros_like(code), loc, scale)))
    assert torch.allclose(kl_per_dimension(code, same), kl_per_dimension(code, diagonal_normal(loc, scale)), atol=1e-3)


# Priors

def test_the_global_prior_is_standard_normal_whatever_the_code():
    p = build(config(prior="global")).prior(100 * normals(4, 3))
    assert not p.base_dist.loc.any() and (p.base_dist.scale == 1).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_local_prior_is_born_as_a_unit_normal_around_the_neighbour(seed):
    code = 3 * normals(6, 3, seed=seed)
    p = build(config(prior="local"), seed).prior(code).base_dist
    assert torch.equal(p.loc, code) and (p.scale == 1).all()


def test_the_parts_of_a_mixture_prior_are_born_different():
    p = build(config(prior_components=3)).prior(normals(6, 3)).base_dist.component_distribution
    assert (p.loc.diff(dim=-1) > 0).all()


@pytest.mark.parametrize("components", [1, 3])
def test_a_trained_local_prior_depends_on_the_neighbour_alone_row_by_row(components):
    prior, code, z = scrambled(config(prior_components=components)).prior, normals(6, 3), normals(6, 3, seed=1)
    together = prior(code).log_prob(z)
    alone = torch.cat([prior(code[i : i + 1]).log_prob(z[i : i + 1]) for i in range(6)])
    assert torch.allclose(together, alone, atol=1e-4)
    assert (together - prior(code.flip(0)).log_prob(z)).abs().max() > 1e-2


# Likelihoods

DECODERS = [
    {"decoder": "factorised", "side": 5}, {"decoder": "factorised", "side": 8},
    {"decoder": "autoregressive", "side": 2, "dilations": (1,)},
    {"decoder": "autoregressive", "side": 6, "dilations": (1, 1)},
    {"decoder": "autoregressive", "side": 8, "dilations": (3,)},
    {"decoder": "autoregressive", "side": 10, "dilations": (2, 1)},
    {"decoder": "autoregressive", "side": 12, "dilations": (1, 2, 4, 1, 2)},
    {"decoder": "autoregressive", "side": 8, "dilations": (9,)},
]
AUTOREGRESSIVE = [case for case in DECODERS if case["decoder"] == "autoregressive"]


def case_name(case):
    return "-".join(str(v).replace(" ", "") for v in case.values())


def likelihood_of(case, batch=3, seed=0):
    with torch.no_grad():
        return scrambled(config(**case), seed).decoder(2 * normals(batch, CONFIG["code_dim"], seed=seed))


def some_bits(case, batch=3, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 2, (batch, case["side"], case["side"]), dtype=np.uint8))


def driven(likelihood, symbols):
    """The probabilities (B, T, S) that `conditionals` yields when it is sent the given symbols (B, T)."""
    steps, seen, position = likelihood.conditionals(), [], 0
    probabilities = next(steps)
    while True:
        seen.append(probabilities)
        chunk = symbols[:, position : position + probabilities.shape[1]]
        position += probabilities.shape[1]
        try:
            probabilities = steps.send(chunk)
        except StopIteration:
            assert position == symbols.shape[1]
            return torch.cat(seen, 1)


@pytest.mark.parametrize("case", DECODERS, ids=case_name)
def test_conditionals_sum_to_one_and_their_product_is_the_likelihood(case):
    likelihood, x = likelihood_of(case), some_bits(case)
    symbols = likelihood.symbols(x)
    probabilities = driven(likelihood, symbols)
    assert torch.allclose(probabilities.sum(-1), torch.ones(()), atol=1e-5)
    surprise = -probabilities.gather(-1, symbols[..., None])[..., 0].log()
    assert torch.allclose(surprise, likelihood.surprise(x), atol=1e-4, rtol=1e-3)
    assert torch.allclose(surprise.sum(1), -likelihood.log_prob(x), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("case", AUTOREGRESSIVE, ids=case_name)
def test_cached_conditionals_equal_the_parallel_pass(case):
    likelihood = likelihood_of(case)
    symbols = likelihood.symbols(some_bits(case))
    logits = likelihood.parallel(symbols.view(-1, likelihood.grid, likelihood.grid)).flatten(2).transpose(1, 2)
    probabilities = driven(likelihood, symbols)
    assert (probabilities - logits.softmax(-1)).abs().max() < 1e-4
    assert torch.allclose(probabilities.log(), logits.log_softmax(-1), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("logit", [2.0, 12.0, 20.0, 60.0])
def test_a_sure_factorised_decoder_still_prices_the_unlikely_bit(logit):
    likelihood, x = BernoulliLikelihood(torch.tensor([[[logit, -logit]]])), torch.tensor([[[0, 1]]])
    surprise = -driven(likelihood, likelihood.symbols(x)).gather(-1, likelihood.symbols(x)[..., None]).log()
    assert surprise.sum().item() == pytest.approx(-likelihood.log_prob(x).item(), rel=1e-4)


@pytest.mark.parametrize("case", AUTOREGRESSIVE, ids=case_name)
def test_a_block_changes_no_logit_up_to_its_own_and_some_logit_after(case):
    likelihood = likelihood_of(case, batch=1)
    positions = likelihood.grid**2
    symbols = likelihood.symbols(some_bits(case, batch=1))
    changed = symbols.repeat(positions, 1)
    changed[range(positions), range(positions)] += 5
    changed %= 16
    both = torch.cat([symbols, changed]).view(-1, likelihood.grid, likelihood.grid)
    logits = likelihood.parallel(both).flatten(2)
    reached = (logits[1:] - logits[:1]).abs().amax(1)  # [t, s]: what changing block t does at position s
    assert (reached.tril() < 1e-5).all()
    assert (reached.triu(1).amax(1)[:-1] > 1e-4).all()


def test_dilated_layers_see_all_that_was_sent_before():
    case = {"decoder": "autoregressive", "side": 16, "dilations": (1, 2, 4, 1, 2)}
    likelihood = likelihood_of(case, batch=1)
    for first in range(0, 64, 9):
        symbols = likelihood.symbols(some_bits(case, batch=1)).repeat(2, 1)
        symbols[1, first] = (symbols[1, first] + 5) % 16
        logits = likelihood.parallel(symbols.view(2, 8, 8)).flatten(2)
        assert ((logits[1] - logits[0]).abs().amax(0)[first + 1 :] > 0).all()


@pytest.mark.parametrize("dilations, rows", [((1, 1), 3), ((2, 1), 4), ((1, 2, 4, 1, 2), 11)])
def test_a_block_depends_on_as_many_rows_above_as_the_decoder_says(dilations, rows):
    case = {"decoder": "autoregressive", "side": 28, "dilations": dilations}
    likelihood = likelihood_of(case, batch=1)
    symbols = likelihood.symbols(some_bits(case, batch=1)).repeat(2, 1)
    symbols[1, 7] = (symbols[1, 7] + 5) % 16  # in the middle of the first row
    logits = likelihood.parallel(symbols.view(2, 14, 14))
    changed = ((logits[1] - logits[0]).abs().amax((0, 2)) > 0).nonzero().max().item()
    assert changed == rows == AutoregressiveDecoder.rows_above(dilations)


@pytest.mark.parametrize("case", DECODERS, ids=case_name)
def test_the_likelihood_hears_the_code_everywhere(case):
    model, x = scrambled(config(**case)), some_bits(case)
    a, b = (model.decoder(z).surprise(x) for z in (normals(3, 3), normals(3, 3, seed=1)))
    assert ((a - b).abs() > 1e-6).all(0).all()


@pytest.mark.parametrize("case", DECODERS, ids=case_name)
def test_symbols_and_images_are_inverse(case):
    likelihood, x = likelihood_of(case), some_bits(case)
    assert torch.equal(likelihood.images(likelihood.symbols(x)), x)


def test_blocks_are_numbered_row_by_row_with_their_first_bit_highest():
    likelihood = likelihood_of({"decoder": "autoregressive", "side": 4}, batch=1)
    x = torch.zeros(1, 4, 4, dtype=torch.uint8)
    x[0, 0, 2] = x[0, 3, 1] = 1
    assert likelihood.symbols(x).tolist() == [[0, 8, 1, 0]]


@pytest.mark.parametrize("case", DECODERS, ids=case_name)
def test_sample_is_inversion_of_the_conditionals(case):
    likelihood = likelihood_of(case)
    drawn = sample(likelihood, torch.Generator().manual_seed(5))
    symbols = likelihood.symbols(drawn)
    probabilities = driven(likelihood, symbols)
    generator = torch.Generator().manual_seed(5)
    step = probabilities.shape[1] if case["decoder"] == "factorised" else 1
    for start in range(0, symbols.shape[1], step):
        uniform = torch.rand(3, step, 1, generator=generator)
        upper = probabilities[:, start : start + step].cumsum(-1)
        chosen = symbols[:, start : start + step, None]
        above = upper.gather(-1, chosen)
        below = above - probabilities[:, start : start + step].gather(-1, chosen)
        assert ((uniform < above + 1e-5) & (uniform > below - 1e-5)).all()


@pytest.mark.parametrize("case", DECODERS, ids=case_name)
def test_images_of_equal_dice_and_code_are_alike_and_others_not(case):
    decoder = scrambled(config(**case)).decoder
    likelihood = decoder(normals(1, 3).repeat(4, 1))
    together = sample(likelihood, torch.Generator().manual_seed(1), torch.tensor([0, 1, 1, 0]))
    assert torch.equal(together[0], together[3]) and torch.equal(together[1], together[2])
    if case["side"] > 2:
        assert not torch.equal(together[0], together[1])
        apart = sample(likelihood, torch.Generator().manual_seed(1))
        assert not torch.equal(apart[0], apart[3])


def test_draws_have_the_frequencies_of_their_probabilities():
    probabilities = torch.tensor([0.1, 0.0, 0.6, 0.3]).repeat(1, 40_000, 1)
    counts = draw(probabilities, torch.Generator().manual_seed(0))[0].bincount(minlength=4) / 40_000
    assert counts[1] == 0 and (counts - probabilities[0, 0]).abs().max() < 0.01


# The code table

@pytest.mark.parametrize("count, queries, k, dim", [(12, 1, 1, 2), (50, 7, 5, 3), (400, 60, 5, 16), (30, 40, 29, 4)])
def test_nearest_equals_brute_force_and_never_names_the_excluded(count, queries, k, dim):
    rng = np.random.default_rng(count)
    ids, codes = np.sort(rng.choice(10_000, count, replace=False)), rng.standard_normal((count, dim)).astype(np.float32)
    table, asked = CodeTable(ids, codes), rng.standard_normal((queries, dim)).astype(np.float32)
    inside = rng.choice(count, queries)
    asked[: queries // 2] = codes[inside[: queries // 2]]  # images of the table ask for others
    excluded = ids[inside]
    found, distances = table.nearest(torch.from_numpy(asked), k, exclude=excluded)
    for row in range(queries):
        gaps = np.linalg.norm(codes.astype(np.float64) - asked[row], axis=1)
        gaps[ids == excluded[row]] = np.inf
        order = np.argsort(gaps)[:k]
        assert np.array_equal(found[row], ids[order])
        assert np.allclose(distances[row], gaps[order], atol=2e-3)


def test_ids_outside_the_table_exclude_nothing():
    table = CodeTable([3, 5, 9, 12], np.arange(8.0).reshape(4, 2))
    plain, excluding = table.nearest(np.zeros((3, 2)), 3), table.nearest(np.zeros((3, 2)), 3, exclude=[-1, 4, 99])
    assert np.array_equal(plain[0], excluding[0]) and np.allclose(plain[1], excluding[1])


def test_an_image_is_never_its_own_neighbour_even_among_twins():
    table = CodeTable(np.arange(10), np.zeros((10, 2)))
    found, _ = table.nearest(np.zeros((10, 2)), 5, exclude=np.arange(10))
    assert not (found == np.arange(10)[:, None]).any()
    assert all(len(set(row)) == 5 for row in found.tolist())


@pytest.mark.parametrize("k, exclude", [(0, None), (-1, None), (5, None), (4, [0]), (99, None)])
def test_more_neighbours_than_there_are_is_refused(k, exclude):
    with pytest.raises(UserError, match="neighbours"):
        CodeTable(np.arange(4), np.eye(4)).nearest(np.zeros((1, 4)), k, exclude)


def test_the_table_is_updated_by_id():
    table = CodeTable([3, 5, 9], np.zeros((3, 2)))
    table.update([9, 3], torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert table[[3, 5, 9]].tolist() == [[3, 4], [0, 0], [1, 2]] and table[np.array([[9]])].shape == (1, 1, 2)


@pytest.mark.parametrize("unknown", [0, 4, 10, -1])
def test_an_unknown_id_is_a_key_error(unknown):
    table = CodeTable([3, 5, 9], np.zeros((3, 2)))
    with pytest.raises(KeyError):
        table[[3, unknown]]
    with pytest.raises(KeyError):
        table.update([unknown], np.ones((1, 2)))
    assert not table.codes.any()


@pytest.mark.parametrize("ids", [[1, 1, 2], [2, 1, 3], [1, 2]])
def test_ids_must_be_sorted_distinct_and_as_many_as_codes(ids):
    with pytest.raises(ValueError):
        CodeTable(ids, np.zeros((3, 2)))


# Protocols

@pytest.fixture(params=[1, 3], ids=["normal", "mixture"])
def scene(request):
    """A local-prior model, a table of 30 training codes (ids 0, 2, …), and 12 images, half of them in the table."""
    model = scrambled(config(prior_components=request.param))
    table = CodeTable(np.arange(0, 60, 2), normals(30, 3, seed=1))
    ids = np.array([0, 2, 10, 22, 40, 58, 1, 7, 33, 59, 61, 100])
    codes = normals(12, 3, seed=2)
    codes[:6] = table[ids[:6]]
    return model, table, ids, codes, codes + normals(12, 3, seed=3)


def test_the_mixture_cost_is_an_explicit_sum_over_the_other_codes(scene):
    model, table, ids, codes, z = scene
    costs = evaluate.latent_costs(model, table, ids, codes, z)["mixture"]
    prior = scrambled(model.config).prior.double()
    for row, (own, code, point) in enumerate(zip(ids, codes.double(), z.double())):
        others = torch.from_numpy(table.codes[table.ids != own]).double()
        log_p = torch.stack([prior(other[None]).log_prob(point[None])[0] for other in others])
        log_q = Normal(code, 1.0).log_prob(point).sum()
        expected = log_q - (torch.logsumexp(log_p, 0) - math.log(len(others)))
        assert costs[row].item() == pytest.approx(expected.item(), abs=1e-4)


def test_the_neighbour_costs_are_a_slow_loop_over_the_nearest_others(scene):
    model, table, ids, codes, z = scene
    costs = evaluate.latent_costs(model, table, ids, codes, z)
    k = model.config.neighbours
    for row in range(len(ids)):
        others = table.codes[table.ids != ids[row]]
        near = others[np.argsort(np.linalg.norm(others - codes[row].numpy(), axis=1))[:k]]
        q, at = posterior(codes[row : row + 1]), z[row : row + 1]
        expected = np.mean([kl(q, model.prior(torch.from_numpy(c)[None]), at).item() for c in near])
        assert costs["free_neighbour"][row].item() == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert torch.allclose(costs["pointer"] - costs["free_neighbour"], torch.tensor(math.log(30 / k)).double())


def test_the_global_cost_is_half_the_squared_distance_from_the_origin(scene):
    model, table, ids, codes, z = scene
    expected = kl(posterior(codes), diagonal_normal(torch.zeros(12, 3), torch.ones(12, 3)), z)
    assert torch.allclose(evaluate.latent_costs(model, table, ids, codes, z)["global"].float(), expected, atol=1e-5)
    silent = evaluate.latent_costs(scrambled(config(prior="global")), None, ids, codes, z)
    assert set(silent) == {"global"} and torch.allclose(silent["global"].float(), expected, atol=1e-5)


def test_the_mixture_bounds_the_pointer_when_one_neighbour_is_named_of_all():
    # −log (1/N) Σ p(z|c_i) ≤ −log p(z|c_k) + ln N for every k: naming a codebook never pays
    model, table = scrambled(config(neighbours=1)), CodeTable(np.arange(30), normals(30, 3, seed=1))
    codes = normals(200, 3, seed=5)
    z, ids = codes + normals(200, 3, seed=6), np.full(200, -1)
    nearest, _ = table.nearest(codes, 1)
    named = posterior(codes).log_prob(z) - model.prior(table[nearest[:, 0]]).log_prob(z) + math.log(30)
    assert (evaluate.latent_costs(model, table, ids, codes, z)["mixture"] <= named * (1 + 1e-5) + 1e-4).all()


def test_the_training_loss_is_the_cost_it_says(scene):
    model, table, ids, codes, z = scene
    x = torch.from_numpy(digits(12)[0])
    neighbour = table[np.zeros(12, int)]
    bill = model.costs(x, codes, neighbour, z - codes)
    assert torch.allclose(bill.latents, kl(posterior(codes), model.prior(neighbour), z), atol=1e-4)
    assert torch.allclose(bill.pixels, -model.decoder(z).log_prob(x), atol=1e-3)
    assert torch.equal(bill.total, bill.latents + bill.pixels) and not bill.index.any()


@pytest.mark.parametrize("count", [1, 2, 3, 40, 300])
def test_the_greedy_tour_visits_each_once_and_always_the_nearest_left(count):
    codes = normals(count, 3, seed=count)
    order = evaluate.greedy_tour(codes)
    assert sorted(order.tolist()) == list(range(count)) and order[0] == 0
    points = codes.double().numpy()[order]
    for step in range(count - 1):
        gaps = np.linalg.norm(points[step + 1 :] - points[step], axis=1)
        assert gaps[0] <= gaps.min() + 1e-9


@pytest.mark.parametrize("count", [1, 2, 12])
def test_the_tour_pays_for_each_image_given_the_one_before(scene, count):
    model, _, _, codes, z = scene
    codes, z = codes[:count], z[:count]
    costs, order = evaluate.tour_costs(model, codes, z, first=7.5)
    assert costs[order[0]].item() == 7.5
    for before, now in zip(order, order[1:]):
        prior = model.prior(codes[before : before + 1])
        expected = kl(posterior(codes[now : now + 1]), prior, z[now : now + 1]).item()
        assert costs[now].item() == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("n", [1, 2, 10, 10_000])
def test_order_nats_is_the_mean_log_of_the_orders(n):
    assert evaluate.order_nats(n) == pytest.approx(sum(math.log(i) for i in range(1, n + 1)) / n)


def test_ten_thousand_images_hide_eight_nats_each_in_their_order():
    assert round(evaluate.order_nats(10_000), 2) == 8.21


@pytest.mark.parametrize("count", [2, 3, 10, 501])
def test_swapping_gives_every_image_anothers_code(count):
    z = torch.arange(count)[:, None]
    given = evaluate.swapped(z, seed=count)[:, 0]
    assert (given != z[:, 0]).all() and sorted(given.tolist()) == list(range(count))


def test_the_noise_of_an_image_hangs_on_seed_and_id_alone():
    whole = evaluate.standard_noise(np.arange(2000), 3, seed=5)
    some = np.array([7, 1999, 0, 40])
    assert torch.equal(evaluate.standard_noise(some, 3, seed=5), whole[some])
    assert not torch.equal(evaluate.standard_noise(some, 3, seed=6), whole[some])
    assert abs(whole.mean()) < 0.05 and abs(whole.std() - 1) < 0.03
    assert len(np.unique(whole.numpy(), axis=0)) == 2000
    assert evaluate.standard_noise(some[:0], 3, seed=5).shape == (0, 3)


# Probes

def test_probes_find_what_is_there_and_nothing_else():
    labels = np.arange(600) % 3
    apart = torch.from_numpy(np.eye(3)[labels]).float() * 8 + normals(600, 3)
    noise = normals(600, 3, seed=1)
    for features, low, high in ((apart, 98, 100), (noise, 20, 47)):
        linear, near = evaluate.probes(features[:400], labels[:400], features[400:], labels[400:])
        assert low <= linear <= high and low <= near <= high


def test_tiny_means_drown_in_the_noise_of_z():
    labels = np.arange(600) % 2
    codes = 0.01 * torch.from_numpy(np.eye(2)[labels]).float() + 0.001 * normals(600, 2)
    table, ids = CodeTable(np.arange(400), codes[:400]), np.arange(400, 600)
    z = codes[400:] + evaluate.standard_noise(ids, 2, seed=0)
    found = evaluate.probe(table, labels[:400], codes[400:], z, labels[400:], seed=0)
    assert found["linear"] > 98 and found["knn"] > 98 and found["linear_sampled"] < 65 and found["knn_sampled"] < 65


@pytest.mark.parametrize("labels, asked", [(np.full(400, -1), np.zeros(200)), (np.zeros(400), np.zeros(200)),
                                           (np.arange(400) % 2, np.full(200, -1))])
def test_probes_are_null_where_there_is_nothing_to_learn_or_ask(labels, asked):
    codes = normals(600, 2)
    found = evaluate.probe(CodeTable(np.arange(400), codes[:400]), labels, codes[400:], codes[400:], asked, seed=0)
    assert found == dict.fromkeys(("linear", "knn", "linear_sampled", "knn_sampled"))


# Models and configs

@pytest.mark.parametrize("prior, decoder", COMBINATIONS)
@pytest.mark.parametrize("side", [2, 6, 8])
def test_every_combination_is_one_config_away(prior, decoder, side):
    model = build(config(prior=prior, decoder=decoder, side=side))
    x = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (4, side, side), dtype=np.uint8))
    code = model.encode(x)
    bill = model.costs(x, code, code.detach(), torch.zeros_like(code))
    bill.total.mean().backward()
    assert code.shape == (4, 3) and bill.total.shape == (4,) and torch.isfinite(bill.total).all()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_dice_alone():
    before = torch.random.get_rng_state()
    a, b, c = (build(config(), seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(a[k], b[k]) for k in a) and any(not torch.equal(a[k], c[k]) for k in a)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("changes", [{}, {"prior": "global"}, {"dilations": (1, 2, 4), "prior_components": 4}])
def test_a_config_survives_its_dict(changes):
    assert Config.from_dict(config(**changes).to_dict()) == config(**changes)


@pytest.mark.parametrize("changes", [
    {"sides": 28}, {"prior": "none"}, {"decoder": "strong"}, {"side": 0}, {"side": 28.0}, {"code_dim": -1}, {"side": "28"},
    {"neighbours": 0}, {"dilations": []}, {"dilations": [0]}, {"dilations": 3}, {"dilations": "12"}, {"prior_hidden": [1.5]},
    {"side": 7}, {"code_dim": True}, {"code_dim": None}, {"prior": 3}, {"side": 10**9},
])
def test_a_bad_config_is_refused_in_a_sentence(changes):
    with pytest.raises(UserError, match=r"\.$"):
        Config.from_dict(config().to_dict() | changes)


@pytest.mark.parametrize("name", ["encoder_channels", "decoder_channels"])
@pytest.mark.parametrize("decoder", ["factorised", "autoregressive"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_config_that_is_accepted_can_be_built_and_run(name, decoder, channels):
    try:
        accepted = config(**{name: channels, "decoder": decoder})
    except UserError:
        return
    model, x = build(accepted), torch.zeros(2, 8, 8)
    assert model.decoder(model.encode(x)).log_prob(x).shape == (2,)


# Maps

@pytest.mark.parametrize("seed", SEEDS)
def test_align_undoes_shift_turn_mirror_and_scale(seed):
    reference = normals(50, 2, seed=seed).numpy()
    turn, _ = np.linalg.qr(normals(2, 2, seed=seed + 9).numpy())
    moved, residual = align(3 * reference @ turn + 5, reference)
    assert np.allclose(moved, reference, atol=1e-4) and residual < 1e-4
    assert align(normals(50, 2, seed=seed + 77).numpy(), reference)[1] > 0.8


def test_a_map_fills_its_box_and_keeps_its_proportions():
    boxed = unit_box(np.array([[10.0, 0.0], [30.0, 5.0], [20.0, 2.5]]))
    assert boxed.tolist() == [[-1, -0.25], [1, 0.25], [0, 0]]
    assert np.isfinite(unit_box(np.zeros((4, 2)))).all()


@pytest.mark.parametrize("count, dim, asked", [(449, 2, 8), (1000, 16, 300), (4097, 32, 129), (5000, 3, 40)])
def test_the_search_by_blocks_is_exact(count, dim, asked):
    generator = np.random.default_rng(count)
    codes = generator.standard_normal((count, dim)) * 3 + 5
    codes[count // 2 : count // 2 + 30] = codes[0]  # the same code many times, in one block and the next
    table = CodeTable(np.arange(count) * 2, np.zeros((count, dim)))
    table.update(np.arange(count) * 2, codes)  # as a training fills it
    queries = np.concatenate([codes[: asked // 2], codes[: asked - asked // 2] + generator.standard_normal((asked - asked // 2, dim))])
    ids, distances = table.nearest(queries.astype(np.float32), 5)
    exact = np.linalg.norm(queries[:, None] - codes, axis=2)
    np.testing.assert_allclose(distances, np.sort(exact, 1)[:, :5], atol=2e-5)
    np.testing.assert_allclose(exact[np.arange(asked)[:, None], ids // 2], distances, atol=2e-5)
