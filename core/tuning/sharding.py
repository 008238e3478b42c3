"""Shard a student that is too large for one GPU over a process group (torch's ``fully_shard``).

Each process holds a part of the frozen weights and fetches a layer's other parts while it is used. Trained parameters
stay whole in every process: an adapter is small, so its gradients are summed and saved as usual.
"""

from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from core.tuning.process_group import ProcessGroup


def shard_weights(tuned: Any, group: ProcessGroup) -> None:
    """Shard the frozen weights of a PEFT model over the group, layer by layer, and move this process's part and all
    trained parameters to its device.

    From then on every process must make the same number of forward and backward passes. Only the language model's
    layers are fetched one by one; everything else (vision tower, embeddings, output layer) is fetched for a whole pass,
    so that the processes need not have batches with images at the same time.
    """
    trained = {parameter for parameter in tuned.parameters() if parameter.requires_grad}
    for parameter in trained:
        parameter.data = parameter.data.to(group.device)
    mesh = init_device_mesh(group.device.type, (group.size,))
    for child in tuned.get_base_model().get_decoder().children():
        for layer in child if isinstance(child, torch.nn.ModuleList) else ():
            fully_shard(layer, mesh=mesh, ignored_params=trained)
    fully_shard(tuned, mesh=mesh, ignored_params=trained)
