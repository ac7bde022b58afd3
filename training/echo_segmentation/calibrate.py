"""Train the model that expects a Dice: how good the ventricle's contour on a frame is likely to be.

Usage: python -m training.echo_segmentation.calibrate HALF0.pt HALF1.pt DATA OUT.onnx

Two networks, each trained on one half of the training patients (train.py --half), label the stills of
the other half, as they are and spoilt (gain, shadow, haze, noise), so that there are bad contours to
learn from. The numbers of segmentation/confidence.py on those answers, against the true Dice, teach
a small network; patients held out from training are not used.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cardio_dagster.modalities.echo.segmentation import confidence, network, plausible
from cardio_dagster.modalities.echo.segmentation.plausible import VENTRICLE
from training.echo_segmentation.data import read_stills
from training.echo_segmentation.model import STRIDE, EchoNet
from training.echo_segmentation.tensors import relight, to_tensors
from training.echo_segmentation.train import SEED, SIZE

SPOILT = 3  # spoilt copies of each still
EPOCHS = 400

Run = Callable[[np.ndarray], np.ndarray]


def runner(weights: Path) -> Run:
    """Return a function from images (n, side, side) uint8 to probabilities, as segmentation/network.py has it."""
    trained = EchoNet()
    trained.load_state_dict(torch.load(weights, weights_only=True))
    trained.eval()

    @torch.no_grad()
    def run(images: np.ndarray) -> np.ndarray:
        batches = torch.from_numpy(images)[:, None].float().div(255).split(16)
        return torch.cat([trained(x).softmax(1) for x in batches]).numpy()

    return run


def examples(run: Run, images: np.ndarray, masks: np.ndarray, sectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return features (2n, k) and true Dice (2n,): from the mean of several looks, and from a single one."""
    features, truths = [], []
    for image, mask, sector in zip(images, masks, sectors, strict=True):
        looks = network.look_several_times(run, image[None])
        agreement = confidence.agreement_of(looks.argmax(2) == VENTRICLE, looks.mean(0).argmax(1) == VENTRICLE)
        for probabilities in (looks.mean(0), looks[0]):
            raw = probabilities.argmax(1).astype(np.uint8)
            labels = plausible.clean(raw)
            features.append(confidence.describe(probabilities, raw, labels, sector, agreement)[0])
            found, true = labels[0] == VENTRICLE, mask == VENTRICLE
            truths.append(2 * (found & true).sum() / max(found.sum() + true.sum(), 1))
    return np.array(features), np.array(truths, np.float32)


def gather(run: Run, data: Path, *, half: int | None, held_out: bool, spoilt: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the examples of one part of the patients, with `spoilt` spoilt copies of each still."""
    images, masks = to_tensors(read_stills(data, held_out=held_out, half=half), SIZE)
    answer = masks[:, 0, ::STRIDE, ::STRIDE].numpy()
    sectors = (nn.functional.max_pool2d(images.float(), 2 * STRIDE + 1, STRIDE, STRIDE)[:, 0] > 0).numpy()
    rng = torch.Generator().manual_seed(SEED)
    versions = [images[:, 0].numpy()]
    for _ in range(spoilt):
        spoiled = torch.cat([_spoil(part, rng) for part in images.split(16)])
        versions.append((spoiled[:, 0] * 255).to(torch.uint8).numpy())
    parts = [examples(run, version, answer, sectors) for version in versions]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _spoil(images: Tensor, rng: torch.Generator) -> Tensor:
    """Relight twice: worse than anything that the segmentation network saw in training."""
    return relight(relight(images.float() / 255, rng), rng)


def fit(features: np.ndarray, dice: np.ndarray) -> nn.Module:
    """Fit features (n, k) to Dice (n,) with a network of one hidden layer, standardised inside."""
    torch.manual_seed(SEED)
    x, y = torch.from_numpy(features), torch.from_numpy(dice)[:, None]
    head = nn.Sequential(nn.Linear(x.shape[1], 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
    mean, spread = x.mean(0), x.std(0) + 1e-6
    optimiser = torch.optim.AdamW(head.parameters(), lr=5e-3, weight_decay=1e-2)
    for _ in range(EPOCHS):
        loss = nn.functional.smooth_l1_loss(head((x - mean) / spread), y, beta=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():  # the standardisation becomes part of the first layer
        first = head[0]
        first.weight /= spread
        first.bias -= first.weight @ mean
    return head.eval()


def report(title: str, expected: np.ndarray, dice: np.ndarray) -> None:
    """Print how well the expectation sorts good contours from bad ones."""
    bad = dice < 0.85
    threshold = np.quantile(expected[~bad], 0.05)
    refused = (expected[bad] < threshold).mean() if bad.any() else float("nan")
    print(
        f"{title}: {len(dice)} contours, {bad.sum()} bad; correlation {np.corrcoef(expected, dice)[0, 1]:.2f}, "
        f"mean absolute error {np.abs(expected - dice).mean():.3f}; keeping 95 % of the good ones (above {threshold:.3f}) "
        f"refuses {refused:.0%} of the bad"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("halves", type=Path, nargs=2, help="weights trained on halves 0 and 1")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--check", type=Path, help="weights to try on the held-out patients")
    arguments = parser.parse_args()
    folds = [
        gather(runner(weights), arguments.data, half=1 - half, held_out=False, spoilt=SPOILT)
        for half, weights in enumerate(arguments.halves)
    ]
    for here, there in ((0, 1), (1, 0)):
        crossed = fit(*folds[there])
        report(f"half {here}, learnt on the other", predict(crossed, folds[here][0]), folds[here][1])
    model = fit(np.concatenate([f[0] for f in folds]), np.concatenate([f[1] for f in folds]))
    if arguments.check:
        features, dice = gather(runner(arguments.check), arguments.data, half=None, held_out=True, spoilt=0)
        report("held-out patients", predict(model, features[::2]), dice[::2])
    torch.onnx.export(
        model,
        (torch.zeros(1, len(confidence.FEATURES)),),
        str(arguments.out),
        input_names=["features"],
        output_names=["dice"],
        dynamic_axes={"features": {0: "n"}, "dice": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )


@torch.no_grad()
def predict(model: nn.Module, features: np.ndarray) -> np.ndarray:
    return model(torch.from_numpy(features)).numpy().ravel()


if __name__ == "__main__":
    main()
