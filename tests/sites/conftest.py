import pytest

from annotations.models import Annotator
from annotations.sites.models import Protocol, Site, Visit
from annotations.sites.risk import Risk
from annotations.sites.services.sites import site_create
from annotations.sites.services.visits import visit_begin
from gallery.models import DataSet

HOST = "shop.example"


@pytest.fixture
def site(bob, published: DataSet) -> Site:
    """Bob's shop, which labels Alice's Shades."""
    return site_create(owner=bob, name="A shop", hosts=[HOST], datasets=[published])[0]


@pytest.fixture
def visit(site: Site) -> Visit:
    """Of a stranger, whose browser has hardly anything to do."""
    return visit_begin(
        site=site,
        hostname=HOST,
        annotator=Annotator.objects.create(),
        protocol=Protocol.HCAPTCHA,
        risk=Risk(bits=1, doubt=0.0),
    )
