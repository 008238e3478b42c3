"""Tiny causal language models with random weights, and tokenizers, of several families, for tests of the teacher."""

from collections.abc import Callable
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

SPECIAL = ["<unk>", "<s>", "</s>"]
TEXT = (
    "Question: What is the sum of the two digits? (A) 11 (B) 12 (C) 16 (D) 17 The answer is 16. Option (B) 12 holds a "
    "60% probability of being correct. Step 1: The left digit is 9. Step 2: The right digit is 7. Step 3: 9 plus 7 "
    "is 16. The correct answer is 11. The first wrong step is Step 1: Missing skill: reading handwritten digits. "
    "strawberry straw"
)
SIZES = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
GROUPED = {**SIZES, "intermediate_size": 96, "num_key_value_heads": 2}
CONFIGS: dict[str, Callable[[int], Any]] = {
    "llama": lambda words: LlamaConfig(vocab_size=words, max_position_embeddings=512, **GROUPED),
    "qwen2": lambda words: Qwen2Config(vocab_size=words, max_position_embeddings=512, **GROUPED),
    "gpt-neox": lambda words: GPTNeoXConfig(
        vocab_size=words, max_position_embeddings=512, intermediate_size=96, **SIZES
    ),
    "mistral": lambda words: MistralConfig(vocab_size=words, max_position_embeddings=512, sliding_window=40, **GROUPED),
    "bloom": lambda words: BloomConfig(vocab_size=words, hidden_size=48, n_layer=2, n_head=4),
    "mamba": lambda words: MambaConfig(vocab_size=words, hidden_size=48, num_hidden_layers=2, state_size=8),
}


def make_model(family: str, *, words: int = 300, attention: str | None = None) -> Any:
    """A random model of the family, with weights large enough that attention changes the output."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(CONFIGS[family](words), attn_implementation=attention)
    for weights in model.parameters():
        if weights.dim() > 1:
            weights.data.mul_(4)
    return model.eval()


def byte_pairs() -> PreTrainedTokenizerFast:
    """Byte-level BPE as of GPT-2, Llama 3 and Qwen: words include their leading space; no special token is added."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=380, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator([TEXT], trainer)
    return _wrapped(made)


def sentence_pieces() -> PreTrainedTokenizerFast:
    """BPE as of Llama 2: a space before the first word, spaces as "▁", merges across words, <s> … </s>."""
    made = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    # Trained on short texts, so that merges form inside words and, as "s▁" here, across words.
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=SPECIAL, show_progress=False)
    made.train_from_iterator([*TEXT.split(". "), "is (", "is (", "is S", "7. The", "9. S"] * 3, trainer)
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return _wrapped(made)


def _wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<unk>"
    )


TOKENIZERS = {"byte pairs": byte_pairs, "sentence pieces": sentence_pieces}
