"""Train the wave network on LUDB on the CPU and export it to ONNX.

Usage: python -m training.ecg_waves.train LUDB OUT.onnx [--fold 0..4] [--threads 1]

With --fold, the records of that fold are left out, for `evaluate`; without, all records are used, as for the shipped model.
"""

import argparse
import copy
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cardio_dagster.modalities.ecg.waves.input import at_network_rate
from training.ecg_shared.export import export
from training.ecg_waves.augment import Sample, variant
from training.ecg_waves.data import Record, folds, read_records
from training.ecg_waves.loss import wave_loss
from training.ecg_waves.model import N_OUT, WaveNet

SEED = 20261
_BATCH = 8
_AVERAGING = 0.99  # per step: the last 100 steps or so
_LEADS = (12, 12, 12, 6, 4, 3, 2, 1, 1)  # leads of a sample, drawn per batch


@dataclass(frozen=True)
class Stage:
    """One pass of the recipe; `distance_weight` is that of the edges' distance in ms, `erase` takes P waves out of some samples."""

    epochs: int
    peak_rate: float
    distance_weight: float
    erase: bool


STAGES = (
    Stage(epochs=36, peak_rate=4e-3, distance_weight=0.05, erase=False),
    Stage(epochs=9, peak_rate=1.5e-3, distance_weight=0.1, erase=True),
)


def train(records: list[Record], stages: tuple[Stage, ...] = STAGES) -> WaveNet:
    """Return a WaveNet fitted in stages."""
    torch.manual_seed(SEED)
    network = WaveNet()
    for stage in stages:
        network = fit(network, records, stage)
    return network


def fit(network: WaveNet, records: list[Record], stage: Stage) -> WaveNet:
    """Fit with AdamW, one-cycle learning rate, bfloat16 convolutions; return the running average of the weights."""
    rng = np.random.default_rng(SEED)
    at_250 = [at_network_rate(r.signal_mv, sampling_rate_hz=r.rate_hz) for r in records]
    network = network.train().to(memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=stage.peak_rate, weight_decay=0.02)
    steps = len(records) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, stage.peak_rate, total_steps=stage.epochs * steps, pct_start=0.2
    )
    for epoch in range(stage.epochs):
        started, total = time.monotonic(), 0.0
        for step, chosen in enumerate(rng.permutation(len(records))[: steps * _BATCH].reshape(steps, _BATCH)):
            batch = _grouped([variant(records[i], at_250[i], rng, erase=stage.erase) for i in chosen], rng)
            total += _step(network, optimiser, batch, stage.distance_weight)
            schedule.step()
            done = epoch * steps + step
            _follow(average, network, min(_AVERAGING, (done + 1) / (done + 10)))
        print(
            f"epoch {epoch + 1}/{stage.epochs} loss {total / steps:.4f} {time.monotonic() - started:.0f} s", flush=True
        )
    return average.eval()


def _step(
    network: WaveNet, optimiser: torch.optim.Optimizer, batch: tuple[Tensor, ...], distance_weight: float
) -> float:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = network(batch[0])
    loss = wave_loss(output.float(), *batch[1:], distance_weight=distance_weight)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    optimiser.step()
    return loss.item()


def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for mine, theirs in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - decay)


def _grouped(samples: list[Sample], rng: np.random.Generator) -> tuple[Tensor, ...]:
    """Return a batch whose samples hold only some of a record's leads: 12, or groups down to single leads."""
    n = int(rng.choice(_LEADS))
    parts = [order for _ in samples for order in rng.permutation(12).reshape(-1, n)]
    owner = [sample for sample in samples for _ in range(12 // n)]
    pairs = list(zip(owner, parts, strict=True))
    return (
        torch.from_numpy(np.stack([s.leads[p] for s, p in pairs])),
        torch.from_numpy(np.stack([s.beat_s for s, _ in pairs])),
        torch.from_numpy(np.stack([s.edges_s[:, p] for s, p in pairs])),
        torch.from_numpy(np.stack([s.presence[:, p] for s, p in pairs])),
        torch.from_numpy(np.stack([s.classes[p] for s, p in pairs])),
    )


class _Export(nn.Module):
    """Give out what decoding reads: the logits of edges and presence."""

    def __init__(self, network: WaveNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, leads: Tensor) -> Tensor:
        return self.network(leads)[:, :, :N_OUT]


def export_waves(network: WaveNet, path: Path) -> None:
    """Write the network to ONNX: leads (n, leads, samples) to logits (n, leads, 8, samples / 2)."""
    export(
        _Export(network.to(memory_format=torch.contiguous_format)).eval(),
        torch.zeros(1, 12, 2560),
        path,
        takes={"leads": {0: "n", 1: "lead", 2: "sample"}},
        gives={"logits": {0: "n", 1: "lead", 3: "bin"}},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ludb", type=Path, help="folder with ludb.csv and data/")
    parser.add_argument("out", type=Path)
    parser.add_argument("--fold", type=int, help="leave this fold out")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    records = read_records(arguments.ludb)
    kept = [r for r, fold in zip(records, folds(records), strict=True) if fold != arguments.fold]
    print(f"{len(kept)} of {len(records)} records to train on", flush=True)
    export_waves(train(kept), arguments.out)


if __name__ == "__main__":
    main()
