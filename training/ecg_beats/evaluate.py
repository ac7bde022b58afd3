"""Print the nested leave-one-record-out figures of the beats on MIT-BIH, and the limits to ship.

Usage: python -m training.ecg_beats.evaluate DATA [--processes N]

Each half hour is judged by a network that never saw it, with a temperature and limits that never saw it either: these are
chosen on the other records, each judged by a network without it and without the outer one. LUDB and CinC 2017 are judged by
the eight outer networks, an eighth left out of each. Everything runs through the package's own code.
"""

import argparse
from collections import Counter
from functools import partial
from itertools import combinations
from multiprocessing import Pool
from pathlib import Path

import torch

from cardio_dagster.modalities.ecg.beats.find import Decided, decide, is_ventricular, typed
from training.ecg_beats.model import BeatNetwork, Tempered, fit, probabilities
from training.ecg_beats.recording import NORMAL, NOT_VENTRICULAR, Examples, Recording
from training.ecg_beats.scoring import LIMITS, TEMPERATURES, Counts, count, count_v, error, line, nll
from training.ecg_beats.train import SEED, all_examples, read_all, without

N_OUTER = 8  # the annotated records of MIT-BIH come first
SURES = (0.2, 0.3, 0.4, 0.5)
Nets = dict[tuple[int, ...], BeatNetwork]
_KNOWN: list[tuple[list[Recording], Examples]] = []  # of each process


def left_out(places: tuple[int, ...], n: int) -> list[int]:
    """Return the recordings of some folds: a record of MIT-BIH and an eighth of the rest each."""
    return [place for place in range(n) if place % N_OUTER in places]


def network_without(places: tuple[int, ...]) -> BeatNetwork:
    recordings, examples = _KNOWN[-1]
    return fit(without(examples, left_out(places, len(recordings))), seed=SEED)


def decided(recording: Recording, network: BeatNetwork, temperature: float, sure: float) -> Decided:
    judge = partial(probabilities, Tempered(network, temperature))
    return decide(recording.signal_mv, sampling_rate_hz=recording.sampling_rate_hz, judge=judge, sure=sure)


def chosen(nets: Nets, outer: int | None) -> tuple[float, float, float]:
    """Return temperature, limit of a beat and limit of a ventricular one from all annotated records but `outer`."""
    recordings, examples = _KNOWN[-1]
    inner = {j: nets[tuple(sorted({j} if outer is None else {outer, j}))] for j in range(N_OUTER) if j != outer}
    temperature = min(TEMPERATURES, key=partial(_unlikely, inner, examples))
    found = {sure: {j: decided(recordings[j], net, temperature, sure) for j, net in inner.items()} for sure in SURES}
    sure = min(SURES, key=lambda s: sum(_beat_errors(recordings[j], d) for j, d in found[s].items()))
    sizes = [len(recordings[j].beat_s) for j in inner]
    limit = min(LIMITS, key=lambda v: error([_v(recordings[j], d, v) for j, d in found[sure].items()], sizes))
    return temperature, sure, limit


def _unlikely(inner: dict[int, BeatNetwork], examples: Examples, temperature: float) -> float:
    total = 0.0
    for j, network in inner.items():
        own = (examples.recording == j) & (examples.kind == 0)
        total += nll(probabilities(network, examples.features[own]), examples.label[own], temperature)
    return total


def _beat_errors(recording: Recording, found: Decided) -> int:
    n = count(recording.beat_s, found.at / found.working.rate_hz)
    return n.misses + n.false


def _v(recording: Recording, found: Decided, limit: float) -> Counts:
    return count_v(recording, (found.at / found.working.rate_hz)[is_ventricular(found, limit=limit)])


def judge_fold(nets: Nets, outer: int) -> tuple[str, Counts, Counts, Counter[str]]:
    """Return the line of one record, its counts, and what was found in the fold's other recordings."""
    recordings, _ = _KNOWN[-1]
    temperature, sure, limit = chosen(nets, outer)
    others: Counter[str] = Counter()
    for place in left_out((outer,), len(recordings)):
        found = decided(recordings[place], nets[(outer,)], temperature, sure)
        if place == outer:
            beats = count(recordings[place].beat_s, found.at / found.working.rate_hz)
            v = _v(recordings[place], found, limit)
        else:
            others += _tally(recordings[place], found, limit)
    text = f"{line(recordings[outer].name, beats, v)}   T {temperature}, limits {sure} {limit}"
    return text, beats, v, others


def _tally(recording: Recording, found: Decided, limit: float) -> Counter[str]:
    beats = typed(found, ventricular=limit)
    source = recording.source
    if source == "LUDB":
        source += " (no extrasystole)" if (recording.beat_class == NORMAL).all() else " (extrasystoles)"
    result = Counter({f"{source} {letter}": n for letter, n in Counter(beats.types).items()})
    if recording.others != NOT_VENTRICULAR:
        inside = (beats.time_s >= recording.known_s[0]) & (beats.time_s <= recording.known_s[1])
        n = count(recording.beat_s, beats.time_s[inside])
        result += Counter({"LUDB missed": n.misses, "LUDB false": n.false})
    return result


def _share(known: tuple[list[Recording], Examples]) -> None:
    _KNOWN.append(known)
    torch.set_num_threads(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with mitdb/, ludb/ and cinc2017/")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    recordings = read_all(arguments.data)
    known = recordings, all_examples(recordings, processes=arguments.processes)
    _share(known)
    jobs: list[tuple[int, ...]] = [*((i,) for i in range(N_OUTER)), *combinations(range(N_OUTER), 2)]
    with Pool(arguments.processes, initializer=_share, initargs=(known,)) as pool:
        nets = dict(zip(jobs, pool.map(network_without, jobs, chunksize=1), strict=True))
        results = pool.map(partial(judge_fold, nets), range(N_OUTER), chunksize=1)
    print("\n".join(result[0] for result in results))
    print(line("gross", sum((r[1] for r in results), Counts(0, 0, 0)), sum((r[2] for r in results), Counts(0, 0, 0))))
    print(dict(sorted(sum((r[3] for r in results), Counter()).items())))
    print("to ship: temperature, limit of a beat, limit of a ventricular one:", chosen(nets, None))


if __name__ == "__main__":
    main()
