"""Tensor → tensor blocks: no distributions, no costs, no state but weights."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Encoder(nn.Module):
    """Images (B, 1, S, S) of bits → codes (B, D): convolutions down to a quarter of the side, then two linear layers."""

    def __init__(self, side: int, code_dim: int, channels: int = 64, hidden: int = 256):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, channels // 2, 3, padding=1), nn.GELU(),
            nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1), nn.GELU(),
            nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1), nn.GELU(),
            nn.Conv2d(2 * channels, 2 * channels, 3, padding=1), nn.GELU(),
            nn.Conv2d(2 * channels, channels // 2, 1), nn.GELU(),
        )
        cells = ((side + 3) // 4) ** 2
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(channels // 2 * cells, hidden), nn.GELU(), nn.Linear(hidden, code_dim))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.trunk(images - 0.5))


class SkipMLP(nn.Module):
    """(B, I) → (B, O): hidden GELU layers, each also fed by the input; the output layer is fed by every hidden layer.

    The shape of the prior network in arXiv 1804.02476 (as summaries of it report). The output starts at zero.
    """

    def __init__(self, inputs: int, hidden: tuple[int, ...], outputs: int):
        super().__init__()
        widths = [0, *hidden[:-1]]
        self.hidden = nn.ModuleList(nn.Linear(inputs + below, width) for below, width in zip(widths, hidden))
        self.output = nn.Linear(sum(hidden), outputs)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        states = []
        for layer in self.hidden:
            states.append(F.gelu(layer(torch.cat([inputs, *states[-1:]], dim=-1))))
        return self.output(torch.cat(states, dim=-1))


class CodeToGrid(nn.Module):
    """Codes (B, D) → features (B, C, G, G): a linear map to a grid of half the side, then one step of upsampling."""

    def __init__(self, code_dim: int, channels: int, grid: int):
        super().__init__()
        self.grid, self.half, self.channels = grid, (grid + 1) // 2, channels
        self.spread = nn.Linear(code_dim, channels * self.half**2)
        self.upsample = nn.ConvTranspose2d(channels, channels, 2, stride=2)

    def forward(self, codes: Tensor) -> Tensor:
        coarse = F.gelu(self.spread(codes)).view(-1, self.channels, self.half, self.half)
        fine = self.upsample(coarse.contiguous(memory_format=torch.channels_last))
        return F.gelu(fine)[:, :, : self.grid, : self.grid]


def gate(activations: Tensor) -> Tensor:
    """(B, 2C, …) → (B, C, …): tanh of one half times sigmoid of the other."""
    signal, valve = activations.chunk(2, dim=1)
    return torch.tanh(signal) * torch.sigmoid(valve)


class CausalLayer(nn.Module):
    """One layer of the two causal stacks over a grid (gated PixelCNN's remedy for the blind spot).

    The vertical state at row r has seen the symbols of the rows above r; the horizontal state at (r, c) has seen those
    and the symbols to the left of c. Padding and cropping keep it causal: no kernel is masked.
    """

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.dilation = dilation
        self.vertical = nn.Conv2d(channels, 2 * channels, (2, 3), dilation=dilation)
        self.vertical_out = nn.Conv2d(channels, channels, 1)
        self.horizontal = nn.Conv2d(channels, 2 * channels, (1, 2), dilation=(1, dilation))
        self.down = nn.Conv2d(channels, 2 * channels, 1)
        self.horizontal_out = nn.Conv2d(channels, channels, 1)

    def forward(self, v: Tensor, h: Tensor, v_context: Tensor, h_context: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, C, G, G) and contexts (B, 2C, G, G) → the next states."""
        pad = self.dilation
        v = self.step_vertical(F.pad(v, (0, 0, pad, 0)), v_context)
        h = h + self.horizontal_out(gate(self.horizontal(F.pad(h, (pad, 0, 0, 0))) + self.down(v) + h_context))
        return v, h

    def step_vertical(self, rows: Tensor, context: Tensor) -> Tensor:
        """Rows (B, C, R + dilation, G), of which the first `dilation` are past → the next state of the last R rows."""
        pad = self.dilation
        return rows[:, :, pad:] + self.vertical_out(gate(self.vertical(F.pad(rows, (pad, pad, 0, 0))) + context))
