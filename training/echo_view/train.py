"""Train the view network on the CPU and export it to ONNX.

Usage: python -m training.echo_view.train DATA OUT.onnx --simulated CACHE.npz [CACHE.npz ...] [--steps 1100]

The caches come from data.py. Belongs here: the loop and the export. Its figures come from evaluate.py.
"""

import argparse
import copy
import hashlib
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from training.ecg_shared.export import export
from training.echo_view.data import camus, load
from training.echo_view.model import SIDE, ViewNet
from training.echo_view.spoiled import spoil
from training.echo_view.tensors import Pool, batch, pool

SEED = 20262
BATCH = 64
PEAK_RATE, WEIGHT_DECAY, SMOOTHING = 4e-3, 2e-2, 0.02
AVERAGING = 0.99  # of the weights, from step to step


def train(pictures: Pool, out: Path, *, steps: int, seed: int = SEED) -> ViewNet:
    """Fit a ViewNet with AdamW on a one-cycle rate; return the running average of its weights."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    network = ViewNet().to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps, pct_start=0.15)
    started, total = time.monotonic(), 0.0
    for step in range(1, steps + 1):
        x, y = batch(pictures, BATCH, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(x.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits.float(), y, label_smoothing=SMOOTHING)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        _follow(average, network)
        total += loss.item()
        if step % 50 == 0:
            print(f"step {step}/{steps} loss {total / 50:.4f} {time.monotonic() - started:.0f} s", flush=True)
            total = 0.0
            if step >= steps // 2:
                torch.save(average.state_dict(), out.with_suffix(".pt"))
    return average


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module) -> None:
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - AVERAGING)
        else:
            mean.copy_(value)


class WithProbabilities(nn.Module):
    """The network as it ships: probabilities instead of logits."""

    def __init__(self, network: ViewNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x).softmax(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with patientNNNN_{ED,ES}.npz")
    parser.add_argument("out", type=Path)
    parser.add_argument("--simulated", type=Path, nargs="+", required=True, help="caches of data.py")
    parser.add_argument("--steps", type=int, default=1100)
    parser.add_argument("--spoiled-every", type=int, default=2, help="every which still gives negatives")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    real, masks = camus(arguments.data, held_out=False)
    pictures = pool(
        real,
        load(arguments.simulated),
        spoil(real.images[:: arguments.spoiled_every], masks[:: arguments.spoiled_every], seed=SEED),
    )
    print(f"{len(real.images)} real stills, {len(pictures.images)} pictures in all")
    network = WithProbabilities(train(pictures, arguments.out, steps=arguments.steps)).eval()
    takes, gives = {"image": {0: "n"}}, {"probability": {0: "n"}}
    export(network, torch.zeros(1, 1, SIDE, SIDE), arguments.out, takes=takes, gives=gives)
    print("sha256", hashlib.sha256(arguments.out.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
