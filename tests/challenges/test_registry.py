from annotations.challenges.registry import KINDS, offered

TYPED = tuple((character, f"class {character}") for character in "abc")


def test_each_kind_is_found_under_its_own_name() -> None:
    assert {name: kind.name for name, kind in KINDS.items()} == {"grid": "grid", "strip": "strip"}


def test_classes_with_keys_offer_every_kind() -> None:
    assert offered(TYPED) == ["grid", "strip"]


def test_a_few_classes_without_keys_are_named_from_a_short_list() -> None:
    assert offered((("", "cat"), ("", "dog"))) == ["grid", "strip"]


def test_a_hundred_classes_without_keys_offer_the_grid_only() -> None:
    assert offered(tuple(("", f"class {i}") for i in range(100))) == ["grid"]


def test_one_class_offers_nothing() -> None:
    assert offered(TYPED[:1]) == []
