"""Embeddings of instructions by a local teacher: the mean of its last hidden states, the plainest there is.

Only for the experiment's arm that compares instructions; the method itself embeds nothing. Knows a loaded model.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from core.teacher.local import TOKENS_A_BATCH, LocalTeacher, batches


@torch.inference_mode()
def embed(teacher: LocalTeacher, texts: Sequence[str]) -> NDArray[np.float64]:
    """One row for each text, of the model's hidden size; a text beyond the teacher's limit is read up to it."""
    encoded = [tokens[: int(min(teacher.limit, TOKENS_A_BATCH))] for tokens in teacher.encode(texts)]
    found: list[NDArray[np.float64] | None] = [None] * len(texts)
    for batch in batches(range(len(encoded)), encoded, room=0):
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
