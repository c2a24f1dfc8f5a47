import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.sites.hosts import BadHost, host_fits, host_read, hosts_read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("shop.example", "shop.example"),
        (" https://Shop.example:8443/cart?x#y ", "shop.example"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("*.shop.example", "*.shop.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("shop.example.", "shop.example"),
        ("user:word@shop.example", "shop.example"),
    ],
)
def test_what_people_type_becomes_a_name(typed: str, read: str) -> None:
    assert host_read(typed) == read


@pytest.mark.parametrize(
    "typed", ["", "*", "*.", "a b", "-a.example", "a..b", "https://", "x" * 64 + ".example", "ex*mple"]
)
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(BadHost):
        host_read(typed)


def test_a_host_fits_by_its_name_or_by_what_stands_above() -> None:
    assert host_fits("Shop.example", ["shop.example"])
    assert host_fits("a.b.shop.example", ["*.shop.example"])
    assert not host_fits("shop.example", ["*.shop.example"])
    assert not host_fits("evilshop.example", ["*.shop.example", "shop.example"])
    assert not host_fits("shop.example.evil", ["shop.example"])


def test_of_several_lines_each_host_is_read_once_and_each_mistake_has_its_line() -> None:
    hosts, wrong = hosts_read(["shop.example", "", "a b", " HTTPS://shop.example/x ", "*.shop.example", "?" * 400])
    assert hosts == ["shop.example", "*.shop.example"]
    assert list(wrong) == [3, 6] and wrong[3].startswith("“a b” is no host name") and len(wrong[6]) < 400


@given(st.lists(st.text(max_size=30), max_size=8))
def test_what_was_read_reads_the_same_again(typed: list[str]) -> None:
    hosts, wrong = hosts_read(typed)
    assert hosts_read(hosts) == (hosts, {})
    assert len(hosts) + len(wrong) <= len(typed)
