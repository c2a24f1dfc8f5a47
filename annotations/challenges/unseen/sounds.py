"""Sounds that people know, made anew each time: which of these was it?

Each is a few lines of arithmetic with chance in its pitch, pace and colour, so that no recording and no list of hashes
knows it. None is speech: to write down what was said is harder for many people, and needs the language.
"""

import io
import wave
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotations.challenges.unseen.asking import OPTIONS, Asked, asked
from annotations.challenges.words import phrase

RATE = 16_000  # samples a second
SECONDS = 3.0
PEAK = 0.7  # of full scale, the same for all, so that loudness tells nothing
FADE = 0.02

Samples = NDArray[np.float64]
Make = Callable[[np.random.Generator], Samples]


@dataclass(frozen=True)
class Sound:
    """`family`: sounds that somebody might take for each other are never offered together."""

    words: str
    family: str
    make: Make


def compose(n: int, rng: np.random.Generator) -> list[Asked]:
    """n questions, each drawn without regard to the others: that one was a bell tells nothing of the next."""
    return [_question(rng) for _ in range(n)]


def _question(rng: np.random.Generator) -> Asked:
    """Families first, each as probable as any other: so what is offered tells nothing about which is right."""
    families = sorted({sound.family for sound in SOUNDS.values()})
    right, *others = [_one_of(families[i], rng) for i in rng.permutation(len(families))[:OPTIONS]]
    labels = [SOUNDS[name].words for name in others]
    return asked(phrase("Which of these do you hear?"), SOUNDS[right].words, labels, rng, right)


def _one_of(family: str, rng: np.random.Generator) -> str:
    names = [name for name, sound in SOUNDS.items() if sound.family == family]
    return names[int(rng.integers(len(names)))]


def wav(name: str, seed: int) -> bytes:
    """The sound as a mono WAV file of 16 bits, SECONDS long. Raises KeyError for a name that there is not."""
    samples = _even(SOUNDS[name].make(np.random.default_rng(seed)))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _even(samples: Samples) -> Samples:
    """Of one length and one peak, without a click at either end."""
    cut = np.zeros(round(SECONDS * RATE))
    cut[: min(len(samples), len(cut))] = samples[: len(cut)]
    ramp = np.linspace(0, 1, round(FADE * RATE))
    cut[: len(ramp)] *= ramp
    cut[-len(ramp) :] *= ramp[::-1]
    return np.asarray(cut / np.abs(cut).max() * PEAK)


# ── The sounds ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _bell(rng: np.random.Generator) -> Samples:
    """Two strokes of a church bell: partials that are no multiples of each other, the higher the sooner gone."""
    pitch = rng.uniform(350, 520)
    partials = ((0.5, 0.4, 3.0), (1.0, 1.0, 2.4), (1.19, 0.7, 1.8), (1.5, 0.5, 1.5), (2.0, 0.6, 1.2), (2.74, 0.35, 0.7))
    t = _time(SECONDS)
    stroke = sum(loud * np.exp(-3 * t / lasts) * np.sin(_turns(pitch * ratio * t)) for ratio, loud, lasts in partials)
    return _placed([0.0, rng.uniform(1.2, 1.6)], np.asarray(stroke))


def _rain(rng: np.random.Generator) -> Samples:
    """A soft hiss, and drops that splash near by."""
    hiss = _band(rng, 1200, 7000, SECONDS) * 0.25
    for start in rng.uniform(0, SECONDS - 0.1, rng.integers(90, 150)):
        drop = _band(rng, rng.uniform(900, 2500), 6500, 0.02) * np.exp(-_time(0.02) * 250) * rng.uniform(0.3, 1.2)
        _add(hiss, start, drop)
    return hiss


def _bird(rng: np.random.Generator) -> Samples:
    """Short calls, each sliding up and down, in small groups with a rest between."""
    song = _silence()
    start = 0.05
    low = rng.uniform(2400, 3000)
    while start < SECONDS - 0.3:
        for _ in range(int(rng.integers(2, 5))):
            t = _time(rng.uniform(0.06, 0.13))
            bend = np.sin(np.pi * t / t[-1])
            pitch = low + rng.uniform(700, 1800) * bend
            _add(song, start, bend * np.sin(_turns(np.cumsum(pitch) / RATE)))
            start += t[-1] + rng.uniform(0.02, 0.06)
        start += rng.uniform(0.2, 0.4)
    return song


def _dog(rng: np.random.Generator) -> Samples:
    """Barks: a rough voice that jumps up and falls, with breath in it."""
    barks = _silence()
    pitch = rng.uniform(240, 380)
    start = 0.1
    while start < SECONDS - 0.4:
        t = _time(rng.uniform(0.16, 0.22))
        way = t / t[-1]
        bend = pitch * (0.75 + 0.6 * np.sin(np.pi * np.sqrt(way)))
        turns = _turns(np.cumsum(bend) / RATE)
        formants = (600.0, 1100.0, 2600.0)
        voice = sum(
            np.sin(k * turns) * sum(np.exp(-(((k * pitch - f) / 350) ** 2)) for f in formants) for k in range(1, 13)
        )
        rough = 1 + 0.5 * np.sin(_turns(rng.uniform(50, 75) * t))
        shape = np.minimum(way / 0.08, 1) * (1 - way) ** 0.8
        _add(barks, start, shape * (rough * np.asarray(voice) + 1.2 * _band(rng, 500, 3000, t[-1], len(t))))
        start += t[-1] + rng.choice([0.12, 0.45])
    return barks


def _clock(rng: np.random.Generator) -> Samples:
    """Tick and tock, evenly."""
    ticks = _silence()
    beat, high = rng.uniform(0.42, 0.55), rng.uniform(2600, 3400)
    for i, start in enumerate(np.arange(0.1, SECONDS - 0.1, beat)):
        t = _time(0.05)
        pitch = high if i % 2 == 0 else high * 0.72
        _add(ticks, start, np.exp(-t * 160) * (np.sin(_turns(pitch * t)) + 0.5 * np.sin(_turns(pitch * 1.73 * t))))
    return ticks


def _knock(rng: np.random.Generator) -> Samples:
    """Knuckles on a wooden door: a few dull knocks, a rest, and again."""
    door = _silence()
    wood, gap, times = rng.uniform(170, 230), rng.uniform(0.17, 0.24), int(rng.integers(3, 5))
    for begin in (0.1, 0.1 + times * gap + rng.uniform(0.6, 0.8)):
        for i in range(times):
            t = _time(0.12)
            body = np.sin(_turns(wood * t)) + 0.6 * np.sin(_turns(wood * 2.3 * t)) * np.exp(-t * 30)
            _add(door, begin + i * gap, np.exp(-t * 38) * (body + 0.5 * _band(rng, 200, 1400, 0.12)))
    return door


def _siren(rng: np.random.Generator) -> Samples:
    """A siren that rises and falls without a break."""
    t = _time(SECONDS)
    low, high, pace = rng.uniform(480, 600), rng.uniform(1150, 1400), rng.uniform(0.55, 0.8)
    pitch = low + (high - low) * (0.5 - 0.5 * np.cos(_turns(pace * t)))
    turns = _turns(np.cumsum(pitch) / RATE)
    return np.asarray(np.sin(turns) + 0.4 * np.sin(2 * turns) + 0.25 * np.sin(3 * turns))


def _telephone(rng: np.random.Generator) -> Samples:
    """An old telephone: two small bells, struck in turn some twenty times a second, ring, rest, ring."""
    ring = _silence()
    pitch, pace = rng.uniform(1250, 1600), rng.uniform(19, 24)
    for begin in (0.05, rng.uniform(1.65, 1.8)):
        t = _time(1.1)
        since = (t * pace) % 1 / pace
        shape = np.exp(-since * 25)
        bells = np.sin(_turns(pitch * t)) + np.sin(_turns(pitch * 1.26 * t)) + 0.5 * np.sin(_turns(pitch * 2.4 * t))
        _add(ring, begin, shape * bells)
    return ring


def _horn(rng: np.random.Generator) -> Samples:
    """A ship's horn: one deep, steady, buzzing tone."""
    t = _time(rng.uniform(2.2, 2.6))
    pitch = rng.uniform(105, 140)
    tone = sum(np.sin(_turns(k * pitch * t)) / k**0.7 for k in range(1, 16))
    shape = np.minimum(t / 0.25, 1) * np.minimum((t[-1] - t) / 0.3, 1)
    return np.asarray(shape * tone)


def _guitar(rng: np.random.Generator) -> Samples:
    """Plucked strings, one after another: noise runs round a loop and loses its edge (Karplus and Strong, 1983)."""
    music = _silence()
    root = rng.uniform(140, 200)
    ratios = rng.permutation([1.0, 1.25, 1.5, 2.0, 1.6875])[:5]
    for i, ratio in enumerate(ratios):
        _add(music, 0.05 + 0.5 * i, _string(root * ratio, 1.2, rng))
    return music


def _string(pitch: float, seconds: float, rng: np.random.Generator) -> Samples:
    period = round(RATE / pitch)
    loop = rng.uniform(-1, 1, period)
    rounds = []
    for _ in range(round(seconds * RATE / period)):
        rounds.append(loop)
        loop = 0.498 * (loop + np.roll(loop, 1))
    return np.concatenate(rounds)


# ── What they are made with ──────────────────────────────────────────────────────────────────────────────────────────


def _silence() -> Samples:
    return np.zeros(round(SECONDS * RATE))


def _time(seconds: float) -> Samples:
    return np.arange(round(seconds * RATE)) / RATE


def _turns(cycles: Samples) -> Samples:
    return 2 * np.pi * cycles


def _band(rng: np.random.Generator, low: float, high: float, seconds: float, n: int | None = None) -> Samples:
    """Noise between two frequencies, of standard deviation 1."""
    n = n or round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    at = np.fft.rfftfreq(n, 1 / RATE)
    spectrum[(at < low) | (at > high)] = 0
    noise = np.fft.irfft(spectrum, n)
    return np.asarray(noise / (noise.std() or 1.0))


def _add(to: Samples, start: float, what: Samples) -> None:
    first = round(start * RATE)
    part = what[: max(0, len(to) - first)]
    to[first : first + len(part)] += part


def _placed(starts: list[float], what: Samples) -> Samples:
    whole = _silence()
    for start in starts:
        _add(whole, start, what)
    return whole


SOUNDS = {
    "bell": Sound(phrase("a church bell"), "bells", _bell),
    "telephone": Sound(phrase("a telephone ringing"), "bells", _telephone),
    "rain": Sound(phrase("rain"), "rain", _rain),
    "bird": Sound(phrase("a bird singing"), "bird", _bird),
    "dog": Sound(phrase("a dog barking"), "dog", _dog),
    "clock": Sound(phrase("a clock ticking"), "beats", _clock),
    "knock": Sound(phrase("somebody knocking on a door"), "beats", _knock),
    "siren": Sound(phrase("a siren"), "tones", _siren),
    "horn": Sound(phrase("the horn of a ship"), "tones", _horn),
    "guitar": Sound(phrase("a guitar"), "guitar", _guitar),
}
