import pytest
import torch

from learning.engine.networks import LinearHead, SmallCNN, build


@pytest.mark.parametrize("side", [1, 7, 32, 50])
def test_the_small_cnn_takes_any_size(side: int):
    network = SmallCNN(7).eval()
    x = torch.zeros(2, 3, side, side)
    assert network.features(x).shape == (2, 96) and network(x).shape == (2, 7)


def test_the_small_cnn_is_small():
    size = sum(parameter.numel() for parameter in SmallCNN(10).parameters())
    assert 40_000 < size < 200_000


def test_logits_are_the_head_on_the_features():
    network = SmallCNN(4, width=8).eval()
    x = torch.randn(3, 3, 16, 16)
    assert torch.allclose(network(x), network.head(network.features(x)))


def test_a_head_standardises_and_leaves_a_constant_feature_finite():
    head = LinearHead(2, 3)
    x = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    head.standardise(x)
    assert torch.allclose(head.features(x), torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="small_cnn"):
        build("resnet", 2, 3)
