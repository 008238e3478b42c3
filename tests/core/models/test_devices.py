import pytest
import torch

from core.errors import UserError
from core.models.devices import (
    SMALL_MODEL_PARAMETERS,
    choose_device,
    choose_dtype,
    choose_threads,
    is_out_of_memory,
    memory_capacity,
    peak_memory,
    reset_peak_memory,
)


def test_auto_is_a_gpu_where_there_is_one() -> None:
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["cuda:99", "quantum"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="choose 'auto', 'cpu' or 'cuda'"):
        choose_device(name)


def test_weights_are_float32_on_the_processor_unless_asked_otherwise() -> None:
    cpu = torch.device("cpu")
    assert choose_dtype(cpu) == torch.float32
    assert choose_dtype(cpu, "bf16") == torch.bfloat16
    assert choose_dtype(cpu, "fp16") == torch.float16


@pytest.mark.parametrize("name", ["float33", "int8", "nn", ""])
def test_a_format_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="is no number format"):
        choose_dtype(torch.device("cpu"), name)


def test_a_small_model_on_the_processor_gets_one_thread_and_a_large_one_all_again() -> None:
    before = torch.get_num_threads()
    try:
        with torch.device("meta"):
            large = torch.nn.Linear(SMALL_MODEL_PARAMETERS, 1)
        choose_threads(large)
        all_of_them = torch.get_num_threads()
        choose_threads(torch.nn.Linear(4, 4))
        assert torch.get_num_threads() == 1
        choose_threads(torch.nn.Linear(4, 4), max_threads=2)
        assert torch.get_num_threads() == min(2, all_of_them)
        choose_threads(large)
        assert torch.get_num_threads() == all_of_them
    finally:
        torch.set_num_threads(before)


def test_too_small_a_memory_is_told_from_other_failures() -> None:
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(RuntimeError) as found:
        torch.empty(2**60)
    assert is_out_of_memory(found.value)
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))


def test_the_peak_counts_what_was_taken_since_it_was_forgotten() -> None:
    device = torch.device("cpu")
    reset_peak_memory(device)
    before = peak_memory(device)
    torch.ones(64 * 2**20)  # 256 MiB
    after = peak_memory(device)
    assert 200 * 2**20 < after - before < 400 * 2**20
    reset_peak_memory(device)
    assert peak_memory(device) < after
    assert after < memory_capacity(device)
