from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from learning.engine.growth import grown
from learning.engine.models import catalogue, registry, torchvision_nets
from learning.engine.models.body import Body
from learning.engine.models.heads import HEADS, CosineHead, build_head
from learning.engine.models.network import Standard, build
from learning.engine.models.small import small_cnn
from learning.engine.models.torchvision_nets import WeightsMissing, pretrained
from learning.engine.training import TrainingConfig, predict, train
from learning.engine.vision import torchvision

TORCHVISIONS = sorted(torchvision_nets._DIMS)


def size_of(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("side", [1, 7, 32, 50])
def test_the_small_cnn_takes_any_size(side: int):
    network = build("small_cnn", 7, 3).eval()
    x = torch.zeros(2, 3, side, side)
    assert network.features(x).shape == (2, 96) and network(x).shape == (2, 7)


def test_the_networks_for_small_pictures_are_as_large_as_they_say():
    sizes = {name: size_of(build(name, 10, 3)) for name in ("small_cnn", "cnn_1m", "resnet18_32")}
    assert 40_000 < sizes["small_cnn"] < 60_000
    assert 1_000_000 < sizes["cnn_1m"] < 1_100_000
    assert 11_000_000 < sizes["resnet18_32"] < 11_300_000


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(("backbone", "shape"), [("small_cnn", (3, 3, 32, 32)), ("head", (3, 12))])
def test_logits_are_the_heads_matrix_on_the_features(backbone, shape, head):
    network = build(backbone, 4, shape[1], head=head).eval()
    x = torch.randn(shape)
    by_hand = network.features(x) @ network.head.weight.T + network.head.bias
    assert torch.allclose(network(x), by_hand, atol=1e-5)


def test_features_are_standardised_and_a_constant_one_stays_finite():
    standard = Standard(2)
    x = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    standard.learn(x)
    assert torch.allclose(standard(x), torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))


def test_an_unknown_network_and_an_unknown_head_are_refused():
    with pytest.raises(ValueError, match="small_cnn"):
        build("resnet", 2, 3)
    with pytest.raises(ValueError, match="cosine"):
        build_head("square", 2, 3)


@pytest.mark.parametrize("name", TORCHVISIONS)
def test_torchvisions_networks_give_the_features_that_their_classifiers_see(name: str, tmp_path: Path):
    net = torchvision.models.get_model(name, weights=None).eval()
    save_file(net.state_dict(), tmp_path / f"{name}.safetensors")
    body, _ = pretrained(name, tmp_path)
    seen = {}
    last = {"vit_b_16": "encoder.ln", "convnext_tiny": "classifier.1"}.get(name, "avgpool")
    net.get_submodule(last).register_forward_hook(lambda _, __, out: seen.update(made=out))
    x = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        net((x - mean[:, None, None]) / deviation[:, None, None])
        made = body.eval()(2 * x - 1)
    expected = seen["made"][:, 1:].mean(dim=1) if name == "vit_b_16" else seen["made"].flatten(1)
    assert made.shape == (1, torchvision_nets._DIMS[name])
    assert torch.allclose(made, expected, atol=1e-4)


def test_torchvisions_own_file_is_read_by_its_name(tmp_path: Path):
    net = torchvision.models.resnet18()
    torch.save(net.state_dict(), tmp_path / "resnet18-f37072fd.pth")
    body, digest = pretrained("resnet18", tmp_path)
    assert "resnet18" in catalogue.at_hand(tmp_path) and "resnet50" not in catalogue.at_hand(tmp_path)
    assert torch.equal(body.blocks[0][0].weight, net.conv1.weight)
    assert digest == catalogue.digest((tmp_path / "resnet18-f37072fd.pth").read_bytes())


def test_a_file_of_another_network_or_of_code_is_refused(tmp_path: Path):
    save_file(torchvision.models.resnet50().state_dict(), tmp_path / "resnet18.safetensors")
    with pytest.raises(WeightsMissing, match="another network"):
        pretrained("resnet18", tmp_path)
    (tmp_path / "resnet50.pth").write_bytes(b"\x80\x04cposix\nsystem\n(S'true'\ntR.")
    with pytest.raises(WeightsMissing, match="damaged"):
        pretrained("resnet50", tmp_path)
    with pytest.raises(ValueError, match="from scratch"):
        pretrained("small_cnn", tmp_path)


def test_a_share_of_a_backbone_is_frozen_from_its_beginning_and_keeps_its_statistics():
    body = small_cnn(3)
    body.freeze(0.3)
    body.train()
    learnable = [any(p.requires_grad for p in block.parameters()) for block in body.blocks]
    assert learnable == [False, False, True]
    assert [block.training for block in body.blocks] == [False, False, True]
    before = body.blocks[0][2].running_mean.clone()
    body(torch.randn(4, 3, 32, 32))
    assert torch.equal(body.blocks[0][2].running_mean, before)
    body.freeze(1.0)
    assert not any(p.requires_grad for p in body.parameters())
    body.freeze(0.0)
    assert all(p.requires_grad for p in body.parameters())


def test_an_own_backbone_is_a_function_with_a_decorator_found_by_its_entry_point(monkeypatch, digits):
    def mine(channels: int) -> nn.Module:
        return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(channels * 16, 32), nn.ReLU())

    registry.get("small_cnn")  # all others are there
    monkeypatch.setattr(registry, "_backbones", dict(registry._backbones))
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [EntryPoint("mine", "nowhere:mine", group)])
    registry.backbone("mine", side=16)(mine)
    x, y = digits.x[:200, ::2, ::2], digits.y[:200]
    trained = train(x, np.eye(10)[y], np.ones(200), TrainingConfig(epochs=10), network="mine")
    assert "mine" in catalogue.at_hand("nowhere")
    assert (predict(trained, x).argmax(axis=1) == y).mean() > 0.8
    with pytest.raises(ValueError, match="two backbones"):
        registry.backbone("mine", side=16)(mine)


def test_a_backbone_that_makes_no_features_is_refused(monkeypatch):
    registry.get("small_cnn")  # all others are there
    monkeypatch.setattr(registry, "_backbones", dict(registry._backbones))
    registry.backbone("odd", side=8)(lambda channels: nn.Flatten(start_dim=2))
    with pytest.raises(ValueError, match="odd makes neither"):
        registry.get("odd").body()


def test_a_body_of_one_module_has_its_features_for_stages():
    body = Body([nn.Flatten()], dim=12)
    assert [stage.shape for stage in body.stages(torch.zeros(2, 3, 2, 2))] == [(2, 12)]


def test_prototypes_begin_as_the_mean_directions_and_tell_a_handful_apart():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 4
    x = (2 * np.eye(4, 8)[y] + rng.normal(size=(200, 8))).astype(np.float32)
    head = CosineHead(8, 4)
    head.imprint(torch.from_numpy(x[:8]), torch.eye(4)[y[:8]])
    assert torch.allclose(head.prototypes.norm(dim=1), torch.ones(4))
    assert (head(torch.from_numpy(x)).argmax(dim=1).numpy() == y).mean() > 0.6
    config = TrainingConfig(head="cosine", min_steps=50)
    trained = train(x[:8], np.eye(4)[y[:8]], np.ones(8), config, network="head")
    assert (predict(trained, x).argmax(axis=1) == y).mean() > 0.6


@pytest.mark.parametrize("head", HEADS)
def test_a_head_grows_by_a_class_without_forgetting_the_old(head):
    old, new = (build("head", k, 6, head=head).eval() for k in (3, 4))
    for parameter in old.parameters():
        nn.init.normal_(parameter, std=0.1)
    new.load_state_dict(grown(old.state_dict(), new.state_dict(), "head"))
    x = torch.randn(5, 6)
    assert torch.allclose(new(x)[:, :3], old(x), atol=1e-6)


def test_weights_of_another_kind_don_t_grow():
    with pytest.raises(ValueError, match="share no tensor"):
        grown({"w": torch.zeros(2)}, build("head", 3, 6).state_dict(), "head")
