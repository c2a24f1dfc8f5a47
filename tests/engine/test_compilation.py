"""Compiled or not, a network learns and says the same; where it can't be compiled it goes on as it is."""

import logging
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from torch._dynamo.backends.common import aot_autograd

from learning.engine import compilation
from learning.engine.prediction import logits
from learning.engine.training import Checkpoints, TrainingConfig, train

QUICK = TrainingConfig(epochs=1, min_steps=4, batch_size=16)


@pytest.fixture
def compiled(monkeypatch):
    """Always, by a backend that needs no compiler of the machine's."""

    def choose(backend="aot_eager"):
        monkeypatch.setattr(compilation, "_mode", "always")
        monkeypatch.setattr(compilation, "_BACKEND", backend)

    yield choose
    torch.compiler.reset()


def learned(digits, config=QUICK, **options):
    return train(digits.x[:40], np.eye(10)[digits.y[:40]], np.ones(40), config, **options)


def fail(graph, inputs):
    raise RuntimeError("there is no compiler")


def test_a_compiled_training_comes_to_the_same_weights_under_the_same_names(digits, compiled, caplog):
    config = replace(QUICK, learning_loss=0.2, ema=0.9)
    plain, graphs = learned(digits, config), []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    compiled(backend)
    with caplog.at_level(logging.WARNING):
        made = learned(digits, config)
    assert graphs and not caplog.records
    assert list(made.state_dict) == list(plain.state_dict)
    assert all(torch.allclose(made.state_dict[name], plain.state_dict[name], atol=1e-4) for name in plain.state_dict)


def test_a_compiled_prediction_says_the_same(digits, compiled, caplog):
    model = learned(digits).model()
    plain = logits(model, digits.x[:30], batch=16)
    compiled()
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(logits(model, digits.x[:30], batch=16), plain, atol=1e-4)
    assert not caplog.records


def test_a_compiled_training_goes_on_from_the_checkpoint_of_a_plain_one(digits, compiled):
    kept: list[bytes] = []
    plain = learned(digits, checkpoints=Checkpoints(None, kept.append, seconds=0.0))
    compiled("eager")
    made = learned(digits, checkpoints=Checkpoints(kept[1], kept.append, seconds=0.0))
    assert all(torch.allclose(made.state_dict[name], plain.state_dict[name], atol=1e-4) for name in plain.state_dict)
    assert not any("_orig_mod" in name for name in torch.load(BytesIO(kept[-1]), weights_only=True)["model"])


def test_without_a_compiler_it_is_said_and_learned_as_before(digits, compiled, caplog):
    plain = learned(digits)
    expected = logits(plain, digits.x[:30])
    compiled(fail)
    with caplog.at_level(logging.WARNING):
        made, said = learned(digits), logits(plain, digits.x[:30])
    assert all(torch.equal(made.state_dict[name], plain.state_dict[name]) for name in plain.state_dict)
    assert np.array_equal(said, expected)
    assert [record.message.count("there is no compiler") for record in caplog.records] == [1, 1]


def test_gradients_that_cannot_be_compiled_are_no_end_either(digits, compiled, caplog):
    compiled(aot_autograd(fw_compiler=lambda graph, inputs: graph.forward, bw_compiler=fail))
    with caplog.at_level(logging.WARNING):
        made = learned(digits)
    assert "there is no compiler" in caplog.text and all(map(np.isfinite, made.loss))


def test_an_error_of_the_network_itself_is_no_compilers(digits, compiled, monkeypatch):
    compiled("eager")
    model = learned(digits).model()

    def broken(x):
        raise KeyError("broken")

    monkeypatch.setattr(model, "forward", broken)
    with pytest.raises(KeyError, match="broken"):
        logits(model, digits.x[:5])


def test_it_pays_on_a_gpu_and_in_a_long_run(monkeypatch):
    assert not compilation.pays(10**9)
    monkeypatch.setattr(compilation, "chosen", lambda: torch.device("cuda"))
    assert compilation.pays(compilation.PAYS_FROM) and not compilation.pays(compilation.PAYS_FROM - 1)
    monkeypatch.setattr(compilation, "_mode", "never")
    assert not compilation.pays(10**9)


def test_another_word_for_when_is_refused():
    with pytest.raises(ValueError, match="not 'sometimes'"):
        compilation.choose("sometimes")
    assert compilation.mode() == "auto"
