"""The demo's teacher as a chat model for the test servers: real log-probabilities, computed with plain transformers.

The teacher was trained on texts, not chats: a conversation is rendered as the user's turn alone. It answers with an
option's text, not with its letter, so the log-probabilities of the texts are given to the letters, in two ways:

- ``ByLetter`` answers with a letter only, as an instruction-tuned model does: the probability of a letter is that of
  its option's text among the options' texts;
- ``Open`` returns the whole next-token distribution, with tokens that are an option's text spelled as its letter. Many
  options are then not among the first 20.
"""

import random
import re
import threading
from functools import cache
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from app.settings import PACKAGE_ROOT

TEACHER = PACKAGE_ROOT / "assets" / "demo" / "teacher"
OPTION = re.compile(r"\(([A-Z])\) ([^(]+?)(?= \(| Option| Step| The answer)")


@cache
def loaded() -> tuple[Any, Any]:
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(TEACHER, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(TEACHER)


def options_in(text: str) -> dict[str, str]:
    """The options of the question that a text asks, by letter."""
    found: dict[str, str] = {}
    for letter, option in OPTION.findall(text):
        if ord(letter) - ord("A") != len(found):
            break
        found[letter] = option
    return found


class ByLetter:
    """Answers with the letter of an option."""

    def __init__(self) -> None:
        self.model, self.tokenizer = loaded()
        self.lock = threading.Lock()
        self.seen: dict[str, torch.Tensor] = {}

    def tokens(self, text: str) -> int:
        return len(self.tokenizer(text)["input_ids"])

    def next_tokens(self, text: str) -> torch.Tensor:
        """The log-probabilities of every next token."""
        with self.lock, torch.inference_mode():
            if text not in self.seen:
                logits = self.model(**self.tokenizer(text, return_tensors="pt", return_token_type_ids=False)).logits
                self.seen[text] = torch.log_softmax(logits[0, -1].double(), -1)
            return self.seen[text]

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        text = messages[-1]["content"]
        scores = {letter: self._scored(text, option) for letter, option in options_in(text).items()}
        total = torch.logsumexp(torch.tensor(list(scores.values())), 0).item()
        found = [(letter, score - total) for letter, score in scores.items()]
        # All other tokens, as improbable as an instruction-tuned model makes them.
        others = [(f"x{number}", -30.0 - number) for number in range(20)]
        return sorted(found + others, key=lambda each: -each[1])

    def _scored(self, text: str, option: str) -> float:
        score = 0.0
        for piece in self.tokenizer(f" {option}", add_special_tokens=False)["input_ids"]:
            score += self.next_tokens(text)[piece].item()
            text += self.tokenizer.decode([piece])
        return score

    def reply(self, messages: list[dict[str, Any]], max_tokens: int, temperature: float, seed: int) -> str:
        text = messages[-1]["content"]
        if options_in(text) and text.endswith("The answer is"):
            first = [each for each in self.first_token(messages) if not each[0].startswith("x")]
            if not temperature:
                return first[0][0]
            weights = torch.tensor([value for _, value in first]).exp().tolist()
            letter = random.Random(seed).choices([token for token, _ in first], weights)[0]
            return f"({letter}) {options_in(text)[letter]}"
        inputs = self.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
        with self.lock, torch.inference_mode():
            output = self.model.generate(**inputs, do_sample=False, max_new_tokens=min(max_tokens, 32), pad_token_id=0)
        return str(self.tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))


class Open(ByLetter):
    """The teacher's own distribution, with an option's text spelled as its letter."""

    def first_token(self, messages: list[dict[str, Any]]) -> list[tuple[str, float]]:
        text = messages[-1]["content"]
        spelled = {f" {option}": f" {letter}" for letter, option in options_in(text).items()}
        logged = self.next_tokens(text)
        order = logged.argsort(descending=True).tolist()
        words = self.tokenizer.convert_ids_to_tokens(order)
        # Its own " (A)" and the article " A" would be mistaken for option letters.
        return [
            (spelled.get(word, word.lower()), logged[place].item()) for word, place in zip(words, order, strict=True)
        ]
