from annotations.challenges.registry import GLANCE, KINDS, OFFERED, USUAL, misfit, offered, refusal

TYPED = tuple((character, f"class {character}") for character in "abc")


def test_each_kind_is_found_under_its_own_name() -> None:
    assert {name: kind.name for name, kind in KINDS.items()} == {name: name for name in KINDS}
    assert list(OFFERED) == ["choice", "grid", "grid-4x4", "more-like-this", "odd-one-out", "strip", "yes-no"]
    assert KINDS.keys() - OFFERED.keys() == {GLANCE}


def test_each_kind_has_a_title_of_its_own_and_whole_rows() -> None:
    assert len({kind.title for kind in KINDS.values()}) == len(KINDS)
    assert all(kind.size % kind.columns == 0 for kind in KINDS.values())


def test_what_is_usually_asked_are_kinds() -> None:
    assert set(USUAL) < set(OFFERED)


def test_classes_with_keys_offer_every_kind() -> None:
    assert offered(TYPED) == list(OFFERED)


def test_a_few_classes_without_keys_are_named_from_a_short_list() -> None:
    assert "strip" in offered((("", "cat"), ("", "dog")))


def test_a_hundred_classes_without_keys_offer_all_but_the_strip() -> None:
    assert offered(tuple(("", f"class {i}") for i in range(100))) == [name for name in OFFERED if name != "strip"]


def test_one_class_offers_nothing() -> None:
    assert offered(TYPED[:1]) == []


def test_why_none_of_the_kinds_fits_is_said_once_and_nothing_where_one_does() -> None:
    many = tuple(("", f"class {i}") for i in range(41))
    assert misfit(["strip"], many).startswith("A strip takes a key of its own")
    assert misfit(["strip", "grid"], many) == ""
    assert misfit(["grid", "choice"], TYPED[:1]) == "A question takes two classes at least."


def test_kinds_are_refused_only_where_others_would_fit() -> None:
    many = tuple(("", f"class {i}") for i in range(41))
    assert refusal(["strip"], many).endswith("Pick another way too.")
    assert refusal(["grid"], TYPED[:1]) == ""
