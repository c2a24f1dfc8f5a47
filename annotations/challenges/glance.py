"""A glance: two pictures, which of a few classes each shows. For somebody known, who wants to get on."""

from annotations.challenges.choice import Choice
from annotations.challenges.kind import Kind
from annotations.challenges.words import phrase


class Glance(Choice):
    """A single choice cut down to what a verdict about somebody known takes: one control, and beside it one unknown, so
    that their seconds give a label too. With two classes, or where some doubt is left, both are controls."""

    name = "glance"
    title = phrase("Name two pictures")
    size = 2
    columns = 2
    for_known = True


KIND: Kind = Glance()
