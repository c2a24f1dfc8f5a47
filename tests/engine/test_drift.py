import numpy as np
import pytest
from scipy.stats import ks_2samp

from learning.engine.drift import shift


def outputs(n, mix, seed):
    """(n, 3) probabilities of a model that is mostly right; `mix` are the classes' shares."""
    rng = np.random.default_rng(seed)
    sharp = np.full((3, 3), 1.0) + 8 * np.eye(3)
    return np.stack([rng.dirichlet(sharp[cls]) for cls in rng.choice(3, n, p=mix)])


EVEN = [1 / 3, 1 / 3, 1 / 3]


def test_the_same_kind_of_pictures_is_rarely_called_unlike():
    told = [shift(outputs(200, EVEN, 2 * seed), outputs(200, EVEN, 2 * seed + 1)) for seed in range(100)]
    assert sum(one.shifted for one in told) <= 8
    changed = [one for one in told if any(share.change for share in one.classes)]
    assert len(changed) <= 10


def test_another_mix_of_classes_is_found_and_named():
    told = shift(outputs(300, EVEN, 0), outputs(300, [0.6, 0.3, 0.1], 1))
    assert told.shifted and told.p_value < 0.001
    assert [share.change for share in told.classes] == [1, 0, -1]
    assert told.classes[0].before == pytest.approx(0.33, abs=0.05)
    assert told.classes[0].now == pytest.approx(0.52, abs=0.06)


def test_less_sure_outputs_are_unlike_though_no_class_comes_more_often():
    flat = 0.5 * outputs(300, EVEN, 1) + 0.5 / 3
    told = shift(outputs(300, EVEN, 0), flat)
    assert told.shifted and {share.change for share in told.classes} == {0}


def test_the_figure_is_scipys_corrected_for_as_many_tests():
    before, now = outputs(120, EVEN, 0), outputs(80, EVEN, 1)
    told = shift(before, now)
    each = [ks_2samp(before[:, k], now[:, k], method="asymp").pvalue for k in range(3)]
    assert [share.p_value for share in told.classes] == pytest.approx(each)
    assert told.p_value == pytest.approx(min(1, 3 * min(each)))


def test_of_too_few_pictures_nothing_is_said():
    assert shift(outputs(49, EVEN, 0), outputs(300, EVEN, 1)) is None
    assert shift(outputs(300, EVEN, 0), outputs(49, EVEN, 1)) is None


def test_outputs_that_never_vary_are_no_shift():
    same = np.full((60, 3), 1 / 3, dtype=np.float32)
    told = shift(same, same[:55])
    assert (told.shifted, told.p_value) == (False, 1.0)
    assert {share.change for share in told.classes} == {0}


def test_samples_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="same classes"):
        shift(outputs(60, EVEN, 0), outputs(60, EVEN, 0)[:, :2])
    with pytest.raises(ValueError, match="risk"):
        shift(outputs(60, EVEN, 0), outputs(60, EVEN, 0), risk=0)
