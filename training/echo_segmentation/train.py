"""Train the echo segmentation network on the CPU.

Usage: python -m training.echo_segmentation.train DATA OUT.pt --epochs 140 [--everyone] [--simulated 600]
       python -m training.echo_segmentation.train DATA OUT.pt --epochs 24 --refine WEIGHTS.pt

The second run goes on from the first one's weights with milder augmentation, full-size images and a smaller rate.

Belongs here: the loop. Not here: export to ONNX and to eight bits (export.py).
"""

import argparse
import copy
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from training.echo_segmentation.data import read_stills, simulated_stills
from training.echo_segmentation.model import EchoNet
from training.echo_segmentation.tensors import augment, to_tensors

SEED = 20260
SIZE, COARSE_SIZE, COARSE_SHARE = 192, 128, 0.63  # the first epochs see small images, at half the time
BATCH, SIMULATED_A_BATCH = 12, 2
PEAK_RATE, REFINING_RATE, WEIGHT_DECAY = 2e-3, 6e-4, 2e-2
REFINING_STRENGTH = 0.35  # of the augmentation
AVERAGING = 0.998  # of the weights, from step to step; less in the beginning, when they still run away

Stills = tuple[Tensor, Tensor]


def loss_of(logits: Tensor, masks: Tensor) -> Tensor:
    """Return cross-entropy plus one minus the soft Dice of the structures, each image by itself."""
    probabilities = logits.softmax(1)[:, 1:]
    targets = nn.functional.one_hot(masks, 4).permute(0, 3, 1, 2)[:, 1:].float()
    overlap = (probabilities * targets).sum((2, 3))
    total = (probabilities + targets).sum((2, 3))
    dice = (2 * overlap + 1) / (total + 1)
    return nn.functional.cross_entropy(logits, masks) + 1 - dice.mean()


def train(
    real: Stills, simulated: Stills, *, epochs: int, validation: Stills | None, start: EchoNet | None = None
) -> EchoNet:
    """Fit an EchoNet with AdamW on a one-cycle rate; return the running average of its weights.

    With `start` it goes on from there: mild augmentation, full-size images, a smaller rate.
    Forward passes in bfloat16, which processors with AMX do several times faster.
    """
    torch.manual_seed(SEED)
    rng = torch.Generator().manual_seed(SEED)
    rate, strength, coarse = (PEAK_RATE, 1.0, COARSE_SHARE) if start is None else (REFINING_RATE, REFINING_STRENGTH, 0)
    network = (start or EchoNet()).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    n_real = BATCH - SIMULATED_A_BATCH
    steps = len(real[0]) // n_real
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=0.15)
    for epoch in range(epochs):
        network.train()
        size = COARSE_SIZE if epoch < coarse * epochs else SIZE
        started, total = time.monotonic(), 0.0
        order = torch.randperm(len(real[0]), generator=rng)[: steps * n_real].view(steps, n_real)
        for step, chosen in enumerate(order):
            extra = torch.randint(len(simulated[0]), (SIMULATED_A_BATCH,), generator=rng)
            batch = (torch.cat([a[chosen], b[extra]]) for a, b in zip(real, simulated, strict=True))
            x, y = augment(*batch, size, rng, strength)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(x.contiguous(memory_format=torch.channels_last))
            logits = nn.functional.interpolate(logits.float(), size=(size, size), mode="bilinear")
            loss = loss_of(logits, y)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            done = epoch * steps + step
            _follow(average, network, min(AVERAGING, (1 + done) / (10 + done)))
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs} loss {total / steps:.4f} {time.monotonic() - started:.0f} s", flush=True)
        if validation is not None and (epoch % 10 == 9 or epoch == epochs - 1):
            print("  Dice LV, myocardium, atrium:", [round(d, 4) for d in dice(average, *validation, size)], flush=True)
    return average


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, share: float) -> None:
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - share)
        else:
            mean.copy_(value)


@torch.no_grad()
def dice(network: nn.Module, images: Tensor, masks: Tensor, size: int = SIZE) -> list[float]:
    """Return the mean Dice of the three structures at the resolution of the stored stills, seen at `size`."""
    network.eval()
    side = images.shape[-1]
    scores: list[list[Tensor]] = [[], [], []]
    for x, y in zip(images.split(16), masks.split(16), strict=True):
        small = nn.functional.interpolate(x.float() / 255, size=(size, size), mode="bilinear", antialias=True)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(small)
        found = nn.functional.interpolate(logits.float(), size=(side, side), mode="bilinear").argmax(1, keepdim=True)
        for label in (1, 2, 3):
            a, b = found == label, y == label
            scores[label - 1].append(2 * (a & b).sum((1, 2, 3)) / (a.sum((1, 2, 3)) + b.sum((1, 2, 3))).clamp(min=1))
    return [torch.cat(s).mean().item() for s in scores]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with patientNNNN_{ED,ES}.npz")
    parser.add_argument("out", type=Path, help="where the weights go")
    parser.add_argument("--epochs", type=int, default=140)
    parser.add_argument("--refine", type=Path, help="weights to go on from")
    parser.add_argument("--everyone", action="store_true", help="train on the held-out fifth as well")
    parser.add_argument("--simulated", type=int, default=600, help="how many simulated stills to mix in")
    parser.add_argument("--half", type=int, choices=(0, 1), help="train on one half of the training patients only")
    arguments = parser.parse_args()
    held_out = read_stills(arguments.data, held_out=True)
    stills = read_stills(arguments.data, held_out=False, half=arguments.half)
    if arguments.everyone:
        stills += held_out
    print(f"{len(stills)} stills to train on, {0 if arguments.everyone else len(held_out)} held out")
    simulated = to_tensors(simulated_stills(arguments.simulated))
    validation = None if arguments.everyone else to_tensors(held_out)
    start = None
    if arguments.refine:
        start = EchoNet()
        start.load_state_dict(torch.load(arguments.refine, weights_only=True))
    network = train(to_tensors(stills), simulated, epochs=arguments.epochs, validation=validation, start=start)
    torch.save(network.state_dict(), arguments.out)


if __name__ == "__main__":
    main()
