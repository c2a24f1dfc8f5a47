"""Explanations of models that are known to look at one place alone, and of one that has learned digits."""

from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from learning.engine.explanations.grad_cam import grad_cam
from learning.engine.explanations.lime import Lime, lime, superpixels
from learning.engine.explanations.occlusion import occlusion
from learning.engine.explanations.overlay import AGAINST, FOR, SIDE, overlay
from learning.engine.explanations.places import peak, place_of
from learning.engine.explanations.similar import most_similar
from learning.engine.images import to_tensor
from learning.engine.prediction import features, predict
from learning.engine.training import Trained, TrainingConfig, train

S = 24
CORNERS = {
    "top left": (slice(0, 8), slice(0, 8)),
    "top right": (slice(0, 8), slice(16, 24)),
    "bottom left": (slice(16, 24), slice(0, 8)),
    "bottom right": (slice(16, 24), slice(16, 24)),
}
FEW = settings(max_examples=12, deadline=None)
corners = st.sampled_from(sorted(CORNERS))
seeds = st.integers(0, 2**16)


def looks_at(corner: str):
    """A model of two classes: the first is what is bright in that corner, whatever is elsewhere."""

    def model(x: NDArray[np.uint8]) -> NDArray[np.float64]:
        bright = x[:, *CORNERS[corner]].mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright], axis=1)

    return model


def picture(corner: str, seed: int = 0) -> NDArray[np.uint8]:
    """Dim noise, bright in the corner."""
    pixels = np.random.default_rng(seed).integers(0, 60, (S, S, 3), dtype=np.uint8)
    pixels[CORNERS[corner]] += 180
    return pixels


def never_changes(x: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.full((len(x), 2), 0.5)


@given(corners, seeds)
@FEW
def test_lime_points_at_the_corner_that_the_model_looks_at(corner: str, seed: int):
    found = lime(looks_at(corner), picture(corner, seed), 0, samples=200, seed=seed)
    assert place_of(found.values) == corner
    assert found.values[CORNERS[corner]].mean() > 10 * np.abs(found.values[8:16, 8:16]).mean()
    assert found.fit > 0.9


@given(corners, seeds)
@FEW
def test_what_speaks_for_a_class_speaks_against_the_other(corner: str, seed: int):
    one, other = (lime(looks_at(corner), picture(corner, seed), cls, samples=200, seed=seed) for cls in (0, 1))
    assert np.allclose(one.weights, -other.weights)
    fallen, risen = (occlusion(looks_at(corner), picture(corner, seed), cls) for cls in (0, 1))
    assert np.allclose(fallen, -risen)


@given(corners, seeds)
@FEW
def test_occlusion_points_at_the_corner_and_finds_nothing_elsewhere(corner: str, seed: int):
    fallen = occlusion(looks_at(corner), picture(corner, seed), 0)
    assert place_of(fallen) == corner and fallen.max() > 0.1
    opposite = fallen[::-1, ::-1][CORNERS[corner]]
    assert not opposite.any()


@given(corners, seeds)
@FEW
def test_grad_cam_points_at_the_corner_of_the_maps_that_decides(corner: str, seed: int):
    maps = torch.rand((4, 3, 3), generator=torch.Generator().manual_seed(seed)) / 10
    row, column = ({"top": 0, "bottom": 2, "left": 0, "right": 2}[word] for word in corner.split())
    maps[1, row, column] = 5
    head = torch.tensor([[0.0, 1, 0, 0], [0, -1, 0, 0]])

    def to_logits(seen: torch.Tensor) -> torch.Tensor:
        return seen.mean(dim=(2, 3)) @ head.T

    found = grad_cam(maps, to_logits, 0, S)
    assert found.shape == (S, S) and found.min() >= 0 and place_of(found) == corner
    assert not grad_cam(maps, to_logits, 1, S).any()  # it speaks against this class everywhere, which is cut off


def test_grad_cam_takes_maps_from_inference_mode_and_is_the_paper_s_sum():
    with torch.inference_mode():
        maps = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 0.0]]])
    found = grad_cam(maps, lambda seen: torch.stack([seen[:, 0].mean((1, 2)) - seen[:, 1].sum((1, 2))], 1), 0, 2)
    assert np.allclose(found, [[0, 0.5], [0.75, 1.0]])  # 1/16 of the first map less 1/1 of the second, cut at 0


def test_the_same_seed_gives_the_same_explanation_and_another_seed_another():
    one, again, other = (lime(looks_at("top left"), picture("top left"), 0, seed=seed) for seed in (1, 1, 2))
    assert (one.weights == again.weights).all() and one.fit == again.fit
    assert (one.weights != other.weights).any()


def test_a_model_that_never_changes_its_mind_is_explained_by_nothing():
    found = lime(never_changes, picture("top left"), 0)
    assert not found.weights.any() and found.fit == 1.0
    assert not occlusion(never_changes, picture("top left"), 1).any()


def test_the_fit_tells_a_model_that_no_sum_of_parts_explains():
    def parity(x: NDArray[np.uint8]) -> NDArray[np.float64]:
        odd = (x.astype(np.int64).sum(axis=(1, 2, 3)) // 500 % 2).astype(np.float64)
        return np.stack([odd, 1 - odd], axis=1)

    assert lime(parity, picture("top left"), 0).fit < 0.5


@pytest.mark.parametrize("pixels", [picture("top left"), np.zeros((S, S, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)])
def test_superpixels_are_numbered_without_a_gap(pixels: NDArray[np.uint8]):
    parts = superpixels(pixels, 20)
    assert parts.shape == pixels.shape[:2]
    assert np.unique(parts).tolist() == list(range(parts.max() + 1))


def test_a_patch_as_large_as_the_picture_covers_it_once():
    fallen = occlusion(looks_at("top left"), picture("top left"), 0, patch=S)
    bright = picture("top left")[CORNERS["top left"]].mean() / 255
    assert np.allclose(fallen, bright - 128 / 255)


@given(st.integers(1, S), st.integers(1, S))
@FEW
def test_every_pixel_is_covered_whatever_patch_and_stride(patch: int, stride: int):
    found = occlusion(looks_at("top left"), picture("top left"), 0, patch=patch, stride=min(stride, patch))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("shape", [(S, S), (S, S, 1), (S, S + 1, 3), (1, S, S, 3), (0, 0, 3)])
def test_another_shape_is_refused(shape: tuple[int, ...]):
    for explain in (lime, occlusion):
        with pytest.raises(ValueError, match="explanation"):
            explain(never_changes, np.zeros(shape, np.uint8), 0)
    with pytest.raises(ValueError, match="explanation"):
        overlay(np.zeros(shape, np.uint8), np.zeros((S, S)))


@pytest.mark.parametrize("label", [-1, 2])
def test_a_class_that_the_model_does_not_know_is_refused(label: int):
    for explain in (lime, occlusion):
        with pytest.raises(ValueError, match="2 classes"):
            explain(never_changes, picture("top left"), label)
    with pytest.raises(ValueError, match="2 classes"):
        grad_cam(torch.ones(2, 3, 3), lambda maps: maps.mean((2, 3)), label, S)


def test_options_that_make_no_explanation_are_refused():
    one = picture("top left")
    for options in ({"parts": 0}, {"samples": 1}):
        with pytest.raises(ValueError, match="a part and two samples"):
            lime(never_changes, one, 0, **options)
    for options in ({"patch": 0}, {"patch": S + 1}, {"stride": 0}, {"patch": 4, "stride": 5}):
        with pytest.raises(ValueError, match="stride"):
            occlusion(never_changes, one, 0, **options)
    with pytest.raises(ValueError, match="maps"):
        grad_cam(torch.ones(3, 3), lambda maps: maps, 0, S)
    with pytest.raises(ValueError, match=r"\(1, K\)"):
        grad_cam(torch.ones(2, 3, 3), lambda maps: maps.sum(), 0, S)
    with pytest.raises(ValueError, match=r"\(N, K\)"):
        lime(lambda x: np.zeros(len(x)), one, 0)


def opened(png: bytes) -> NDArray[np.int64]:
    image = Image.open(BytesIO(png))
    assert image.format == "PNG" and image.size == (SIDE, SIDE) and image.mode == "RGB"
    return np.asarray(image).astype(np.int64)


def test_an_overlay_is_orange_for_blue_against_and_grey_elsewhere():
    values = np.zeros((S, S))
    values[:8, :8], values[16:, 16:] = 0.5, -0.5
    drawn = opened(overlay(np.full((S, S, 3), (200, 10, 10), np.uint8), values))
    sixth = SIDE // 6
    for place, colour in ((sixth // 2, FOR), (SIDE - sixth // 2, AGAINST)):
        here = drawn[place, place]
        assert (here > here.mean()).tolist() == (np.array(colour) > np.mean(colour)).tolist()
    assert len(set(drawn[SIDE // 2, SIDE // 2].tolist())) == 1  # the picture's own red isn't taken for the map's


def test_an_overlay_of_next_to_nothing_looks_like_it():
    image, values = picture("top left"), np.zeros((S, S))
    plain = opened(overlay(image, values))
    values[:8, :8] = 0.001
    assert np.abs(opened(overlay(image, values, least=0.05, marked=0.01)) - plain).max() <= 5
    assert np.abs(opened(overlay(image, values)) - plain).max() > 50


def test_the_strongest_places_are_marked_as_far_as_they_are_noticed():
    values = np.zeros((S, S))
    values[4, 4], values[20, 20] = 0.5, -0.1
    image = np.full((S, S, 3), 90, np.uint8)
    both, one = (opened(overlay(image, values, marked=marked)) for marked in (0.1, 0.2))
    (plus, minus), unit = ((4.5, 20.5), SIDE / S)
    at = [(round(row * unit), round(row * unit)) for row in (plus, minus)]
    assert all((both[place] == 255).all() for place in at)
    assert (one[at[0]] == 255).all() and not (one[at[1]] == 255).all()
    above = round(plus * unit) - 5, round(minus * unit) - 5  # the upright stroke, which a minus lacks
    assert (both[above[0], at[0][1]] == 255).all() and (both[above[1], at[1][1]] == 0).all()


def test_an_overlay_draws_the_borders_of_superpixels_on_light_and_on_dark():
    image = np.zeros((S, S, 3), np.uint8)
    image[:, 12:] = 255
    parts = np.repeat(np.arange(S) // 6, S).reshape(S, S)
    drawn = opened(overlay(image, np.zeros((S, S)), parts=parts))
    assert drawn[SIDE // 4, 10, 0] > 127 > drawn[SIDE // 4, -10, 0]
    assert (opened(overlay(image, np.zeros((S, S)), parts=np.zeros((S, S), int)))[SIDE // 4, 10] == 0).all()


def test_an_overlay_is_the_same_bytes_each_time_and_takes_no_map_of_another_size():
    image = picture("top left")
    assert overlay(image, np.eye(S)) == overlay(image, np.eye(S))
    for values in (np.zeros((S, S + 1)), np.full((S, S), np.nan)):
        with pytest.raises(ValueError, match="finite numbers"):
            overlay(image, values)


@pytest.mark.parametrize(
    ("at", "words"), [((0, 0), "top left"), ((0, 4), "top"), ((4, 4), "middle"), ((8, 3), "bottom"), ((4, 8), "right")]
)
def test_a_place_has_words(at: tuple[int, int], words: str):
    values = np.zeros((9, 9))
    values[at] = 1
    assert peak(values) == at and place_of(values) == words


def test_of_a_flat_top_the_peak_is_within_it():
    values = np.zeros((9, 9))
    values[2:7, 1] = values[6, 1:8] = 1  # bent: its mean lies outside
    assert values[peak(values)] == 1
    assert place_of(np.zeros((9, 9))) == "middle"


@given(seeds, st.integers(1, 30))
@FEW
def test_the_most_alike_come_first_by_their_angle_alone(seed: int, n: int):
    rng = np.random.default_rng(seed)
    rows, one = rng.normal(size=(20, 5)), rng.normal(size=5)
    found = most_similar(one, rows, n)
    expected = rows @ one / np.linalg.norm(rows, axis=1) / np.linalg.norm(one)
    assert len(found.indices) == min(n, 20)
    assert np.allclose(found.cosines, np.sort(expected)[::-1][:n], atol=1e-5)
    assert (most_similar(7 * one, rows * rng.uniform(1, 9, (20, 1)), n).indices == found.indices).all()


def test_features_of_length_nought_are_like_nothing():
    found = most_similar(np.array([1.0, 0.0]), np.array([[0.0, 0.0], [2.0, 0.0], [-1.0, 0.0]]), 3)
    assert found.indices.tolist() == [1, 0, 2] and found.cosines.tolist() == [1, 0, -1]
    assert not most_similar(np.zeros(2), np.eye(2), 2).cosines.any()


@pytest.mark.parametrize(
    ("one", "rows", "n"), [((2,), (3, 3), 1), ((2, 2), (3, 2), 1), ((2,), (2,), 1), ((2,), (3, 2), 0)]
)
def test_features_that_do_not_fit_are_refused(one: tuple[int, ...], rows: tuple[int, ...], n: int):
    with pytest.raises(ValueError, match="features"):
        most_similar(np.zeros(one), np.zeros(rows), n)


@pytest.fixture(scope="module")
def reader(digits) -> Trained:
    """A small CNN that has learned a hundred of each digit."""
    rows, _ = digits.split(100)
    return train(digits.x[rows], np.eye(10)[digits.y[rows]], np.ones(len(rows)), TrainingConfig(epochs=6))


def stroke(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return image[..., 0] > 100


def of_digits(reader: Trained, digits, n: int = 6) -> list[NDArray[np.uint8]]:
    """Held-out pictures that it reads rightly and surely."""
    _, rest = digits.split(100)
    sure = predict(reader, digits.x[rest])[np.arange(len(rest)), digits.y[rest]]
    return [digits.x[row] for row in rest[np.argsort(-sure)[:n]]]


def explained(reader: Trained, image: NDArray[np.uint8]) -> tuple[int, Lime, NDArray[np.float64]]:
    def ask(x: NDArray[np.uint8]) -> NDArray[np.float32]:
        return predict(reader, x)

    label = int(ask(image[None]).argmax())
    return label, lime(ask, image, label, samples=300), occlusion(ask, image, label)


def test_of_a_digit_the_parts_that_matter_matter(reader, digits):
    """Hiding the parts that LIME names lowers the probability further than hiding as many others."""
    for image in of_digits(reader, digits):
        label, found, _ = explained(reader, image)
        order = np.argsort(-found.weights)
        without = [image.copy(), image.copy()]
        for hidden, chosen in zip(without, (order[:6], order[-6:]), strict=True):
            blurred = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(4)))
            hidden[np.isin(found.parts, chosen)] = blurred[np.isin(found.parts, chosen)]
        named, others = predict(reader, np.stack(without))[:, label]
        assert named < others


def test_a_patch_where_occlusion_points_costs_more_than_where_it_does_not(reader, digits):
    for image in of_digits(reader, digits):
        label, _, fallen = explained(reader, image)
        covered = [image.copy(), image.copy()]
        for hidden, (row, column) in zip(covered, (peak(fallen), peak(-fallen)), strict=True):
            hidden[max(row - 4, 0) : row + 4, max(column - 4, 0) : column + 4] = 128
        there, elsewhere = predict(reader, np.stack(covered))[:, label]
        assert there < elsewhere


def test_grad_cam_of_a_digit_lies_on_its_strokes(reader, digits):
    network = reader.model()
    on, off = [], []
    for image in of_digits(reader, digits):
        with torch.inference_mode():
            maps = network.body.maps(to_tensor(image[None]))[0]
        label = int(predict(reader, image[None]).argmax())
        found = grad_cam(maps, lambda seen: network.classify(network.body.pooled(seen)), label, len(image))
        on.append(found[stroke(image)].mean())
        off.append(found[~stroke(image)].mean())
    assert np.mean(on) > np.mean(off)


def test_the_digits_most_like_a_digit_are_the_same_digit(reader, digits):
    learned, rest = digits.split(100)
    table, asked = features(reader, digits.x[learned]), features(reader, digits.x[rest[:40]])
    same = [
        (digits.y[learned][most_similar(one, table, 5).indices] == digits.y[row]).mean()
        for one, row in zip(asked, rest[:40], strict=True)
    ]
    assert np.mean(same) > 0.9
