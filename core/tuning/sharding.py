"""A student too large for one GPU, dealt over those of a process group (torch's ``fully_shard``): each process holds a
part of the frozen weights and fetches a layer's others while it is used.

What is trained stays whole in every process: an adapter is small, and so a run sums its gradients and saves it as ever.
Knows models as PEFT wraps them; nothing of runs.
"""

from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from core.tuning.process_group import ProcessGroup


def shard_weights(tuned: Any, group: ProcessGroup) -> None:
    """Deals the frozen weights of a PEFT model over the processes of the group, layer by layer, and moves this one's
    part and all that is trained from where they are to its device.

    From then on every process has to make as many forward and backward passes as the others. Only the layers of the
    language model come and go; what is around them (the vision tower, embeddings, the output layer) is fetched for a
    whole pass, so that it is no matter in which of the processes a batch has images.
    """
    trained = {parameter for parameter in tuned.parameters() if parameter.requires_grad}
    for parameter in trained:
        parameter.data = parameter.data.to(group.device)
    mesh = init_device_mesh(group.device.type, (group.size,))
    for child in tuned.get_base_model().get_decoder().children():
        for layer in child if isinstance(child, torch.nn.ModuleList) else ():
            fully_shard(layer, mesh=mesh, ignored_params=trained)
    fully_shard(tuned, mesh=mesh, ignored_params=trained)
