"""The training loop: resumable, reproducible, with a log of validation costs (IO)."""

import contextlib
import json
import math
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from lpvae import data, parallel
from lpvae.codes import CodeTable
from lpvae.costs import Costs, mean
from lpvae.distributions import kl_per_dimension, posterior
from lpvae.errors import UserError
from lpvae.evaluate import encode, latent_costs, pixel_costs, standard_noise
from lpvae.model import LPVAE, Config, build, from_dict
from lpvae.parallel import Group

FORMAT = 1
CONFIG, CHECKPOINT, LOG = "config.json", "checkpoint.safetensors", "log.jsonl"
VALIDATION_IMAGES = 2000
LATENT_COSTS = ("free_neighbour", "mixture")
NEAR, FAR = 64, 256  # of the loss by mixture: codes nearest to an image, which are summed; codes drawn for all the others


@dataclass(frozen=True)
class Training:
    """How a model is trained; with `Config` and the data it fixes every weight, on one machine."""

    data: str = "mnist"
    binarisation: str = "resampled"
    epochs: int = 10
    batch: int = 100
    rate: float = 1e-3  # AdamW's peak, after the warm-up; then a half cosine to zero
    warmup_steps: int = 200
    latent_warmup: float = 0.4  # share of all steps in which the latent cost's weight in the loss rises from 0 to 1
    weight_decay: float = 1e-4
    clip: float = 50.0  # of the gradient's norm, nats
    seed: int = 0
    device: str = "auto"
    latent_cost: str = "free_neighbour"  # in a local prior's loss: given one of the K nearest codes, or "mixture", of all codes
    free_bits: float = 0.0  # nats of latent cost a dimension, averaged over the batch, below which it is not charged
    precision: str = "auto"  # of the networks' arithmetic: float32, or bfloat16 where the hardware multiplies it
    compile: bool = False  # the networks by torch.compile: about a quarter faster, after half a minute; wants a C++ compiler
    checkpoint_steps: int = 200
    prolonged: tuple[int, ...] = ()  # the numbers of epochs the run was first meant to have, before each --resume --epochs

    def __post_init__(self):
        for name in ("epochs", "batch", "rate", "clip", "checkpoint_steps"):
            if not 0 < getattr(self, name) < math.inf:
                raise UserError(f"the training's {name} must be above 0, not {getattr(self, name)!r}.")
        for name in ("warmup_steps", "weight_decay", "free_bits", "seed"):
            if not 0 <= getattr(self, name) < 2**63:
                raise UserError(f"the training's {name} must be 0 or above, and below 2^63, not {getattr(self, name)!r}.")
        if self.binarisation not in data.MODES:
            raise UserError(f"there is no binarisation {self.binarisation!r}: choose one of {', '.join(data.MODES)}.")
        if not 0 <= self.latent_warmup <= 1:
            raise UserError(f"the training's latent_warmup is a share from 0 to 1, not {self.latent_warmup!r}.")
        if self.latent_cost not in LATENT_COSTS:
            raise UserError(f"there is no latent_cost {self.latent_cost!r} to train by: choose {' or '.join(LATENT_COSTS)}.")
        if self.latent_cost == "mixture" and self.free_bits:
            raise UserError("a latent_cost of mixture does not split by dimension: leave free_bits at 0.")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise UserError(f"there is no precision {self.precision!r}: choose auto, float32 or bfloat16.")


def train(config: Config, training: Training, out: Path) -> Path:
    """Train a model into the new run directory `out`.

    The run holds config.json, checkpoint.safetensors (weights, optimiser, code table) and log.jsonl (validation costs
    each epoch). Every random draw is a function of (seed, epoch or step, image), so that a run killed at any moment
    and resumed ends with the same weights. Raises UserError for a directory in use, or data that does not fit.
    """
    if (out / CONFIG).exists():
        raise UserError(f"{out} already holds a run: continue it with --resume, or choose another --out.")
    images = _checked_images(config, training)
    training = _resolved(training)
    with parallel.group(training.device) as group:
        group.wait()  # the others have not looked for the run before it is there
        if group.writes:
            _write_config(config, training, images, out)
        _Run(config, training, images, out, group).finish()
    return out


def _write_config(config: Config, training: Training, images: data.Images, out: Path) -> None:
    _write_json(out / CONFIG, {"format": FORMAT, "config": config.to_dict(), "training": asdict(training),
                               "data_sha256": images.sha256, "threads": torch.get_num_threads()})


def resume(out: Path, epochs: int | None = None) -> Path:
    """Train a run on from its last checkpoint, with its own settings, to the end it would have had unbroken.

    With more `epochs` than it was started with the run is prolonged: its rate goes on as if it had been meant for
    that many (it rises again where it had ended), and its settings tell. Raises UserError for fewer epochs.
    """
    config, training = load_run_config(out)
    training, images = _resolved(training), run_images(out)
    if epochs is not None and epochs != training.epochs:
        if epochs < training.epochs:
            raise UserError(f"{out} was started for {training.epochs} epochs: --resume can add epochs, not take away.")
        training = replace(training, epochs=epochs, prolonged=(*training.prolonged, training.epochs))
    # sums come out in another order, and so in other bits, with another number of threads
    threads = json.loads((out / CONFIG).read_text()).get("threads")
    if isinstance(threads, int) and threads > 0:
        torch.set_num_threads(threads)
    with parallel.group(training.device) as group:
        run = _Run(config, training, images, out, group)
        if (out / CHECKPOINT).exists():
            run.restore()
        group.wait()  # nobody writes the next checkpoint, or other settings, before all have read these
        if group.writes:
            saved = json.loads((out / CONFIG).read_text())
            _write_json(out / CONFIG, saved | {"training": asdict(training)})
        run.finish()
    return out


def _checked_images(config: Config, training: Training) -> data.Images:
    images = data.load(training.data)
    if images.side != config.side:
        raise UserError(f"{training.data} has images of side {images.side}, the model's side is {config.side}: they must agree.")
    rows = images.rows("train")
    if config.prior != "local" and training.latent_cost != "free_neighbour":
        raise UserError(f"a {config.prior} prior has one latent cost to train by: leave latent_cost={training.latent_cost} away.")
    if config.prior == "local" and len(rows) <= config.neighbours:
        raise UserError(f"{len(rows)} training images are too few for {config.neighbours} neighbours.")
    return images


def run_images(run: Path) -> data.Images:
    """The images of a run. Raises UserError where they are no longer those it was trained on."""
    config, training = load_run_config(run)
    images = _checked_images(config, training)
    if images.sha256 != json.loads((run / CONFIG).read_text()).get("data_sha256"):
        raise UserError(f"{training.data} holds other images than those {run} was trained on: restore them, or train anew.")
    return images


def _resolved(training: Training) -> Training:
    """The device and precision that "auto" stands for on this machine, written into the run."""
    device = training.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UserError(f"the device {device!r} is not available here: use --device cpu, or auto.") from None
    precision = training.precision
    if precision == "auto":
        fast = torch.cuda.is_bf16_supported() if device.startswith("cuda") else torch.cpu.get_capabilities().get("amx_bf16")
        precision = "bfloat16" if fast else "float32"
    return Training(**{**asdict(training), "device": device, "precision": precision})


class _Run:
    """A model in training: its weights, optimiser, code table, and where it stands."""

    def __init__(self, config: Config, training: Training, images: data.Images, out: Path, group: Group):
        self.config, self.training, self.images, self.out, self.group = config, training, images, out, group
        self.device = parallel.local_device(training.device)
        self.rows = images.rows("train")
        self.model = build(config, training.seed).to(self.device)
        if training.compile:
            self.model.compile_networks()
        self.optimiser = torch.optim.AdamW(self.model.parameters(), weight_decay=training.weight_decay, fused=True)
        start = np.random.default_rng([training.seed, 0]).standard_normal((len(self.rows), config.code_dim))
        self.table = CodeTable(self.rows, start)  # N(0, I), as in the paper
        self.steps_per_epoch = math.ceil(len(self.rows) / training.batch)
        if min(training.batch, len(self.rows) % training.batch or training.batch) < group.size:
            raise UserError(f"a batch of {training.batch}, or the last of each pass, has too few images for {group.size}"
                            " processes: choose another batch, or fewer processes.")
        self.step, self.seconds, self.log = 0, 0.0, []
        self.running: dict[str, float] = {}

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.training.epochs

    def finish(self) -> None:
        """Train from the present step to the last, saving as it goes."""
        size = self.training.batch
        with tqdm(total=self.total_steps * size, initial=self.step * size, unit=" images", smoothing=0.05,
                  disable=not self.group.writes or (None if os.environ.get("CI") else False), mininterval=1.0) as bar:
            for epoch in range(self.step // self.steps_per_epoch, self.training.epochs):
                self._epoch(epoch, bar)
        if self.group.writes:
            self.save()
        self.group.wait()

    def _epoch(self, epoch: int, bar: tqdm) -> None:
        t = self.training
        bits = data.bits(self.images, self.rows, t.binarisation, t.seed, epoch)
        order = np.random.default_rng([t.seed, 2, epoch]).permutation(len(self.rows))
        start = time.monotonic()
        while self.step < (epoch + 1) * self.steps_per_epoch:
            first = (self.step - epoch * self.steps_per_epoch) * t.batch
            batch = order[first : first + t.batch]
            self._step(torch.from_numpy(bits[batch]), self.rows[batch])
            bar.set_postfix({k: f"{v:.2f}" for k, v in self.running.items()} | {"epoch": epoch + 1}, refresh=False)
            bar.update(t.batch)
            last = self.step == (epoch + 1) * self.steps_per_epoch
            if last or self.step % t.checkpoint_steps == 0:
                self.seconds += time.monotonic() - start
                if self.group.writes:
                    if last:
                        self.log.append(self._validate(epoch))
                    self.save()
                start = time.monotonic()

    def _step(self, x: Tensor, rows: np.ndarray) -> None:
        """One step on a batch (B, S, S) of the images `rows`, of which this process computes its part."""
        t, device, part = self.training, self.device, self.group.part(len(rows))
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = t.rate * rate_factor(self.step, t.warmup_steps, self.total_steps)
        draw = np.random.default_rng([t.seed, 3, self.step])
        choice = draw.integers(self.config.neighbours, size=len(rows)) if self.model.prior.needs_neighbour else rows
        noise = torch.from_numpy(draw.standard_normal((len(rows), self.config.code_dim), dtype=np.float32))[part].to(device)
        x = x[part].to(device)
        with autocast(t):
            code = self.model.encode(x).float()
        near = self._near(code, rows[part])
        neighbour = torch.zeros_like(code) if near is None else self.table[near[np.arange(len(near)), choice[part]]].to(device)
        with autocast(t):
            costs = self.model.costs(x, code, neighbour, noise)
            if t.latent_cost == "mixture":
                far = draw.choice(len(self.rows), min(FAR, len(self.rows)), replace=False)
                costs = replace(costs, latents=self._mixture(code, code + noise, rows[part], near, self.rows[far]))
            latent = self._charged(costs, code, neighbour)
        weight = min(1.0, (self.step + 1) / max(1, round(t.latent_warmup * self.total_steps)))
        # the processes' losses sum to the mean over the whole batch
        loss = (weight * latent + costs.pixels.float().mean()) * (len(x) / len(rows))
        if not torch.isfinite(loss):
            raise UserError(f"the training diverged at step {self.step}: lower --rate and start again; {self.out} keeps"
                            " the last good checkpoint.")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.group.sum_gradients(self.model)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), t.clip)
        self.optimiser.step()
        self.table.update(rows, self.group.whole(code.detach(), len(rows)))
        self.step += 1
        for name, value in (("latent", costs.latents), ("pixels", costs.pixels)):
            self.running[name] = 0.98 * self.running.get(name, mean(value.detach())) + 0.02 * mean(value.detach())

    def _charged(self, costs: Costs, code: Tensor, neighbour: Tensor) -> Tensor:
        """The batch's mean latent cost as the loss counts it; with free bits, as in arXiv 1606.04934."""
        if not self.training.free_bits:
            return (costs.index + costs.latents).float().mean()
        each = kl_per_dimension(code, self.model.prior(neighbour)).float().mean(0)
        return each.clamp(min=self.training.free_bits).sum()

    def _near(self, code: Tensor, rows: np.ndarray) -> np.ndarray | None:
        """Ids of the other training images whose codes are nearest to a part's, (B, K) or more; None for a global prior."""
        if not self.model.prior.needs_neighbour:
            return None
        count = self.config.neighbours
        if self.training.latent_cost == "mixture":
            count = max(count, min(NEAR, len(self.table) - 1))
        return self.table.nearest(code, count, exclude=rows)[0]

    def _mixture(self, code: Tensor, z: Tensor, rows: np.ndarray, near: np.ndarray, drawn: np.ndarray) -> Tensor:
        """log q(z|x) − log (1/N) Σ_i p(z|c_i) over the N codes of other images, in nats, (B,): the terms of the nearest
        codes, of ids `near` (B, k), exactly; those of all others estimated by the ids `drawn` (M,) at random for the batch.
        """
        others = len(self.table) - 1
        near_terms = self.model.prior(self.table[near].flatten(0, 1).to(z)).log_prob(z.repeat_interleave(near.shape[1], 0))
        far_terms = self.model.prior(self.table[drawn].to(z)).log_prob(z[:, None])
        counted = (drawn[None] == rows[:, None]) | (near[:, None] == drawn[None, :, None]).any(2)
        left = (~counted).sum(1)
        weight = np.where(counted, -np.inf, np.log(np.maximum(others - near.shape[1], 1) / np.maximum(left, 1))[:, None])
        terms = torch.cat([near_terms.view(near.shape).float(), far_terms.float() + torch.from_numpy(weight).to(far_terms)], 1)
        return posterior(code).log_prob(z) - terms.logsumexp(1) + math.log(others)

    def _validate(self, epoch: int) -> dict:
        """Mean costs in nats on a fixed random part of the validation split; the table is the one training left."""
        t = self.training
        entry = {"epoch": epoch + 1, "step": self.step, "seconds": round(self.seconds, 1),
                 "train": {k: round(v, 4) for k, v in self.running.items()}}
        if not len(self.images.splits.get("validation", ())):
            return entry
        ids = self.images.rows("validation", VALIDATION_IMAGES, seed=0)
        bits = data.bits(self.images, ids, "fixed", t.seed)
        self.model.eval()
        with torch.compiler.set_stance("force_eager"):
            costs = self._validation_costs(ids, bits)
        return entry | {"validation": {name: round(mean(value), 4) for name, value in costs.items()}}

    def _validation_costs(self, ids: np.ndarray, bits: np.ndarray) -> dict[str, Tensor]:
        t = self.training
        codes = encode(self.model, bits)
        z = codes + standard_noise(ids, self.config.code_dim, t.seed)
        with autocast(t):
            pixels = pixel_costs(self.model, bits, z)
        return {"pixels": pixels} | latent_costs(self.model, self.table, ids, codes, z)

    def save(self) -> None:
        """The whole state in one file, written beside and renamed; then the log."""
        tensors = {f"model.{k}": v.contiguous() for k, v in self.model.state_dict().items()}
        for i, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{i}.{k}": torch.as_tensor(v).contiguous() for k, v in state.items()}
        tensors["table"] = torch.tensor(self.table.codes)
        state = {"step": self.step, "seconds": self.seconds, "running": self.running, "log": self.log}
        temporary = self.out / (CHECKPOINT + ".tmp")
        save_file(tensors, temporary, metadata={"state": json.dumps(state)})
        temporary.replace(self.out / CHECKPOINT)
        _write_text(self.out / LOG, "".join(json.dumps(entry) + "\n" for entry in self.log))

    def restore(self) -> None:
        """Back to the last `save`. Raises UserError where the checkpoint is another model's."""
        tensors, state = read_checkpoint(self.out)
        load_weights(self.model, tensors, self.out)
        for i, weight in enumerate(self.model.parameters()):
            moments = {k.split(".")[2]: v for k, v in tensors.items() if k.startswith(f"optimiser.{i}.")}
            # laid out in memory as the weight is: the fused step pairs weights and moments by their place in memory
            self.optimiser.state[weight] = {k: v if not v.ndim else torch.empty_like(weight).copy_(v) for k, v in moments.items()}
        self.table.update(self.rows, tensors["table"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.running, self.log = state["running"], state["log"]


def autocast(training: Training):
    """The networks' arithmetic in bfloat16 where the run asks for it."""
    if training.precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(torch.device(training.device).type, dtype=torch.bfloat16)


def rate_factor(step: int, warmup: int, total: int) -> float:
    """Linear warm-up to 1, then a half cosine to 0 at `total`."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def load_run_config(run: Path) -> tuple[Config, Training]:
    """The config and training of a run directory. Raises UserError where there is none, or an unknown key."""
    try:
        saved = json.loads((run / CONFIG).read_text())
        return Config.from_dict(saved["config"]), from_dict(Training, saved["training"])
    except OSError:
        raise UserError(f"{run} holds no run: there is no {CONFIG} in it.") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{run / CONFIG} is damaged: it is not the JSON that a training writes.") from None


def read_checkpoint(run: Path) -> tuple[dict[str, Tensor], dict]:
    """Tensors and state of a run's checkpoint. Raises UserError where it is missing or damaged."""
    path = run / CHECKPOINT
    try:
        with safe_open(path, framework="pt") as file:
            return {k: file.get_tensor(k) for k in file.keys()}, json.loads(file.metadata()["state"])
    except (OSError, FileNotFoundError):
        raise UserError(f"{run} has no checkpoint yet: let the training run on, or start it again.") from None
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise UserError(f"{path} is damaged: it cannot be read as a checkpoint.") from None


def load_weights(model: LPVAE, tensors: dict[str, Tensor], run: Path) -> None:
    """Fill a model from a checkpoint's tensors. Raises UserError where they are another model's."""
    try:
        model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")})
    except RuntimeError:
        raise UserError(f"{run / CHECKPOINT} does not fit the config beside it: it is another model's.") from None


def load_run(run: Path) -> tuple[LPVAE, Training, dict]:
    """The model of a run as its last checkpoint left it, how it is trained, and the checkpoint's state."""
    config, training = load_run_config(run)
    tensors, state = read_checkpoint(run)
    model = build(config)
    load_weights(model, tensors, run)
    return model.eval(), training, state


def _write_json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_text(path, json.dumps(value, indent=1))


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    temporary.replace(path)
