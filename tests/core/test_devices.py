import pytest
import torch

from core.devices import choose_device, choose_dtype, memory_explained
from core.errors import UserError


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
    assert choose_dtype(cpu, "bfloat16") == torch.bfloat16


@pytest.mark.parametrize("name", ["float33", "int8", "nn"])
def test_a_format_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="is no number format"):
        choose_dtype(torch.device("cpu"), name)


def test_running_out_of_memory_names_the_batch_size() -> None:
    with pytest.raises(UserError, match="batches of 12; choose a smaller batch size"), memory_explained(12):
        raise torch.OutOfMemoryError


def test_any_other_failure_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), memory_explained(12):
        raise ZeroDivisionError
