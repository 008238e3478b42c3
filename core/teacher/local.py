"""The teacher on this machine: any transformers causal language model, with packed forwards and greedy decoding."""

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, StoppingCriteriaList

from core.answer_switch import candidates_of
from core.models.devices import choose_device, choose_dtype
from core.models.files import loading_error
from core.models.loading import load_weights
from core.phrases.replies import PHRASE_END, first_phrase
from core.prompts import answer_cue, candidate_text, teacher_header, teacher_step
from core.teacher.scoring import Branches, Scores, max_packed_length, packed_scores, packing_works, plain_scores
from core.types import Curve, Prediction, Sample, Settings, Skipped

TOKENS_PER_WORD = 2  # English skill phrases need about 1.4 with current tokenizers
TOKENS_PER_BATCH = 16_384
# With fewer tokens, a 7B model's forward ends before the next one is prepared. A CPU gains little from several
# rationales in one forward (assets/decisions/0008), so it takes them one by one.
GPU_PACK_TOKENS = 4_096

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One rationale to score: its tokenised texts, the length of the longest, and the fields of its curve."""

    place: int
    branches: Branches
    longest: int
    candidates: tuple[str, ...]
    truth: int
    predicted: int


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalTeacher:
    """A loaded causal language model and its tokenizer.

    ``opening`` are the special tokens at the start of a text, ``limit`` is the model's context length. Texts of up to
    ``reach`` tokens are scored in packed forwards of about ``nodes`` tokens, longer ones plainly (0: all of them).
    """

    name: str
    model: Any
    tokenizer: Any
    opening: tuple[int, ...]
    limit: float
    reach: float
    nodes: int = 1
    remark: str = ""

    def curves(
        self, items: Iterable[tuple[Sample, Prediction]], settings: Settings
    ) -> Iterator[tuple[int, Curve | Skipped]]:
        """See ``Teacher.curves``: cases of similar length together, shortest first."""
        by_length = sorted(enumerate(items), key=lambda each: _text_length(*each[1]))
        cases = (self._case(place, *item, settings) for place, item in by_length)
        longer: list[Case] = []
        for case, scores in packed_scores(self.model, self._packable(cases, longer), nodes=self.nodes):
            yield case.place, _curve(case, scores)
        for case in longer:
            yield case.place, self._beyond(case)

    def complete(self, prompts: Sequence[str], max_words: int) -> list[str]:
        """See ``Teacher.complete``; prompts of similar length are decoded together."""
        room = max_words * TOKENS_PER_WORD
        encoded = self.encode(prompts)
        texts = [""] * len(prompts)
        fitting = [place for place, tokens in enumerate(encoded) if len(tokens) + room <= self.limit]
        if len(fitting) < len(prompts):
            logger.warning("%d prompts are too long for %s", len(prompts) - len(fitting), self.name)
        for batch in batch_by_length(fitting, encoded, room):
            for place, text in zip(batch, self._continue([encoded[i] for i in batch], room), strict=True):
                texts[place] = text
        return texts

    def _case(self, place: int, sample: Sample, prediction: Prediction, settings: Settings) -> Case:
        if prediction.answer is None:
            raise ValueError(f"sample {sample.source_id}: an answer that could not be read has no curve")
        candidates, truth, predicted = candidates_of(sample, prediction.answer)
        branches = self._branches(sample, prediction.steps, candidates, settings)
        longest = max(len(tokens) for row in branches for tokens in row)
        return Case(
            place=place, branches=branches, longest=longest, candidates=candidates, truth=truth, predicted=predicted
        )

    def _packable(self, cases: Iterable[Case], longer: list[Case]) -> Iterator[tuple[Case, Branches]]:
        """The cases within ``reach``, each with its texts; the others are appended to ``longer``."""
        for case in cases:
            if case.longest <= min(self.reach, self.limit):
                yield case, case.branches
            else:
                longer.append(case)

    def _beyond(self, case: Case) -> Curve | Skipped:
        if case.longest <= self.limit:
            return _curve(case, plain_scores(self.model, case.branches))
        return Skipped(
            reason=f"The question with its {len(case.branches) - 1} steps is {case.longest:,} tokens long and the "
            f"teacher {self.name} reads {self.limit:,}: choose a teacher with a longer context."
        )

    def _branches(
        self, sample: Sample, steps: tuple[str, ...], candidates: tuple[str, ...], settings: Settings
    ) -> Branches:
        """The tokens of every text to score. Each text is tokenised whole, as the model would read it elsewhere."""
        own = settings.prompts
        trunks = [teacher_header(sample, settings.prior, own)]
        for number, step in enumerate(steps, 1):
            trunks.append(trunks[-1] + teacher_step(number, step, own))
        trunks = [trunk + answer_cue(own) for trunk in trunks]
        as_letter = settings.candidates_as == "letter"
        ends = [candidate_text(candidates, i, sample.options, as_letter) for i in range(len(candidates))]
        branches = self._grid(trunks, ends)
        if _has_prefix_pair(branches[0]):
            # "1" would include the probability of "16"; a full stop marks where the answer ends.
            branches = self._grid(trunks, [f"{end}." for end in ends])
        return branches

    def _grid(self, trunks: list[str], ends: list[str]) -> Branches:
        texts = iter(self.encode([f"{trunk}{end}" for trunk in trunks for end in ends]))
        return [[next(texts) for _ in ends] for _ in trunks]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, with the special tokens at its start."""
        if not texts:
            return []  # tokenizers reject an empty list
        bare = self.tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)[
            "input_ids"
        ]
        return [[*self.opening, *tokens] for tokens in bare]

    @torch.inference_mode()
    def _continue(self, prompts: list[list[int]], room: int) -> list[str]:
        """Greedy continuations of at most ``room`` tokens, with left padding so that all start in the same column."""
        longest = max(map(len, prompts))
        ids = torch.zeros(len(prompts), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, tokens in enumerate(prompts):
            ids[row, longest - len(tokens) :] = torch.tensor(tokens)
            mask[row, longest - len(tokens) :] = 1
        ends = self.model.generation_config.eos_token_id or self.tokenizer.eos_token_id
        greedy = GenerationConfig(do_sample=False, max_new_tokens=room, eos_token_id=ends, pad_token_id=0)

        def is_finished(tokens: torch.Tensor, _: object, **__: object) -> torch.Tensor:
            finished = [PHRASE_END.search(reply.lstrip()) is not None for reply in self._read(tokens[:, longest:])]
            return torch.tensor(finished, device=tokens.device)

        replies = self.model.generate(
            input_ids=ids.to(self.model.device),
            attention_mask=mask.to(self.model.device),
            generation_config=greedy,
            stopping_criteria=StoppingCriteriaList([is_finished]),
        )
        return [first_phrase(reply) for reply in self._read(replies[:, longest:])]

    def _read(self, tokens: torch.Tensor) -> list[str]:
        return list(self.tokenizer.batch_decode(tokens, skip_special_tokens=True))


def load_teacher(model: str, *, device: str = "auto") -> LocalTeacher:
    """The teacher in the folder ``model``, or of that name on the Hub.

    Raises UserError when the model does not exist, is not a causal language model, has incomplete weights, or needs its
    own code.
    """
    place = choose_device(device)
    weights = load_weights(
        AutoModelForCausalLM,
        model,
        role="teacher",
        wrong_kind=f"{model!r} is no causal language model; choose a text model such as Llama or Qwen2.",
        dtype=choose_dtype(place),
    )
    weights.to(place).eval()
    tokenizer = _load_tokenizer(model)
    works = packing_works(weights)
    if not works:
        logger.warning("%s does not take packed rationales: one forward a step instead, which is slower", model)
    limit = getattr(weights.config.get_text_config(), "max_position_embeddings", None)
    return LocalTeacher(
        name=model,
        model=weights,
        tokenizer=tokenizer,
        opening=_opening_tokens(tokenizer),
        limit=limit or math.inf,
        reach=max_packed_length(weights.config) if works else 0,
        nodes=GPU_PACK_TOKENS if place.type == "cuda" else 1,
    )


def _load_tokenizer(model: str) -> Any:
    try:
        return AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    except (OSError, ValueError) as error:
        otherwise = f"{model!r} comes without a tokenizer; save its tokenizer beside its weights."
        raise loading_error(model, error, otherwise) from error


def _opening_tokens(tokenizer: Any) -> tuple[int, ...]:
    """The special tokens at the start of a text, without those at its end, which would end the turn."""
    whole = tokenizer("a")["input_ids"]
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    return tuple(whole[: next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)])


def _has_prefix_pair(sequences: Sequence[Sequence[int]]) -> bool:
    return any(list(other[: len(one)]) == list(one) for one, other in permutations(sequences, 2))


def _text_length(sample: Sample, prediction: Prediction) -> int:
    return len(sample.question) + sum(map(len, sample.options)) + sum(map(len, prediction.steps))


def _curve(case: Case, scores: Scores) -> Curve:
    return Curve(
        candidates=case.candidates, truth=case.truth, predicted=case.predicted, probabilities=_softmax_rows(scores)
    )


def _softmax_rows(scores: Scores) -> tuple[tuple[float, ...], ...]:
    """The softmax over the candidates, row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return tuple(tuple(row) for row in (powers / powers.sum(axis=1, keepdims=True)).tolist())


def batch_by_length(places: Sequence[int], encoded: Sequence[Sequence[int]], room: int) -> Iterator[list[int]]:
    """The indices in batches of similar length, each of at most about 16K tokens with padding."""
    batch: list[int] = []
    for place in sorted(places, key=lambda place: len(encoded[place])):
        if batch and (len(batch) + 1) * (len(encoded[place]) + room) > TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
