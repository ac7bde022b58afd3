"""Train the echo segmentation network on the CPU and export it to ONNX.

Usage: python -m training.echo_segmentation.train DATA OUT.onnx [--epochs 36] [--size 128]
"""

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from training.echo_segmentation.data import read_stills
from training.echo_segmentation.model import UNet
from training.echo_segmentation.tensors import augment, to_tensors

SEED = 20260


def soft_dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Return one minus the mean soft Dice of the three structures."""
    probabilities = logits.softmax(1)[:, 1:]
    targets = nn.functional.one_hot(masks, 4).permute(0, 3, 1, 2)[:, 1:].float()
    overlap = (probabilities * targets).sum((0, 2, 3))
    total = (probabilities + targets).sum((0, 2, 3))
    return 1 - (2 * overlap / total.clamp(min=1)).mean()


def train(
    images: Tensor,
    masks: Tensor,
    *,
    epochs: int,
    batch: int,
    peak_rate: float,
    validation: tuple[Tensor, Tensor] | None = None,
) -> UNet:
    """Fit a UNet with AdamW, one-cycle learning rate, cross-entropy plus soft Dice."""
    rng = torch.Generator().manual_seed(SEED)
    torch.manual_seed(SEED)
    network = UNet()
    optimiser = torch.optim.AdamW(network.parameters(), lr=peak_rate, weight_decay=1e-4)
    steps = len(images) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak_rate, total_steps=epochs * steps)
    for epoch in range(epochs):
        network.train()
        started, total = time.monotonic(), 0.0
        for chosen in torch.randperm(len(images), generator=rng)[: steps * batch].view(steps, batch):
            x, y = augment(images[chosen], masks[chosen], rng)
            logits = network(x)
            loss = nn.functional.cross_entropy(logits, y) + soft_dice_loss(logits, y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs} loss {total / steps:.4f} {time.monotonic() - started:.0f} s", flush=True)
        if validation is not None and (epoch % 6 == 5 or epoch == epochs - 1):
            print(
                "  held-out Dice LV, myocardium, atrium:", [round(d, 4) for d in dice(network, *validation)], flush=True
            )
    return network.eval()


@torch.no_grad()
def dice(network: UNet, images: Tensor, masks: Tensor) -> list[float]:
    """Return the mean Dice of the three structures at network resolution."""
    network.eval()
    predicted = torch.cat([network(x).argmax(1) for x in images.split(16)])
    scores = []
    for label in (1, 2, 3):
        a, b = predicted == label, masks == label
        scores.append((2 * (a & b).sum((1, 2)) / (a.sum((1, 2)) + b.sum((1, 2))).clamp(min=1)).mean().item())
    return scores


def export(network: UNet, path: Path, size: int) -> None:
    """Write the network with a softmax head to ONNX: image (n, 1, h, w) to probabilities (n, 4, h, w)."""
    with_softmax = nn.Sequential(network, nn.Softmax(dim=1)).eval()
    torch.onnx.export(
        with_softmax,
        (torch.zeros(1, 1, size, size),),
        str(path),
        input_names=["image"],
        output_names=["probability"],
        dynamic_axes={"image": {0: "n"}, "probability": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with patientNNNN_{ED,ES}.npz")
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=36)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--peak-rate", type=float, default=2e-3)
    arguments = parser.parse_args()
    images, masks = to_tensors(read_stills(arguments.data, held_out=False), arguments.size)
    validation = to_tensors(read_stills(arguments.data, held_out=True), arguments.size)
    print(f"{len(images)} stills to train on, {len(validation[0])} held out")
    network = train(
        images,
        masks,
        epochs=arguments.epochs,
        batch=arguments.batch,
        peak_rate=arguments.peak_rate,
        validation=validation,
    )
    torch.save(network.state_dict(), arguments.out.with_suffix(".pt"))
    export(network, arguments.out, arguments.size)


if __name__ == "__main__":
    main()
