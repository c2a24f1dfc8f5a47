"""Where a request comes from: an address of IPv4, or the half of one of IPv6 that a household or a server shares."""

import pytest

from accounts.doors import PerAddress, network_of


def network(rf, address: str, **headers: str) -> str:
    return network_of(rf.get("/", REMOTE_ADDR=address, **headers))


def test_an_address_is_kept_as_a_keyed_hash(rf, settings) -> None:
    before = network(rf, "192.0.2.7")
    assert "192.0.2.7" not in before and len(before) <= 64
    settings.SECRET_KEY = "another"
    assert network(rf, "192.0.2.7") != before


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", True),
        ("2001:db8:0:1::1", "2001:0DB8:0000:0001:0000:0000:0000:0002", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("not an address", "nor this", False),
    ],
)
def test_ipv6_counts_by_its_first_half(rf, one: str, other: str, same: bool) -> None:
    assert (network(rf, one) == network(rf, other)) is same


def test_a_header_is_believed_behind_our_own_proxy_alone(rf, settings) -> None:
    header = {"HTTP_X_FORWARDED_FOR": "198.51.100.1, 203.0.113.9"}
    assert network(rf, "10.0.0.1", **header) == network(rf, "10.0.0.1")
    settings.BEHIND_TLS = True
    assert network(rf, "10.0.0.1", **header) == network(rf, "203.0.113.9")


def test_guesses_of_passwords_are_counted_by_it_too(rf) -> None:
    one, other = (rf.post("/", REMOTE_ADDR=f"2001:db8::{n}") for n in (1, 2))
    assert PerAddress().get_cache_key(one) == PerAddress().get_cache_key(other)
