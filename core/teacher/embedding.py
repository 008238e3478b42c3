"""Embed instructions with a local teacher: the mean of its last hidden states.

Only for the experiment's arm that compares instructions; the method itself uses no embeddings.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from core.teacher.local import TOKENS_PER_BATCH, LocalTeacher, batch_by_length


@torch.inference_mode()
def embed(teacher: LocalTeacher, texts: Sequence[str]) -> NDArray[np.float64]:
    """The embeddings, shape (texts, hidden size); a text beyond the teacher's limit is truncated."""
    encoded = [tokens[: int(min(teacher.limit, TOKENS_PER_BATCH))] for tokens in teacher.encode(texts)]
    found: list[NDArray[np.float64] | None] = [None] * len(texts)
    for batch in batch_by_length(range(len(encoded)), encoded, room=0):
        longest = max(len(encoded[place]) for place in batch)
        ids = torch.zeros(len(batch), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, place in enumerate(batch):
            ids[row, : len(encoded[place])] = torch.tensor(encoded[place])
            mask[row, : len(encoded[place])] = 1
        ids, mask = ids.to(teacher.model.device), mask.to(teacher.model.device)
        states = teacher.model(ids, attention_mask=mask, output_hidden_states=True, logits_to_keep=1).hidden_states[-1]
        sums = (states.float() * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
        for row, place in enumerate(batch):
            found[place] = sums[row].double().cpu().numpy()
    return np.array(found, np.float64)
