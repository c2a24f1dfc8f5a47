"""Single choice: one picture at a time, which of a few classes it shows; eight pictures, the same classes for each."""

from collections.abc import Sequence

import numpy as np

from annotations.challenges import drawing, naming
from annotations.challenges.kind import Kind
from annotations.challenges.share import Check
from annotations.challenges.tiles import Answered, AnswerError, Candidate, Composed, Keys, Option, Question
from annotations.challenges.words import phrase

OPTIONS = 5  # classes to choose among, fewer where there are fewer


class Choice(Kind):
    """Each control's class is uniform over the k options, independently, so who doesn't look passes with k^-n.

    The options are those of the challenge, not of the picture: what stands beside a control stands beside an unknown.
    They are the classes that the model finds probable for the unknowns, filled up with others, in random order; an
    unknown may show none of them, which is no vote.
    """

    name = "choice"
    title = phrase("Pick a name for each of eight pictures")
    form = "series"
    size = 8
    columns = 4
    weighs_rivals = True

    def chance(self, n_classes: int) -> float:
        """A constant option, a random one and any mixture are each right with 1/k; "?" never is."""
        return 1 / min(n_classes, OPTIONS)

    def compose(
        self,
        controls: Sequence[Candidate],
        unknowns: Sequence[Candidate],
        n_classes: int,
        check: Check,
        rng: np.random.Generator,
    ) -> Composed:
        firm, open_ = drawing.distinct(controls, unknowns, n_classes)
        groups = drawing.by_class(drawing.foremost(firm, self.size))
        needed, rich = drawing.uniform_classes(groups, n_classes, self.size, lambda n: self.controls_needed(n, check))
        options = drawing.probable_classes(open_, rich, OPTIONS, rng)
        groups = {cls: groups[cls] for cls in options}
        n_firm, wanted = sum(map(len, groups.values())), check.controls_wanted(needed, self.size)
        n_controls, n_unknowns = drawing.split(self.size, needed, wanted, n_firm, len(open_))
        tiles = [drawing.take(groups[cls], rng) for cls in rng.choice(options, size=needed).tolist()]
        tiles += drawing.more_by_class(groups, options, n_controls - needed, rng)
        tiles += drawing.likely_first(open_, options, n_unknowns, rng)
        return Composed(self.name, tuple(drawing.sample(tiles, self.size, rng)), None, tuple(options))

    def prompt(self, composed: Composed, keys: Keys) -> str:
        names = ", ".join(keys[cls][1] for cls in composed.asked)
        size = len(composed.tiles)
        return phrase("Name each of the %(size)s pictures: %(names)s, or ? for none of these", size=size, names=names)

    def questions(self, composed: Composed, keys: Keys) -> Sequence[Question]:
        named = [Option(keys[cls][1], keys[cls][1], str(place)) for place, cls in enumerate(composed.asked, start=1)]
        none = Option(naming.CANT_TELL, phrase("None, or can’t tell"), "0")
        question = Question(phrase("Which is it?"), (*named, none))
        return [question] * len(composed.tiles)

    def say(self, composed: Composed, seen: Sequence[int]) -> object:
        return [cls if cls in composed.asked else naming.CANT_TELL for cls in seen]

    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """`raw` is a list with the name or index of one of the options a tile; "?" answers nothing."""
        if not isinstance(raw, list | tuple):
            raise AnswerError(phrase("Send a list with one class a picture, or ? for none of these."))
        offered = [key if cls in composed.asked else ("", "") for cls, key in enumerate(keys)]
        classes = naming.read_named(raw, len(composed.tiles), offered)
        return tuple(Answered(i, "choice", cls) for i, cls in enumerate(classes) if cls is not None)


KIND: Kind = Choice()
