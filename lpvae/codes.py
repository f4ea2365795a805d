"""`CodeTable`: the codes of N images and their exact nearest neighbours by row id. The only importer of faiss."""

import faiss
import numpy as np
import torch
from torch import Tensor

from lpvae.errors import UserError

EXACT = 1_000_000  # codes up to which every search looks at all of them
FEW = 8  # fewer queries than these are left to faiss
CHUNK, BLOCK, SPARE = 128, 64, 2  # queries at once; codes a block; candidates beyond the k
CELLS, PROBED = 1024, 96  # beyond: the codes lie in cells, and a search looks into so many of the nearest cells


class CodeTable:
    """Codes (N, D) of the images whose immutable row ids are `ids` (N,), sorted.

    Choosing among the K nearest belongs to the caller. Everything goes by id, never by position in the table. Tables of
    more than EXACT codes are searched approximately (`search` says which); `python -m lpvae bench --codes N` measures it.
    """

    def __init__(self, ids, codes):
        self.ids = np.asarray(ids, dtype=np.int64)
        self._codes = np.array(_array(codes), dtype=np.float32, order="C")
        self.codes = self._codes.view()  # to read: a code is changed by `update`, which keeps what a search relies on
        self.codes.flags.writeable = False
        if len(self.ids) != len(self.codes):
            raise ValueError(f"a table of {len(self.codes)} codes needs as many ids, not {len(self.ids)}")
        if np.any(np.diff(self.ids) <= 0):
            raise ValueError("the ids of a code table must be sorted and distinct")
        self._squares = np.square(self.codes).sum(1)
        self._cells: faiss.IndexIVFFlat | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def nearest(self, codes, k: int, exclude=None) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest table codes to each of `codes` (B, D): ids (B, k), Euclidean distances (B, k), nearest first.

        exclude (B,): an id left out of each row's answer (the image itself); ids outside the table are harmless.
        Raises UserError where the table is too small for k.
        """
        spare = 0 if exclude is None else 1
        if not 1 <= k <= len(self) - spare:
            raise UserError(f"{k} neighbours were asked of a table of {len(self)} codes: ask for 1 to {len(self) - spare}.")
        queries = np.ascontiguousarray(_array(codes), dtype=np.float32)
        squared, positions = self._search(queries, k + spare)
        ids = self.ids[positions]
        if exclude is not None:
            # drop the excluded id where it is among the k + 1, else the farthest
            own = ids == np.asarray(exclude, dtype=np.int64)[:, None]
            own[~own.any(1), -1] = True
            ids, squared = ids[~own].reshape(-1, k), squared[~own].reshape(-1, k)
        return ids, np.sqrt(np.maximum(squared, 0.0))

    def __getitem__(self, ids) -> Tensor:
        """Codes of the given ids, (..., D) as a tensor copy. Raises KeyError for an id that the table does not hold."""
        return torch.from_numpy(self.codes[self._positions(ids)])

    def update(self, ids, codes) -> None:
        """Replace the codes of the given ids (B,) by `codes` (B, D)."""
        positions = self._positions(ids)
        self._codes[positions] = _array(codes)
        self._squares[positions] = np.square(self.codes[positions]).sum(1)
        if self._cells is not None:
            self._stale += len(positions)
            if self._stale > len(self) / 2:
                self._cells = None  # the cells no longer fit where the codes have gone: the next search draws new ones
            else:
                # faiss moves a vector from its old cell to its new one
                self._cells.update_vectors(positions, self.codes[positions])

    @property
    def search(self) -> str:
        """How `nearest` looks for neighbours, in words."""
        if len(self) <= EXACT:
            return "exact"
        return f"approximate: {PROBED} of {CELLS} cells"

    def _search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Squared distances and positions of the k nearest, (B, k) each."""
        if len(self) <= EXACT:
            if len(queries) < FEW or len(self) < BLOCK * (k + SPARE):
                return faiss.knn(queries, self.codes, k)
            return self._search_blocks(queries, k)
        if self._cells is None:
            self._cells = self._drawn_cells()
        squared, positions = self._cells.search(queries, k)
        if (positions < 0).any():  # the cells looked into held too few
            few = np.flatnonzero((positions < 0).any(1))
            squared[few], positions[few] = faiss.knn(queries[few], self.codes, k)
        return squared, positions

    @torch.no_grad()
    def _search_blocks(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The same, some four times as fast as faiss: the k nearest lie in the k blocks of codes whose nearest are nearest.

        One matrix product gives the distances, which rounding may blur: so SPARE more than k are found, and measured anew.
        """
        codes, squares = torch.from_numpy(self._codes), torch.from_numpy(self._squares)
        blocks, wanted = len(self) // BLOCK, k + SPARE
        tail, within = torch.arange(blocks * BLOCK, len(self)), torch.arange(BLOCK)
        # one room for all chunks, and their answers in another: many large and small pieces in turn would scatter the heap
        room = torch.empty(min(CHUNK, len(queries)), len(self))
        squared, positions = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
        with torch.autocast("cpu", enabled=False):
            for start in range(0, len(queries), CHUNK):
                asked = torch.tensor(queries[start : start + CHUNK])
                # the squared distances, but for each query's own square
                distances = torch.addmm(squares, asked, codes.t(), alpha=-2, out=room[: len(asked)])
                least = distances[:, : blocks * BLOCK].view(len(asked), blocks, BLOCK).amin(2)
                chosen = least.topk(wanted, largest=False)[1]
                candidates = torch.cat([(chosen[..., None] * BLOCK + within).flatten(1), tail.expand(len(asked), -1)], 1)
                near = candidates.gather(1, distances.gather(1, candidates).topk(wanted, largest=False)[1])
                exact, order = (codes[near] - asked[:, None]).square().sum(-1).sort(stable=True)
                squared[start : start + CHUNK], positions[start : start + CHUNK] = exact[:, :k], near.gather(1, order)[:, :k]
        return squared, positions

    def _drawn_cells(self) -> faiss.IndexIVFFlat:
        cells = faiss.IndexIVFFlat(faiss.IndexFlatL2(self.codes.shape[1]), self.codes.shape[1], CELLS)
        cells.nprobe = PROBED
        cells.cp.seed, cells.cp.max_points_per_centroid = 0, 64
        cells.train(self.codes)
        cells.set_direct_map_type(faiss.DirectMap.Array)
        cells.add(self.codes)
        self._stale = 0
        return cells

    def _positions(self, ids) -> np.ndarray:
        ids = np.asarray(ids, dtype=np.int64)
        positions = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        if not np.array_equal(self.ids[positions], ids):
            raise KeyError("an id that is not in the code table")
        return positions


def _array(codes: Tensor | np.ndarray) -> np.ndarray:
    return codes.detach().cpu().numpy() if isinstance(codes, Tensor) else np.asarray(codes)
