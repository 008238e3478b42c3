"""The demo's tokenizer and its two untrained models, of the same classes as real students and teachers."""

import random
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from assets.demo.items import draw_item, rationale
from assets.demo.scene import COLOURS, SHAPES
from assets.demo.world import FAMILIES, MIXES, SKILLS, TARGETS, WORDS
from core.prompts import label_prompt, skill_prompt, teacher_header
from core.types import Sample

SPECIAL = ("<pad>", "<unk>", "<s>", "</s>", "<image>")
# Cell names and option letters are single tokens, so that a value is adjacent to its place.
SPLIT = r" ?\([A-D]\)| ?[AB][12]:?| ?\w+| ?[^\w\s]|\s"
WIDTH, PATCHES = 128, 16
# LLaVA-1.5's template, with the end of the turn written out.
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'].upper() + ':' }}{% if message['role'] == 'user' %}{{ ' ' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>\\n' }}{% endif %}{% endfor %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{{ ' ' }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ ' ' + part['text'] }}{% endif %}{% endfor %}"
    "{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)


def _texts() -> Iterator[str]:
    """Texts that contain every word the models may meet."""
    rng = random.Random(0)
    for family in (*FAMILIES, *TARGETS):
        for _ in range(60):
            item = draw_item(family, rng, "pretrain")
            sample = Sample(source_id="0", question=item.question, options=item.options, answer=item.answer)
            steps = tuple(step.text for step in item.steps)
            yield teacher_header(sample, 0.6) + " " + rationale(item.steps)
            yield skill_prompt(sample, steps, 1, 0)
            yield label_prompt(sample, 0)
    yield from (f" {phrase}; {phrase}." for phrases in SKILLS.values() for phrase in phrases)
    yield from (
        f" {word} The answer {word} holds" for word in (*COLOURS, *SHAPES, *WORDS, *MIXES.values(), "even", "odd")
    )
    yield from (f" {number}%" for number in range(131))
    yield " "
    yield "USER: <image>\nWhat ASSISTANT: Describe the image. Step is wrong correct (A) (B) (C) (D)\nOptions: Question"


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A word-level tokenizer for the world's words that starts every text with <s>, like Llama's."""
    splitter = pre_tokenizers.Split(Regex(SPLIT), "isolated")
    vocabulary = {token: index for index, token in enumerate(SPECIAL)}
    for text in _texts():
        for word, _ in splitter.pre_tokenize_str(text):
            vocabulary.setdefault(word, len(vocabulary))
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # a special token  # nosec B106
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>",  # nosec B106
        extra_special_tokens={"image_token": "<image>"}, padding_side="left", model_max_length=512,  # nosec B105
        clean_up_tokenization_spaces=False,
    )  # fmt: skip


def _language(words: int, layers: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=words, hidden_size=WIDTH, intermediate_size=3 * WIDTH, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=512, bos_token_id=2, eos_token_id=3,
        pad_token_id=0, tie_word_embeddings=True,
    )  # fmt: skip


def vision_config() -> CLIPVisionConfig:
    """A CLIP tower for 64×64 pixels in 16 patches, four for each cell."""
    return CLIPVisionConfig(hidden_size=WIDTH, intermediate_size=3 * WIDTH, num_hidden_layers=3, num_attention_heads=4,
                            image_size=64, patch_size=16, projection_dim=WIDTH)  # fmt: skip


def make_student(words: int) -> LlavaForConditionalGeneration:
    """An untrained LLaVA: CLIP tower, projector, Llama."""
    return LlavaForConditionalGeneration(
        LlavaConfig(vision_config=vision_config(), text_config=_language(words, 4), image_token_id=4,
                    image_seq_length=PATCHES, vision_feature_layer=-1, vision_feature_select_strategy="default",
                    tie_word_embeddings=True)
    )  # fmt: skip


def make_teacher(words: int) -> LlamaForCausalLM:
    """An untrained text-only Llama."""
    model = LlamaForCausalLM(_language(words, 4))
    torch.nn.init.normal_(model.model.embed_tokens.weight, std=0.15)
    return model


def make_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """LLaVA's own processor with the Pillow image processor (without torchvision)."""
    images = CLIPImageProcessorPil(size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64})
    return LlavaProcessor(image_processor=images, tokenizer=tokenizer, patch_size=16, image_token="<image>",  # nosec B106
                          vision_feature_select_strategy="default", num_additional_image_tokens=1,
                          chat_template=CHAT_TEMPLATE)  # fmt: skip


def save(model: torch.nn.Module, folder: Path) -> None:
    """Save weights as bfloat16 safetensors (half the size, no measurable loss in models this small)."""
    state = {name: value.to(torch.bfloat16) for name, value in model.state_dict().items()}
    model.config.dtype = torch.bfloat16
    model.save_pretrained(folder, state_dict=state)
