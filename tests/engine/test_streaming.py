import io

import numpy as np
import pytest
from numpy.typing import NDArray

from learning.engine.strategies.streaming import MOST, WINDOW, Stream

Images = tuple[NDArray[np.float64], NDArray[np.float64]]


def images(n: int, seed: int = 0, spread: float = 0.0, sure: float = 1.0) -> Images:
    """Four classes, five features; `spread` makes a few gradients far longer than most."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5)) * rng.lognormal(sigma=spread, size=(n, 1))
    return rng.dirichlet(np.full(4, sure), n), features


def stream(rate: float = 0.1, seed: int = 0) -> Stream:
    return Stream.begin(rate, n_classes=4, n_features=5, seed=seed)


def offered(to: Stream, given: Images, size: int) -> NDArray[np.bool_]:
    p, x = given
    return np.concatenate([to.offer(p[at : at + size], x[at : at + size]).taken for at in range(0, len(p), size)])


@pytest.mark.parametrize(("rate", "spread"), [(0.1, 0.0), (0.1, 1.5), (0.4, 1.0)])
def test_the_rate_is_held_over_ten_thousand_selections(rate: float, spread: float):
    taken = offered(stream(rate), images(round(10_500 / rate), spread=spread), 1000)
    assert taken.sum() >= 10_000
    assert taken.mean() == pytest.approx(rate, rel=0.05)


def test_the_rate_is_held_when_the_images_change():
    running = stream(0.2)
    parts = [images(11_000, seed=part, spread=0.4 * part, sure=2.0**-part) for part in range(5)]
    taken = np.concatenate([offered(running, part, 500) for part in parts])
    assert taken.sum() >= 10_000
    assert taken.mean() == pytest.approx(0.2, rel=0.05)


def test_what_a_drought_owes_is_bounded():
    running = stream(0.05)
    offered(running, images(2000), 500)
    nothing = np.tile([1.0, 0, 0, 0], (100_000, 1)), np.ones((100_000, 5))
    assert not offered(running, nothing, 1000).any()
    surplus = offered(running, images(10_000, seed=1), 100).sum() - 0.05 * 10_000
    assert 0 < surplus < MOST * WINDOW


def test_it_does_the_same_however_the_images_come():
    given = images(900)
    assert offered(stream(), given, 900).tolist() == offered(stream(), given, 1).tolist()
    assert offered(stream(), given, 900).tolist() == offered(stream(), given, 77).tolist()
    assert offered(stream(), given, 900).tolist() != offered(stream(seed=1), given, 900).tolist()


def test_saved_and_resumed_it_goes_on_as_if_nothing_had_happened():
    p, x = images(600)
    unbroken, broken = stream(), stream()
    expected = np.concatenate([unbroken.offer(p[:250], x[:250]).taken, unbroken.offer(p[250:], x[250:]).taken])
    first, file = broken.offer(p[:250], x[:250]).taken, io.BytesIO()
    np.savez(file, **broken.state())
    file.seek(0)
    resumed = Stream.resume(np.load(file))
    assert resumed.seen == 250
    second = resumed.offer(p[250:], x[250:]).taken
    assert np.concatenate([first, second]).tolist() == expected.tolist()
    assert all(np.array_equal(part, resumed.state()[name]) for name, part in unbroken.state().items())


def test_each_image_comes_with_how_much_it_adds_beside_what_is_usual():
    p, x = images(2000, spread=1.0)
    taken, ratios = stream().offer(p, x)
    assert ratios.shape == (2000,) and (ratios >= 0).all() and np.isfinite(ratios).all()
    assert ratios[taken].mean() > 1.5 * ratios[~taken].mean()
    again = stream()
    in_parts = [again.offer(p[at : at + 300], x[at : at + 300]).ratios for at in range(0, 2000, 300)]
    assert np.allclose(np.concatenate(in_parts), ratios)


def test_an_image_that_adds_nothing_has_no_ratio_to_speak_of():
    running = stream()
    offered(running, images(50), 50)
    sure = np.array([[1.0, 0, 0, 0]]), np.ones((1, 5))
    assert running.offer(*sure).ratios.tolist() == [0.0]


def test_it_goes_on_at_another_rate():
    running = stream(0.1)
    offered(running, images(20_000), 1000)
    running.steer(0.4)
    assert offered(running, images(20_000, seed=1), 1000).mean() == pytest.approx(0.4, rel=0.05)
    resumed = Stream.resume(running.state())
    assert offered(resumed, images(20_000, seed=2), 1000).mean() == pytest.approx(0.4, rel=0.05)
    with pytest.raises(ValueError, match="rate lies"):
        running.steer(1.0)


def test_it_tells_what_it_was_begun_for():
    p, x = images(3)
    assert stream().fits(p, x)
    assert not stream().fits(p[:, :3], x) and not stream().fits(p, x[:, :4])


@pytest.mark.parametrize(("dimensions", "most"), [(512, 8e6), (256, 2e6)])
def test_its_memory_does_not_grow(dimensions: int, most: float):
    running = Stream.begin(0.2, n_classes=10, n_features=300, seed=0, dimensions=dimensions)
    rng = np.random.default_rng(0)
    sizes = []
    for _ in range(3):
        running.offer(rng.dirichlet(np.ones(10), 700), rng.normal(size=(700, 300)))
        sizes.append(sum(part.nbytes for part in running.state().values()))
    assert len(set(sizes)) == 1 and sizes[0] < most


def test_no_images_change_nothing():
    running = stream()
    taken, ratios = running.offer(np.zeros((0, 4)), np.zeros((0, 5)))
    assert (taken.tolist(), ratios.tolist(), running.seen) == ([], [], 0)


def test_a_refused_offer_leaves_the_stream_as_it_was():
    running, (p, x) = stream(), images(700)
    x[650] = np.nan
    with pytest.raises(ValueError, match="1 images have"):
        running.offer(p, x)
    assert running.seen == 0 and not running.state()["total"].any()


@pytest.mark.parametrize(
    ("p", "x"),
    [(np.ones((3, 4)), np.ones((2, 5))), (np.ones((3, 2)), np.ones((3, 5))), (np.ones((3, 4)), np.ones((3, 6)))],
)
def test_images_of_another_shape_are_refused(p: NDArray[np.float64], x: NDArray[np.float64]):
    with pytest.raises(ValueError, match=r"not of this sketch|don't fit"):
        stream().offer(p, x)


@pytest.mark.parametrize(
    "change",
    [{"rate": 0.0}, {"rate": 1.0}, {"rate": np.nan}, {"window": 0}, {"n_classes": 0}, {"dimensions": 0}],
)
def test_a_stream_that_can_take_nothing_is_refused(change: dict[str, float]):
    with pytest.raises(ValueError, match=r"rate lies|a class"):
        Stream.begin(**{"rate": 0.1, "n_classes": 2, "n_features": 3, "seed": 0} | change)


def test_foreign_arrays_are_refused():
    whole = stream().state()
    for state in ({}, whole | {"counts": np.zeros(1)}, whole | {"total": np.zeros((2, 2))}):
        with pytest.raises(ValueError, match="not the state of a stream"):
            Stream.resume(state)
