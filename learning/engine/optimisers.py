"""AdamW's state by the names of a network's parameters, so that it survives a file and a class more."""

from typing import Any

import torch
from torch import Tensor, nn

_KEYS = ("exp_avg", "exp_avg_sq", "step")


def told(optimiser: torch.optim.AdamW, model: nn.Module) -> dict[str, Tensor]:
    """“parameter/key” → tensor; nothing of a parameter that no step has moved."""
    return {
        f"{name}/{key}": state[key].detach().cpu().clone()
        for name, parameter in model.named_parameters()
        if (state := optimiser.state.get(parameter))
        for key in _KEYS
    }


def known(optimiser: torch.optim.AdamW, model: nn.Module, state: dict[str, Tensor]) -> dict[str, Any]:
    """A state dictionary for the optimiser: what `told` has told of the parameters that are there. Rows that a
    parameter has grown by have no history; a parameter of another shape begins afresh."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    learnable = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    kept = {
        place: found
        for place, parameter in enumerate(learnable)
        if (found := _of_one(names[id(parameter)], parameter, state))
    }
    return {"state": kept, "param_groups": optimiser.state_dict()["param_groups"]}


def _of_one(name: str, parameter: Tensor, state: dict[str, Tensor]) -> dict[str, Tensor] | None:
    if f"{name}/step" not in state:
        return None
    average = state[f"{name}/exp_avg"]
    if average.shape[1:] != parameter.shape[1:] or average.ndim != parameter.ndim:
        return None
    return {key: _sized(state[f"{name}/{key}"], parameter, key) for key in _KEYS}


def _sized(tensor: Tensor, parameter: Tensor, key: str) -> Tensor:
    if key == "step" or tensor.shape == parameter.shape:
        return tensor.clone()  # it is counted on in place
    blank = torch.zeros_like(parameter)
    rows = min(len(tensor), len(blank))
    blank[:rows] = tensor[:rows]
    return blank
