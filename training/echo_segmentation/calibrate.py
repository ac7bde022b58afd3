"""Train the model that expects a Dice: how good the ventricle's contour on a frame is likely to be.

Usage: python -m training.echo_segmentation.calibrate HALF0.pt HALF1.pt DATA OUT.onnx

Two networks, each trained on one half of the training patients (train.py --half), label the stills of
the other half, as they are and spoilt (gain, shadow, haze, noise), so that there are bad contours to
learn from. The frames, those answers and the numbers of segmentation/confidence.py on them, against the true Dice, teach
a small network (expectation.py); patients held out from training are not used.
"""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cardio_dagster.modalities.echo.segmentation import confidence, network, plausible
from cardio_dagster.modalities.echo.segmentation.plausible import VENTRICLE
from training.echo_segmentation.data import read_stills
from training.echo_segmentation.expectation import BAD_DICE, Examples, fit, predict
from training.echo_segmentation.model import STRIDE, EchoNet
from training.echo_segmentation.tensors import relight, to_tensors
from training.echo_segmentation.train import SEED, SIZE

SPOILT = 3  # spoilt copies of each still

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


def examples(run: Run, images: np.ndarray, masks: np.ndarray, sectors: np.ndarray) -> Examples:
    """Return two contours a still: from the mean of several looks, and from a single one."""
    features, answers, truths = [], [], []
    for image, mask, sector in zip(images, masks, sectors, strict=True):
        looks = network.look_several_times(run, image[None])
        agreement = confidence.agreement_of(looks.argmax(2) == VENTRICLE, looks.mean(0).argmax(1) == VENTRICLE)
        for probabilities in (looks.mean(0), looks[0]):
            raw = probabilities.argmax(1).astype(np.uint8)
            labels = plausible.clean(raw)
            features.append(confidence.describe(probabilities, raw, labels, sector, agreement)[0])
            answers.append((probabilities[0] * 255).astype(np.uint8))
            found, true = labels[0] == VENTRICLE, mask == VENTRICLE
            truths.append(2 * (found & true).sum() / max(found.sum() + true.sum(), 1))
    return Examples(np.array(features), images.repeat(2, axis=0), np.array(answers), np.array(truths, np.float32))


def gather(run: Run, data: Path, *, half: int | None, held_out: bool, spoilt: int) -> list[Examples]:
    """Return the examples of one part of the patients as they are, then of `spoilt` spoilt copies of each still."""
    images, masks = to_tensors(read_stills(data, held_out=held_out, half=half), SIZE)
    answer = masks[:, 0, ::STRIDE, ::STRIDE].numpy()
    sectors = (nn.functional.max_pool2d(images.float(), 2 * STRIDE + 1, STRIDE, STRIDE)[:, 0] > 0).numpy()
    rng = torch.Generator().manual_seed(SEED)
    versions = [images[:, 0].numpy()]
    for _ in range(spoilt):
        spoiled = torch.cat([_spoil(part, rng) for part in images.split(16)])
        versions.append((spoiled[:, 0] * 255).to(torch.uint8).numpy())
    return [examples(run, version, answer, sectors) for version in versions]


def join(parts: list[Examples]) -> Examples:
    """Return all the parts as one."""
    return Examples(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Examples)))


def _spoil(images: Tensor, rng: torch.Generator) -> Tensor:
    """Relight twice: worse than anything that the segmentation network saw in training."""
    return relight(relight(images.float() / 255, rng), rng)


def report(title: str, expected: np.ndarray, dice: np.ndarray) -> None:
    """Print how well the expectation sorts good contours from bad ones."""
    bad = dice < BAD_DICE
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
        crossed = fit(join(folds[there]))
        report(f"half {here}, learnt on the other, as they are", predict(crossed, folds[here][0]), folds[here][0].dice)
        spoilt = join(folds[here][1:])
        report(f"half {here}, learnt on the other, spoilt", predict(crossed, spoilt), spoilt.dice)
    model = fit(join([*folds[0], *folds[1]]))
    if arguments.check:
        held = gather(runner(arguments.check), arguments.data, half=None, held_out=True, spoilt=SPOILT)
        for title, part in (("as they are", held[0]), ("spoilt", join(held[1:]))):
            report(f"held-out patients, {title}", predict(model, part), part.dice)
    export(model, arguments.out)


def export(model: nn.Module, path: Path) -> None:
    """Write the network as ONNX, with its three inputs."""
    names = ["features", "image", "class_probability"]
    torch.onnx.export(
        model,
        (
            torch.zeros(1, len(confidence.FEATURES)),
            torch.zeros(1, 1, SIZE, SIZE, dtype=torch.uint8),
            torch.full((1, 4, SIZE // STRIDE, SIZE // STRIDE), 0.25),
        ),
        str(path),
        input_names=names,
        output_names=["dice"],
        dynamic_axes={name: {0: "n"} for name in (*names, "dice")},
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    main()
