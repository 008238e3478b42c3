"""A real server: ``llama_cpp.server --logits_all true`` with the demo's teacher. Run by ``make llama``.

SWITCHPOINT_LLAMA names the Python of the environment with ``llama-cpp-python[server]`` and ``gguf``; skipped without
it. All of the teacher's tokens are listed, because the letters, on which it was not trained, are rarely among the first
twenty.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from assets import demo
from core.prompts import skill_prompt
from core.teacher.endpoint import EndpointTeacher, connect_teacher
from core.teacher.letters import letter_questions, parse_letter
from core.teacher.local import LocalTeacher, load_teacher
from core.types import Curve, EndpointSettings, Settings
from tests.projects.demo_mistakes import mistakes
from tests.servers.app_server import free_port
from tests.servers.openai_server import KeptWhole, endpoint_of

LLAMA = os.environ.get("SWITCHPOINT_LLAMA", "")
TIMEOUT_SECONDS = 120.0
COUNT = 12
SETTINGS = Settings(candidates_as="letter", skill_shots=0)

pytestmark = pytest.mark.skipif(not LLAMA, reason="SWITCHPOINT_LLAMA is not set: `make llama` sets it")


class Counted(KeptWhole):
    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        assert tokens_in > 0
        super().put(key, reply, tokens_in, tokens_out)


@pytest.fixture(scope="module")
def local() -> LocalTeacher:
    return load_teacher(str(demo.TEACHER), device="cpu")


@pytest.fixture(scope="module")
def model(local: LocalTeacher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    weights = {name: value.float().numpy() for name, value in local.model.state_dict().items() if "lm_head" not in name}
    np.savez(folder / "weights.npz", **weights)
    script = Path(__file__).with_name("export_gguf.py")
    command = [LLAMA, str(script), str(folder / "weights.npz"), str(demo.TEACHER), str(folder / "teacher.gguf")]
    subprocess.run(command, check=True)
    return folder / "teacher.gguf"


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    port = free_port()
    options = ["--logits_all", "true", "--n_ctx", "512", "--n_threads", "1", "--host", "127.0.0.1", "--port", str(port)]
    log = model.with_name("server.log")
    with log.open("wb") as output:
        command = [LLAMA, "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "demo", *options]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not listening(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listening(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def teacher(url: str) -> EndpointTeacher:
    settings = EndpointSettings(at_once=1, top_logprobs=304, timeout=60.0)
    return connect_teacher(endpoint_of(f"demo@{url}"), settings, Counted())


def curves(teacher: EndpointTeacher | LocalTeacher) -> list[np.ndarray]:
    found = [curve for _, curve in teacher.curves(mistakes(COUNT), SETTINGS)]
    assert all(isinstance(curve, Curve) and curve.bounded == () for curve in found)
    return [np.array(curve.probabilities) for curve in found if isinstance(curve, Curve)]


def test_the_curves_are_those_of_the_local_teacher(teacher: EndpointTeacher, local: LocalTeacher) -> None:
    """For all options but A: the local teacher scores " (A)", while a letter counts in any spelling, and this
    teacher has a word for the article. The next test covers all options."""
    apart = []
    for here, far in zip(curves(local), curves(teacher), strict=True):
        rest_here, rest_far = (rows[:, 1:] / rows[:, 1:].sum(axis=1, keepdims=True) for rows in (here, far))
        apart.append(float(np.abs(rest_here - rest_far).max()))
    print(f"largest difference of a probability, of {len(apart)} curves: {max(apart):.1g}")
    assert max(apart) < 1e-2


def test_the_curves_are_those_of_plain_transformers_over_every_spelling(
    teacher: EndpointTeacher, local: LocalTeacher
) -> None:
    apart = []
    for (sample, prediction), rows in zip(mistakes(COUNT), curves(teacher), strict=True):
        (asked,) = letter_questions(sample, prediction.steps, sample.options, SETTINGS)
        expected = [spelled(local, text, len(sample.options)) for text in asked.texts]
        apart.append(float(np.abs(rows - expected).max()))
    print(f"largest difference of a probability, of {len(apart)} curves: {max(apart):.1g}")
    assert max(apart) < 1e-2


def spelled(local: LocalTeacher, text: str, count: int) -> np.ndarray:
    """The letters' probabilities after a text, from a plain forward."""
    with torch.inference_mode():
        logits = local.model(torch.tensor(local.encode([text]))).logits[0, -1].double()
    shares = np.zeros(count)
    names = local.tokenizer.convert_ids_to_tokens(range(len(logits)))
    for name, share in zip(names, torch.softmax(logits, -1).tolist(), strict=True):
        place = parse_letter(name)
        if place is not None and place < count:
            shares[place] += share
    return shares / shares.sum()


def test_the_phrases_are_those_of_the_local_teacher(teacher: EndpointTeacher, local: LocalTeacher) -> None:
    prompts = [skill_prompt(sample, each.steps, len(each.steps), 0) for sample, each in mistakes(COUNT)]
    assert teacher.complete(prompts, 12) == local.complete(prompts, 12)
