"""Students of a few hundred kilobytes with random weights, for tests of any package.

They use the classes of LLaVA-1.5-7B, LLaVA-OneVision-7B, Qwen2-VL-7B and Qwen2.5-VL-7B, with a word-level tokenizer
and the image processors that need no torchvision. They answer nonsense, through the same code as real students.
"""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForImageTextToText,
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaOnevisionConfig,
    LlavaOnevisionImageProcessorPil,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2VLConfig,
    Qwen2VLImageProcessorPil,
)

from core.atomic_files import write_folder

TEXT = "What is the sum of difference digit in A1 B2 and Step answer . : ? plus minus equals The USER ASSISTANT"
VISION = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 16,
}
NUMBERS = [str(number) for number in range(30)]
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
LLAVA_TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'user' %}<s>USER:"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<image>{% else %} {{ c['text'] }}{% endif %}{% endfor %}"
    "{% else %} ASSISTANT: {{ m['content'][0]['text'] }}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)
QWEN_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

ONEVISION_TEMPLATE = (  # like the original, which has a space in a recorded reply that is not in the prompt
    "{% for m in messages %}<|im_start|>{{ m['role'] + ' ' }}{% for c in m['content'] %}{% if c['type'] == 'image' %}"
    "<image>{% endif %}{% endfor %}{% for c in m['content'] if c['type'] == 'text' %}{% if m['role'] != 'assistant' %}"
    "{{ '\\n' + c['text'] }}{% else %}{% generation %}{{ '\\n' + c['text'] }}{% endgeneration %}{% endif %}"
    "{% endfor %}<|im_end|>{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def tokenizer(*extra: str, eos: str = "</s>") -> PreTrainedTokenizerFast:
    """Word-level: a word with its leading space is one token; ``extra`` are special tokens."""
    pieces = [*SPECIAL, *extra, "\n", " ", "user", "assistant"]
    pieces += [form for word in [*TEXT.split(), *NUMBERS] for form in (word, " " + word)]
    split = pre_tokenizers.Split(Regex(r" ?\w+| ?[^\w\s]|\s"), "isolated")
    words = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(dict.fromkeys(pieces))}, unk_token="<unk>"))
    words.pre_tokenizer = split
    words.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token=eos,
        additional_special_tokens=list(extra),
        model_max_length=512,
    )


def save_llava(folder: Path) -> Path:
    """A ``LlavaForConditionalGeneration`` with its ``LlavaProcessor``; images of any size become 4 tokens."""
    words = tokenizer("<image>")
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(patch_size=8, projection_dim=16, **VISION),
        text_config=language(words),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
    )
    images = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16})
    save_weights(AutoModelForImageTextToText, config, folder)
    LlavaProcessor(
        image_processor=images,
        tokenizer=words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA_TEMPLATE,
    ).save_pretrained(folder)
    return folder


def publish_adapter(tuned: Any, folder: Path) -> Path:
    """Save an adapter as a finished run does, with the manifest that loading one requires."""
    return write_folder(folder, lambda draft: tuned.save_pretrained(str(draft), save_embedding_layers=False))


def save_onevision(folder: Path) -> Path:
    """A ``LlavaOnevisionForConditionalGeneration`` that cuts an image into up to 9 tiles of 16 pixels a side."""
    extra = ["<image>", "<video>", "<|im_start|>", "<|im_end|>"]
    words = tokenizer(*extra, eos="<|im_end|>")
    sides = (16, 32, 48)
    grid = [[height, width] for height in sides for width in sides]
    config = LlavaOnevisionConfig(
        vision_config={"model_type": "siglip_vision_model", "patch_size": 4, "vision_use_head": False, **VISION},
        text_config=language(words).to_dict() | {"model_type": "qwen2"},
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=grid,
        vision_aspect_ratio="anyres_max_4",
    )
    save_weights(AutoModelForImageTextToText, config, folder)
    images = LlavaOnevisionImageProcessorPil(size={"height": 16, "width": 16}, image_grid_pinpoints=grid)
    settings = {
        "processor_class": "LlavaOnevisionProcessor",
        "num_image_tokens": 16,
        "vision_feature_select_strategy": "full",
        "vision_aspect_ratio": "anyres_max_4",
    }
    return _saved(folder, words, images, settings, ONEVISION_TEMPLATE)


def save_qwen(folder: Path) -> Path:
    """A ``Qwen2VLForConditionalGeneration`` saved like the original, without a video processor."""
    return _save_qwen(folder, Qwen2VLConfig, {"embed_dim": 16, "hidden_size": 32, "mlp_ratio": 2})


def save_qwen25(folder: Path) -> Path:
    """A ``Qwen2_5_VLForConditionalGeneration`` with window attention in every second layer of its image encoder."""
    sizes = {"hidden_size": 16, "intermediate_size": 32, "out_hidden_size": 32}
    return _save_qwen(folder, Qwen2_5_VLConfig, {**sizes, "window_size": 16, "fullatt_block_indexes": [1]})


def _save_qwen(folder: Path, kind: type[Any], vision: dict[str, Any]) -> Path:
    extra = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    words = tokenizer(*extra, eos="<|im_end|>")
    patches = {"patch_size": 4, "temporal_patch_size": 1}
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    config = kind(
        text_config=language(words).to_dict() | {"rope_parameters": rope},
        vision_config={"depth": 2, "num_heads": 2, "spatial_merge_size": 2, "in_channels": 3, **patches, **vision},
        image_token_id=words.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=words.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=words.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=words.convert_tokens_to_ids("<|vision_end|>"),
    )
    save_weights(AutoModelForImageTextToText, config, folder)
    size = {"shortest_edge": 16 * 16, "longest_edge": 32 * 32}
    images = Qwen2VLImageProcessorPil(merge_size=2, size=size, **patches)
    settings = {"processor_class": kind.__name__.replace("Config", "Processor")}
    return _saved(folder, words, images, settings, QWEN_TEMPLATE)


def _saved(folder: Path, words: Any, images: Any, settings: dict[str, Any], template: str) -> Path:
    """Write the files beside the weights by hand: these processors cannot be built without torchvision."""
    images.save_pretrained(folder)
    words.chat_template = template
    words.save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps(settings))
    return folder


def save_weights(kind: type[Any], config: Any, folder: Path) -> None:
    """Save a model of that kind with random weights, the same each time."""
    torch.manual_seed(0)
    kind.from_config(config).save_pretrained(folder)


def language(words: PreTrainedTokenizerFast, **changed: Any) -> LlamaConfig:
    """A language model of two small layers for the tokenizer's words."""
    usual = {
        "vocab_size": len(words),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 512,
        "initializer_range": 0.2,  # large enough that a few updates of an adapter change what the model says
        "bos_token_id": 2,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": 0,
    }
    return LlamaConfig(**usual | changed)
