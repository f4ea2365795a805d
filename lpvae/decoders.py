"""p(x|z): modules whose `forward(z (B, D))` returns a likelihood of the pixels."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lpvae.distributions import BernoulliLikelihood, BlockLikelihood, Conditionals
from lpvae.networks import CausalLayer, CodeToGrid, gate

SYMBOLS = 16  # the states of a 2×2 block of bits


class FactorisedDecoder(nn.Module):
    """Pixels independent given z: codes (B, D) → logits (B, S, S) by two steps of upsampling."""

    def __init__(self, side: int, code_dim: int, channels: int):
        super().__init__()
        self.side = side
        self.to_grid = CodeToGrid(code_dim, 2 * channels, (side + 1) // 2)
        self.upsample = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.smooth = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.logits = nn.Conv2d(channels // 2, 1, 3, padding=1)

    def forward(self, z: Tensor) -> BernoulliLikelihood:
        fine = F.gelu(self.upsample(self.to_grid(z)))
        return BernoulliLikelihood(self.logits(F.gelu(self.smooth(fine)))[:, 0, : self.side, : self.side])


class AutoregressiveDecoder(nn.Module):
    """Autoregressive over 2×2 blocks, with a code in every layer; `dilations` set how much of the image it sees."""

    def __init__(self, side: int, code_dim: int, channels: int, dilations: tuple[int, ...]):
        super().__init__()
        self.grid, self.channels = side // 2, channels
        self.embedding = nn.Embedding(SYMBOLS, channels)
        self.to_grid = CodeToGrid(code_dim, channels // 2, self.grid)
        self.contexts = nn.Conv2d(channels // 2, len(dilations) * 4 * channels, 1)  # of all layers, two for each
        self.layers = nn.ModuleList(CausalLayer(channels, d) for d in dilations)
        self.head = nn.Conv2d(channels, channels, 1)
        self.logits = nn.Conv2d(channels, SYMBOLS, 1)

    @staticmethod
    def rows_above(dilations: tuple[int, ...]) -> int:
        """How many rows of blocks above its own a block's distribution depends on, as far as there are any."""
        return 1 + sum(dilations)

    def forward(self, z: Tensor) -> BlockLikelihood:
        grid, count = self.to_grid(z), 2 * len(self.layers)
        # one convolution a context: a single wide one would copy each part out again, forwards and backwards
        parts = zip(self.contexts.weight.chunk(count), self.contexts.bias.chunk(count))
        contexts = [F.conv2d(grid, weight, bias) for weight, bias in parts]
        pairs = list(zip(contexts[::2], contexts[1::2]))
        return BlockLikelihood(self.grid, lambda symbols: self._parallel(symbols, pairs), lambda: self._stepwise(pairs))

    def _parallel(self, symbols: Tensor, contexts: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Symbols (B, G, G) → logits (B, 16, G, G), each from the symbols before it."""
        embedded = self.embedding(symbols).permute(0, 3, 1, 2)
        v = F.pad(embedded, (0, 0, 1, 0))[:, :, :-1]
        h = F.pad(embedded, (1, 0, 0, 0))[:, :, :, :-1]
        for layer, (v_context, h_context) in zip(self.layers, contexts):
            v, h = layer(v, h, v_context, h_context)
        return self._read_out(h)

    def _read_out(self, h: Tensor) -> Tensor:
        return self.logits(F.gelu(self.head(F.gelu(h))))

    def _stepwise(self, contexts: list[tuple[Tensor, Tensor]]) -> Conditionals:
        """The parallel pass position by position: each layer's states are computed once and kept."""
        return _Stepper(self, contexts).run()


class _Stepper:
    """The cached states of one decoding: vertical rows a row at a time, horizontal columns a position at a time."""

    def __init__(self, decoder: AutoregressiveDecoder, contexts: list[tuple[Tensor, Tensor]]):
        self.decoder, self.layers, self.contexts = decoder, decoder.layers, contexts
        self.grid, self.batch = decoder.grid, len(contexts[0][0])
        shape = (self.batch, decoder.channels, self.grid)
        new = contexts[0][0].new_zeros
        # the last `dilation` rows that entered each vertical layer
        self.rows = [new(*shape[:2], layer.dilation, self.grid) for layer in self.layers]
        self.embedded = new(*shape)  # the row being decoded
        self.weights = [_HorizontalWeights(layer) for layer in self.layers]
        self.head = [(m.weight[:, :, 0, 0].T.contiguous(), m.bias) for m in (decoder.head, decoder.logits)]

    @torch.inference_mode()  # as a decorator it covers each step, and nothing the caller does between two steps
    def run(self) -> Conditionals:
        above = torch.zeros_like(self.embedded)
        for r in range(self.grid):
            biases = self._vertical(above, r)
            past = [self.embedded.new_zeros(self.grid, self.batch, self.decoder.channels) for _ in self.layers]
            symbol_state = self.embedded.new_zeros(self.batch, self.decoder.channels)
            row = []
            for c in range(self.grid):
                symbols = yield self._position(symbol_state, biases, past, c)
                symbol_state = self.decoder.embedding(symbols[:, 0])
                row.append(symbol_state)
            above = torch.stack(row, dim=-1)

    def _vertical(self, above: Tensor, r: int) -> list[Tensor]:
        """One row (B, C, G) of symbols from above → what each layer's horizontal stack adds in this row, (G, B, 2C)."""
        v, biases = above[:, :, None], []
        for i, (layer, (v_context, h_context)) in enumerate(zip(self.layers, self.contexts)):
            rows = torch.cat([self.rows[i], v], dim=2)
            self.rows[i] = rows[:, :, 1:]
            v = layer.step_vertical(rows, v_context[:, :, r : r + 1])
            bias = layer.down(v) + h_context[:, :, r : r + 1] + layer.horizontal.bias[:, None, None]
            biases.append(bias[:, :, 0].permute(2, 0, 1).contiguous())
        return biases

    def _position(self, h: Tensor, biases: list[Tensor], past: list[Tensor], c: int) -> Tensor:
        """Horizontal states at column c, from those kept at c − dilation; → probabilities (B, 1, 16)."""
        for weights, bias, kept in zip(self.weights, biases, past):
            kept[c] = h
            left = c - weights.dilation
            pair = torch.cat([kept[left] if left >= 0 else torch.zeros_like(h), h], dim=1)
            h = torch.addmm(h + weights.out_bias, gate(torch.addmm(bias[c], pair, weights.taps)), weights.out)
        for i, (weight, bias) in enumerate(self.head):
            h = torch.addmm(bias, F.gelu(h), weight)
        return torch.softmax(h, dim=-1)[:, None]


class _HorizontalWeights:
    """A layer's horizontal kernels as matrices for one position at a time."""

    def __init__(self, layer: CausalLayer):
        taps = layer.horizontal.weight[:, :, 0]  # (2C, C, 2): the tap `dilation` to the left, then the position itself
        self.dilation = layer.dilation
        self.taps = taps.permute(2, 1, 0).reshape(-1, taps.shape[0]).contiguous()
        self.out = layer.horizontal_out.weight[:, :, 0, 0].T.contiguous()
        self.out_bias = layer.horizontal_out.bias
