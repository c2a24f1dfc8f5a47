"""Who passes which kind of challenge as a stranger: by composing, answering and grading many of each, for real."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from annotations.challenges.registry import KINDS, offered
from annotations.challenges.share import STRANGER
from annotations.challenges.tiles import Candidate, Composed, Keys
from learning.bench import challenges_argmax
from learning.bench.challenges_players import Player, blind, human, play
from learning.engine.intervals import share_interval

K = 10
KEYS: Keys = tuple((str(cls), f"class {cls}") for cls in range(K))
CONTROLS, UNKNOWNS = 200, 40  # of the made data set
CHALLENGES = 4000  # of each kind, played by everybody
AGAIN = 4  # times as many others are then played by the best of the blind: else its luck would count as skill


@dataclass(frozen=True)
class Rates:
    """Of one kind. `blind`: of the best of the blind `player`s; each rate with its 95% interval. `expected`: what the
    kind's own arithmetic says of blind and human. `verdicts`: unknowns that a person's challenge gave a verdict."""

    controls: float
    verdicts: float
    blind: float
    blind_interval: tuple[float, float]
    player: str
    expected_blind: float
    human: float
    human_interval: tuple[float, float]
    expected_human: float
    argmax: float
    argmax_interval: tuple[float, float]


def rates(say: Callable[[str], object], challenges: int = CHALLENGES, seed: int = 0) -> dict[str, object]:
    """The worst kind's rates, and each kind's. `argmax` plays on Digits, where there is a model; blind and human on a
    made data set of ten classes."""
    digits = challenges_argmax.digits(seed)
    say(f"the model knows {digits.accuracy:.1%} of Digits outside its gold, {digits.on_controls:.1%} of the controls")
    by_kind = {name: of_kind(name, challenges, seed, digits) for name in offered(KEYS)}
    say("| kind | controls | blind | human | argmax | unknowns that a person's challenge gives a verdict |")
    for name, found in by_kind.items():
        say(
            f"| {name} | {found.controls:.1f} | {found.blind:.2%} (exactly {found.expected_blind:.2%}, {found.player}) "
            f"| {found.human:.1%} (exactly {found.expected_human:.1%}) | {found.argmax:.1%} | {found.verdicts:.1f} |"
        )
    return {
        "blind_pass_rate": max(found.blind for found in by_kind.values()),
        "human_model_pass_rate": min(found.human for found in by_kind.values()),
        "argmax_pass_rate": max(found.argmax for found in by_kind.values()),
        "argmax_accuracy": digits.accuracy,
        "challenges_a_kind": AGAIN * challenges,
        "kinds": {name: asdict(found) for name, found in by_kind.items()},
    }


def of_kind(name: str, challenges: int, seed: int, digits: challenges_argmax.Digits) -> Rates:
    rng, kind = np.random.default_rng(seed), KINDS[name]
    made = [kind.compose(*_candidates(rng), K, STRANGER, rng) for _ in range(challenges)]
    on_digits = [kind.compose(digits.controls, digits.unknowns, K, STRANGER, rng) for _ in range(challenges)]
    players = blind(K)
    lucky = {player: _passed(made, guess, rng) for player, guess in players.items()}
    best = max(lucky, key=lambda player: lucky[player])
    made = [kind.compose(*_candidates(rng), K, STRANGER, rng) for _ in range(AGAIN * challenges)]
    n_controls = np.array([kind.checked(one) for one in made])
    guessed = _passed(made, players[best], rng)
    sees = human(K, lambda tile: tile.image_id % K)
    looked = [play(one, sees(one, rng), KEYS) for one in made]
    people = float(np.mean([passed for passed, _ in looked]))
    machine = _passed(on_digits, digits.player, rng)
    return Rates(
        controls=round(float(n_controls.mean()), 2),
        verdicts=round(float(np.mean([votes for _, votes in looked])), 2),
        blind=round(guessed, 5),
        blind_interval=_interval(guessed, len(made)),
        player=best,
        expected_blind=round(float(np.mean([kind.blind_pass_rate(int(n), K) for n in n_controls])), 5),
        human=round(people, 4),
        human_interval=_interval(people, len(made)),
        expected_human=round(float(np.mean([kind.honest_pass_rate(int(n)) for n in n_controls])), 4),
        argmax=round(machine, 4),
        argmax_interval=_interval(machine, challenges),
    )


def _candidates(rng: np.random.Generator) -> tuple[list[Candidate], list[Candidate]]:
    """An image's class is its id's last digit; the model guesses it for nine unknowns in ten."""
    controls = [Candidate(image, image % K) for image in rng.permutation(CONTROLS).tolist()]
    unknowns = []
    for image in range(CONTROLS, CONTROLS + UNKNOWNS):
        guess = image % K if rng.random() < 0.9 else int(rng.integers(K))
        unknowns.append(Candidate(image, None, guess, (guess,)))
    return controls, unknowns


def _passed(made: Sequence[Composed], player: Player, rng: np.random.Generator) -> float:
    return float(np.mean([play(one, player(one, rng), KEYS)[0] for one in made]))


def _interval(share: float, n: int) -> tuple[float, float]:
    low, high = share_interval(share, n)
    return round(low, 5), round(high, 5)
