"""The baselines, the accounts, several processes, and tables too large for exact search."""

import json
import math
import os
import subprocess
import sys

import faiss
import numpy as np
import pytest
import torch
from small import SIDE, config, data_file, scrambled, training
from torch.distributions import Normal

from lpvae import builder, codes, experiments, train
from lpvae.codes import CodeTable
from lpvae.distributions import kl, kl_per_dimension, posterior
from lpvae.errors import UserError
from lpvae.evaluate import log_mixture, order_nats, own_mixture_costs
from lpvae.report import report


def vamp(pseudo_inputs: int = 7):
    return scrambled(config(prior="vamp", decoder="factorised", pseudo_inputs=pseudo_inputs))


# ---- VampPrior -------------------------------------------------------------------------------------------------------


def test_vamp_is_the_mean_of_its_pseudo_inputs_posteriors():
    model = vamp()
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    means = model.encoder(model.prior.logits.sigmoid()[:, None])
    by_hand = torch.stack([Normal(m, 1.0).log_prob(z).sum(-1) for m in means]).logsumexp(0) - math.log(7)
    assert torch.allclose(model.prior(z).log_prob(z), by_hand, atol=1e-4)


def test_vamp_of_one_component_has_the_exact_kl_on_average():
    model = vamp(1)
    code, mean = torch.randn(1, 3), model.prior.components()
    z = code + torch.randn(200_000, 3, generator=torch.Generator().manual_seed(1))
    estimates = own_mixture_costs(model, code.expand(len(z), -1), z)
    assert float(estimates.mean()) == pytest.approx(float(0.5 * ((code - mean) ** 2).sum()), abs=4 * float(estimates.std()) / 400)


def test_vamp_components_follow_the_weights():
    model = vamp()
    before = model.prior.components().clone()
    model.load_state_dict(vamp().state_dict() | {"prior.logits": torch.full((7, SIDE, SIDE), 3.0)})
    assert not torch.allclose(before, model.prior.components())


def test_a_joint_mixture_does_not_split_by_dimension():
    with pytest.raises(ValueError, match="joint"):
        kl_per_dimension(torch.zeros(1, 3), vamp().prior(torch.zeros(1, 3)))


# ---- the plain local prior -------------------------------------------------------------------------------------------


def test_without_hidden_layers_the_prior_is_a_normal_around_the_neighbour():
    model = scrambled(config(prior_hidden=()))
    code = torch.randn(4, 3)
    p = model.prior(code).base_dist
    assert torch.equal(p.loc, code) and torch.equal(p.scale[0], p.scale[3]) and p.scale[0].std() > 0


@pytest.mark.parametrize("prior, changes", [("vamp", {"pseudo_inputs": 6}), ("local", {"prior_hidden": ()}), ("global", {})])
def test_baselines_train_and_account_for_every_protocol(prior, changes, tmp_path):
    data = data_file(tmp_path)
    settings = training(data, free_bits=0.3 if prior == "global" else 0.0)
    run = train.train(config(prior=prior, decoder="factorised", **changes), settings, tmp_path / "run")
    trained, images, seed = builder.trained_of(run)
    m = report(trained, images, seed=seed)
    own = "global" if prior == "global" else "mixture"
    assert m["total_nats"]["set"] == pytest.approx(m["total_nats"][own] - order_nats(m["n"]), abs=2e-4)
    if prior != "local":
        assert m["total_nats"]["tour"] == m["total_nats"][own]  # one codebook: no order helps
    assert m["neighbour_search"] == "exact"


# ---- free bits -------------------------------------------------------------------------------------------------------


def one_step_run(tmp_path, prior: str = "global", **changes):
    data = data_file(tmp_path)
    model = config(prior=prior, decoder="factorised")
    settings = training(data, **changes)
    images = train._checked_images(model, settings)
    return train._Run(model, settings, images, tmp_path, train.Group())


def test_free_bits_charge_no_dimension_less_than_the_allowance(tmp_path):
    run = one_step_run(tmp_path, free_bits=0.5)
    code = torch.tensor([[0.1, 3.0, 0.2], [0.1, 1.0, 0.2]])
    costs = run.model.costs(torch.zeros(2, SIDE, SIDE, dtype=torch.uint8), code, code, torch.zeros_like(code))
    charged = float(run._charged(costs, code, torch.zeros_like(code)))
    assert charged == pytest.approx(0.5 + (4.5 + 0.5) / 2 + 0.5)  # the means ‖c‖²/2 of a dimension: 0.005, 2.5, 0.02


def test_without_free_bits_the_charge_is_the_kl(tmp_path):
    run = one_step_run(tmp_path)
    code = torch.randn(4, 3)
    costs = run.model.costs(torch.zeros(4, SIDE, SIDE, dtype=torch.uint8), code, code, torch.zeros_like(code))
    p = run.model.prior(code)
    assert float(run._charged(costs, code, code)) == pytest.approx(float(kl(posterior(code), p, code).mean()), rel=1e-5)


# ---- training by the mixture over all codes --------------------------------------------------------------------------


def mixture_run(tmp_path):
    run = one_step_run(tmp_path, prior="local", latent_cost="mixture")
    run.model, generator = scrambled(run.config), torch.Generator().manual_seed(4)
    run.table.update(run.rows, 2 * torch.randn(len(run.rows), 3, generator=generator))
    own = run.rows[[3, 8]]
    return run, own, run.table[own], run.table[own] + torch.randn(2, 3, generator=generator)


def test_the_loss_by_mixture_is_the_cost_by_mixture(tmp_path, monkeypatch):
    run, own, code, z = mixture_run(tmp_path)
    exact = posterior(code).log_prob(z) - log_mixture(run.model, run.table, z, exclude=own)
    for near in (1, 5, len(run.rows)):  # the run's K is 3: at least so many
        monkeypatch.setattr(train, "NEAR", near)
        assert torch.allclose(run._mixture(code, z, own, run._near(code, own), run.rows).double(), exact, atol=1e-4)


def test_the_loss_by_mixture_estimates_the_far_codes_without_bias(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "NEAR", 3)
    run, own, code, z = mixture_run(tmp_path)
    log_q, draw = posterior(code).log_prob(z).double(), np.random.default_rng(0)
    near = run._near(code, own)
    drawn = [draw.choice(run.rows, 6, replace=False) for _ in range(4000)]
    guesses = torch.stack([(log_q - run._mixture(code, z, own, near, ids)).exp() for ids in drawn])
    exact = log_mixture(run.model, run.table, z, exclude=own).exp()
    error = guesses.std(0) / math.sqrt(len(guesses))
    assert (guesses.std(0) / exact > 0.01).all()  # else there would be nothing to estimate
    assert ((guesses.mean(0) - exact).abs() < 4 * error).all()


@pytest.mark.parametrize(("prior", "changes", "words"), [
    ("local", {"latent_cost": "tour"}, "no latent_cost 'tour'"), ("global", {"latent_cost": "mixture"}, "global prior"),
    ("local", {"latent_cost": "mixture", "free_bits": 0.1}, "free_bits"),
])  # fmt: skip
def test_a_latent_cost_that_cannot_be_trained_by_is_told(tmp_path, prior, changes, words):
    with pytest.raises(UserError, match=words):
        one_step_run(tmp_path, prior=prior, **changes)


# ---- several processes -----------------------------------------------------------------------------------------------


def torchrun(processes: int, out, data, epochs: int = 3) -> subprocess.CompletedProcess:
    flags = [x for k, v in {"code_dim": 3, "neighbours": 3, "encoder_channels": 8, "decoder_channels": 8, "dilations": [1, 2],
                            "prior_hidden": [16], "batch": 25, "rate": 3e-3, "precision": "float32"}.items()
             for x in ("--set", f"{k}={v}")]  # fmt: skip
    start = [] if processes == 1 else ["-m", "torch.distributed.run", f"--nproc-per-node={processes}", "--master-port=29411"]
    command = [sys.executable, *start, "-m", "lpvae", "train", "--data", str(data), "--epochs", str(epochs), "--out", str(out), *flags]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CI": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)


def validation(run) -> dict:
    return json.loads((run / train.LOG).read_text().splitlines()[-1])["validation"]


def test_two_processes_train_the_model_that_one_trains(tmp_path):
    data = data_file(tmp_path, 310)
    for processes in (1, 2):
        done = torchrun(processes, tmp_path / str(processes), data)
        assert done.returncode == 0, done.stderr[-2000:]
    one, two = validation(tmp_path / "1"), validation(tmp_path / "2")
    assert one.keys() == two.keys()
    for protocol, cost in one.items():
        assert two[protocol] == pytest.approx(cost, rel=0.02), protocol
    tables = [train.read_checkpoint(tmp_path / n)[0]["table"] for n in ("1", "2")]
    assert torch.allclose(*tables, atol=0.05)  # the second process's images are in the first one's table


def test_more_processes_than_images_in_the_last_batch_are_refused(tmp_path):
    model, settings = config(), training(data_file(tmp_path), batch=4)
    images = train._checked_images(model, settings)
    with pytest.raises(train.UserError, match="too few images"):
        train._Run(model, settings, images, tmp_path, train.Group(0, 5))


# ---- tables too large for exact search -------------------------------------------------------------------------------


def test_the_approximate_search_finds_and_follows_the_codes(monkeypatch):
    monkeypatch.setattr(codes, "EXACT", 20_000)
    monkeypatch.setattr(codes, "CELLS", 64)
    monkeypatch.setattr(codes, "PROBED", 24)
    rng = np.random.default_rng(0)
    points = rng.standard_normal((30_000, 16), dtype=np.float32)
    ids = np.arange(30_000) * 3 + 1
    table = CodeTable(ids, points.copy())
    assert "approximate" in table.search
    queries = points[:300] + 0.1
    exact = ids[faiss.knn(queries, points, 5)[1]]
    found, distances = table.nearest(queries, 5)
    assert np.mean([len(set(a) & set(b)) / 5 for a, b in zip(found, exact)]) >= 0.99
    assert (np.diff(distances) >= 0).all()
    table.update(ids[:10], points[:10] + 100)
    assert set(table.nearest(points[:10] + 100, 1)[0][:, 0]) == set(ids[:10])
    assert not set(table.nearest(points[:10], 1, exclude=None)[0][:, 0]) & set(ids[:10])


# ---- experiments -----------------------------------------------------------------------------------------------------


def test_experiments_are_recorded_in_their_order_and_nothing_is_lost(tmp_path):
    path = tmp_path / "experiments.json"
    experiments.record(path, "k20", {"what": "a"})
    experiments.record(path, "base", {"what": "b"})
    experiments.record(path, "k20", {"what": "c"})
    assert list(experiments.recordings(path).items()) == [("base", {"what": "b"}), ("k20", {"what": "c"})]


def test_every_ablation_differs_from_the_base_in_one_thing():
    changes = [this.change for this in experiments.ABLATIONS.values()]
    assert sorted(map(len, changes)) == [0, 1, 1, 1, 1]
    made = [experiments.replace(experiments.CONFIG, **change) for change in changes]
    assert len(set(made)) == len(made)
    assert {this.training for this in experiments.ABLATIONS.values()} == {experiments.SHORT}


@pytest.mark.parametrize("name, data, word", [("k7", None, "no experiment"), ("static", None, "needs its file"), ("base", "x.npz", "leave")])
def test_an_experiment_that_cannot_be_is_refused(tmp_path, name, data, word):
    with pytest.raises(UserError, match=word):
        experiments.experiment(name, tmp_path, data)
    assert not list(tmp_path.iterdir())
