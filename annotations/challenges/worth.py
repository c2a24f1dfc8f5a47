"""What a challenge is worth asking: bits that its answers are expected to tell of its unknowns, a second of a person's
time; which unknowns it had best be about, and which kind to ask for next.

What an answer says is found by asking the kind itself: it is told that an unknown is taken for each class in turn, and
reads its own raw answer. So a new kind needs nothing more. The bits are the mutual information between a picture's
class and the answer (`annotations.consensus.information`). The verdict has no part in any of this: controls are drawn
by the kind, after the unknowns are chosen, and by its own generator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from annotations.challenges.kind import Kind
from annotations.challenges.tiles import Candidate, Composed, Keys, offered_keys
from annotations.consensus.information import of_answers, of_question
from annotations.consensus.skills import DEFAULT, symmetric
from annotations.consensus.votes import FloatArray, IntArray

# Measured on people: a grid of nine takes 10 s, a strip of ten that is typed 12 s, one choice among five names 6 s. Of
# each, START goes to reading what is to be done and to sending it.
START = 3.0
A_TILE_SEEN = (10 - START) / 9
A_TILE_TYPED = (12 - START) / 10
A_CHOICE, OF_OPTIONS = 6 - START, 6  # five names and “none”

SURE = 0.97  # how often somebody is right of whom there is no doubt
ASSUMED = 0.5  # what of a model's word is believed before anybody has answered; the rest is the class prior's
FRONT = 3  # times as many unknowns as a challenge has tiles are looked at
CONSIDERED = 32  # classes at most that a challenge is weighed by: those believed in most
UNSAID = -1
EXPLORED = 0.1  # of all draws, any kind is as likely: what a kind is worth changes, and only asking shows it
KEENNESS = 4.0  # a kind that is worth twice as much is drawn 2^4 times as often
LATEST = 0.1  # of what is remembered of a kind's worth, what its latest challenge counts


def seconds(kind: Kind, composed: Composed, keys: Keys) -> float:
    """How long a person takes to answer. What was not measured is scaled: tiles that are looked at take as long as a
    grid's, and a choice among n options as log2(n + 1) (W. E. Hick, "On the rate of gain of information", 1952)."""
    if questions := kind.questions(composed, keys):
        return START + sum(_choosing(len(question.options)) for question in questions)
    offered = offered_keys(keys)
    if kind.form != "name":
        return START + A_TILE_SEEN * len(composed.tiles)
    typed = all(key for key, _ in offered)
    return START + (A_TILE_TYPED if typed else _choosing(len(offered))) * len(composed.tiles)


def bits(kind: Kind, composed: Composed, beliefs: Mapping[int, FloatArray], matrix: FloatArray, keys: Keys) -> float:
    """How many bits the answers are expected to tell of the unknowns.

    `beliefs`: image id → what is believed of its class, (K,). `matrix` (K, K): the person's confusion, row the truth.
    """
    asked = [at for at, tile in enumerate(composed.tiles) if tile.truth is None and tile.image_id in beliefs]
    if not asked:
        return 0.0
    table = np.array([beliefs[composed.tiles[at].image_id] for at in asked])
    classes = np.sort(np.argsort(-table.sum(axis=0), kind="stable")[:CONSIDERED])
    classes = classes[[bool(keys[cls][1]) for cls in classes.tolist()]]
    table, confusion = _given(table[:, classes]), _given(matrix[np.ix_(classes, classes)])
    said = _said(kind, composed, classes.tolist(), keys)
    return sum(
        float(of_answers(confusion @ _shared(said[at]), table[place : place + 1])[0]) for place, at in enumerate(asked)
    )


def pointed(
    kind: Kind,
    trial: Composed,
    controls: Sequence[Candidate],
    unknowns: Sequence[Candidate],
    beliefs: Mapping[int, FloatArray],
    matrix: FloatArray,
) -> list[Candidate]:
    """As many of the unknowns as `trial` has: those of which a challenge of this kind tells most, with the class to ask
    about as their guess. All of them, as they are, where nothing is believed of any, or the kind asks for one class.

    `trial` is composed of these candidates; from it is seen whether the kind asks about one class, about one a
    question, among some, or any. A question tells most where it is as likely yes as no, a choice where the belief is
    flat. `beliefs` and `matrix` as in `bits`. Of equals the first.
    """
    known = [unknown for unknown in unknowns if unknown.image_id in beliefs]
    n = sum(tile.truth is None for tile in trial.tiles)
    if not known or not n:
        return list(unknowns)
    table = np.array([beliefs[unknown.image_id] for unknown in known])
    if trial.target is not None:
        # All tiles share its class, and it draws those first that the model takes for it. To ask where yes is as likely
        # as no instead was tried, and took longer: it goes for what one class after the other is needed to settle.
        return list(unknowns)
    if len(trial.asked) * getattr(kind, "per_question", 1) == len(trial.tiles):
        told = of_question(matrix, table) * _fair(controls, len(trial.tiles) - n, len(matrix))
        return [_with(known[i], table[i], told[i]) for i in _best(told.max(axis=1), n)]
    return [_with(known[i], table[i], table[i]) for i in _best(of_answers(matrix, table), n)]


def in_order(worth: Mapping[str, float], kinds: Sequence[str], rng: np.random.Generator) -> list[str]:
    """All the kinds, drawn one after the other, each the likelier the more bits a second it is worth. One of which
    nothing is known yet counts as the best."""
    if not kinds:
        return []
    best = max((worth[kind] for kind in kinds if kind in worth), default=1.0)
    rates = np.array([worth.get(kind, best) for kind in kinds])
    keen = (np.maximum(rates, 1e-6) / max(rates.max(), 1e-6)) ** KEENNESS
    chances = EXPLORED / len(kinds) + (1 - EXPLORED) * keen / keen.sum()
    drawn = rng.choice(len(kinds), size=len(kinds), replace=False, p=chances / chances.sum())
    return [kinds[i] for i in drawn.tolist()]


def remembered(before: float | None, now: float) -> float:
    """What a kind is worth of late, from what its challenges were."""
    return now if before is None else before + LATEST * (now - before)


def further(size: int) -> int:
    """How many unknowns beside `size` of them a challenge chooses among."""
    return (FRONT - 1) * size


def usual_matrix(doubt: float, n_classes: int) -> FloatArray:
    """How somebody of whom there is so much doubt answers: from a stranger's matrix to a sure hand's."""
    return symmetric(SURE + (DEFAULT.accuracy - SURE) * doubt, n_classes)


def assumed(word: FloatArray, prior: FloatArray) -> FloatArray:
    """What is believed of a picture that nobody has answered, from a model's word (K,) and the class prior (K,)."""
    return ASSUMED * word + (1 - ASSUMED) * prior


def _choosing(n_options: int) -> float:
    return A_CHOICE * float(np.log2(n_options + 1) / np.log2(OF_OPTIONS + 1))


def _given(rows: FloatArray) -> FloatArray:
    """On condition that it is one of the columns."""
    total = rows.sum(axis=1, keepdims=True)
    given: FloatArray = np.divide(rows, total, out=np.full_like(rows, 1 / rows.shape[1]), where=total > 0)
    return given


def _said(kind: Kind, composed: Composed, classes: Sequence[int], keys: Keys) -> list[IntArray]:
    """Which answer each tile gets by the class that the unknowns are taken for, a number an answer."""
    columns = []
    for cls in classes:
        seen = [cls if tile.truth is None else tile.truth for tile in composed.tiles]
        answers = kind.parse(kind.say(composed, seen), composed, keys)
        number = {answer.position: 2 * answer.cls + (answer.kind == "no") for answer in answers}
        columns.append([number.get(at, UNSAID) for at in range(len(composed.tiles))])
    return list(np.array(columns, dtype=np.int64).T)


def _shared(said: IntArray) -> FloatArray:
    """Which classes share an answer, (classes, answers), of ones; a class without an answer is in no column."""
    answers = np.unique(said[said != UNSAID])
    return np.asarray(said[:, None] == answers, dtype=np.float64)


def _fair(controls: Sequence[Candidate], needed: int, n_classes: int) -> FloatArray:
    """(K,): 1 for the classes that a coin can be fair for so often, else 0; for all where there is none."""
    sizes = np.bincount([control.truth for control in controls if control.truth is not None], minlength=n_classes)
    fair = np.minimum(sizes, sizes.sum() - sizes) >= needed
    return np.asarray(fair if fair.any() else np.ones(n_classes), dtype=np.float64)


def _best(scores: FloatArray, n: int) -> list[int]:
    """Of equals those that the queue asks first."""
    order: list[int] = np.argsort(-scores, kind="stable")[:n].tolist()
    return order


def _with(unknown: Candidate, belief: FloatArray, tells: FloatArray) -> Candidate:
    """With the class of which it `tells` most for a guess, and the likely ones; none of either where all are equal."""
    first = np.flatnonzero(np.isclose(tells, tells.max()))
    if len(first) > 1:
        return unknown
    likely = tuple(np.argsort(-belief, kind="stable").tolist())
    return replace(unknown, guess=int(first[0]), likely=unknown.likely or likely)
