"""Sounds: made anew each time, alike in what tells nothing, and unlike each other."""

import io
import wave
from itertools import pairwise

import numpy as np
import pytest

from annotations.challenges.unseen import sounds

every_sound = pytest.mark.parametrize("name", sounds.SOUNDS)
SPANS = 24  # of the spectrum, on a scale of octaves


def samples(name: str, seed: int) -> np.ndarray:
    with wave.open(io.BytesIO(sounds.wav(name, seed))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, sounds.RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767


def heard(name: str, seed: int) -> np.ndarray:
    """What a sound is like: where its strength lies in the spectrum, and how it comes and goes."""
    x = samples(name, seed)
    power = np.abs(np.fft.rfft(x)) ** 2
    edges = np.geomspace(80, sounds.RATE / 2, SPANS + 1)
    at = np.fft.rfftfreq(len(x), 1 / sounds.RATE)
    bands = [power[(at >= low) & (at < high)].sum() for low, high in pairwise(edges)]
    loudness = np.abs(x[: len(x) // 160 * 160]).reshape(-1, 160).mean(axis=1)
    quiet = np.mean(loudness < 0.1 * loudness.max())
    jumps = np.mean(np.diff(loudness) > 0.2 * loudness.max())
    return np.array([*(np.log10(np.array(bands) / power.sum() + 1e-4)), 6 * quiet, 60 * jumps])


@every_sound
def test_a_sound_is_three_seconds_and_as_loud_as_any_other(name: str) -> None:
    for seed in range(5):
        x = samples(name, seed)
        assert len(x) == sounds.SECONDS * sounds.RATE
        assert np.abs(x).max() == pytest.approx(sounds.PEAK, abs=0.01)
        assert abs(x[0]) < 0.01
        assert abs(x[-1]) < 0.01


@every_sound
def test_no_two_are_the_same_and_the_same_seed_gives_the_same(name: str) -> None:
    files = {sounds.wav(name, seed) for seed in range(10)}
    assert len(files) == 10
    assert sounds.wav(name, 3) == sounds.wav(name, 3)
    first, second = samples(name, 1), samples(name, 2)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.9


def test_the_sounds_are_unlike_each_other() -> None:
    """By the nearest mean of what they are like, hardly any is taken for one that it may be offered beside."""
    means = {name: np.mean([heard(name, seed) for seed in range(12)], axis=0) for name in sounds.SOUNDS}
    wrong = 0
    for name, sound in sounds.SOUNDS.items():
        rivals = [other for other, s in sounds.SOUNDS.items() if other == name or s.family != sound.family]
        for seed in range(100, 115):
            x = heard(name, seed)
            wrong += min(rivals, key=lambda other: np.linalg.norm(x - means[other])) != name
    assert wrong / (15 * len(sounds.SOUNDS)) < 0.03


def test_sounds_that_may_be_taken_for_each_other_are_never_offered_together() -> None:
    family_of = {sound.words: sound.family for sound in sounds.SOUNDS.values()}
    for seed in range(200):
        for question in sounds.compose(4, np.random.default_rng(seed)):
            families = [family_of[option.label] for option in question.question.options]
            assert len(set(families)) == 4
            assert question.sound
            assert sounds.SOUNDS[question.sound].words == question.question.options[question.right].label


def test_a_name_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError):
        sounds.wav("a whale", 0)
