"""Export the demo's teacher as GGUF: ``python export_gguf.py WEIGHTS.npz TEACHER_FOLDER OUT.gguf``.

Runs in the environment with ``gguf`` (``make llama``), which is not Switchpoint's own; so it takes the weights as numpy
arrays. The teacher splits words by a pattern and looks each up; llama.cpp's "rwkv" tokenizer, which always takes the
longest known token, gives the same tokens for texts of known words. The chat template is the user's turn unchanged: the
teacher was trained on texts, not chats.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np

TEMPLATE = "<s>{% for m in messages %}{% if m['role'] == 'user' %}{{ m['content'] }}{% endif %}{% endfor %}"


def rope_order(weights: np.ndarray, heads: int) -> np.ndarray:
    """Convert transformers' order of rotary halves to ggml's pairs."""
    size = weights.shape[0] // heads // 2
    return weights.reshape(heads, 2, size, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def main(weights: str, teacher: str, out: str) -> None:
    config = json.loads((Path(teacher) / "config.json").read_text())
    vocabulary = json.loads((Path(teacher) / "tokenizer.json").read_text())["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    heads = config["num_attention_heads"]
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_name("demo-teacher")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list([token.replace("\\", "\\\\").replace("\n", "\\n") for token in tokens])
    special = {"<pad>", "<unk>", "<s>", "</s>", "<image>"}
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([control if token in special else normal for token in tokens])
    writer.add_bos_token_id(vocabulary["<s>"])
    writer.add_eos_token_id(vocabulary["</s>"])
    writer.add_unk_token_id(vocabulary["<unk>"])
    writer.add_pad_token_id(vocabulary["<pad>"])
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for key, value in np.load(weights).items():
        array = rope_order(value, heads) if "q_proj" in key or "k_proj" in key else value
        writer.add_tensor(names.get_name(key, try_suffixes=(".weight", ".bias")), np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
