"""Load a model's weights through transformers, and refuse in one sentence what cannot be loaded.

Imports no model library itself: the caller passes the transformers class.
"""

from typing import Any, Literal

from core.errors import UserError
from core.models.files import check_model_folder, loading_error


def load_weights(
    auto_class: Any, model: str, *, role: Literal["student", "teacher"], wrong_kind: str, **options: Any
) -> Any:
    """The model in the folder ``model``, or of that name on the Hub, with ``options`` for ``from_pretrained``.

    Only safetensors are read and no code of the model's own is run. Raises UserError when there is no such model, when
    ``auto_class`` cannot load its architecture (``wrong_kind`` is then the sentence), when it needs its own code, and
    when weights are missing.
    """
    check_model_folder(model)
    try:
        weights, report = auto_class.from_pretrained(
            model, output_loading_info=True, use_safetensors=True, trust_remote_code=False, **options
        )
    except OSError as error:
        raise UserError(
            f"No {role} {model!r} was found; name a folder with a transformers model, or a model of the Hub "
            "that this machine has or can fetch, with weights as safetensors."
        ) from error
    except ValueError as error:
        raise loading_error(model, error, wrong_kind) from error
    if lost := sorted(report["missing_keys"]) or sorted(map(str, report["mismatched_keys"])):
        raise UserError(f"The weights of {model!r} are incomplete ({lost[0]} is missing); fetch or save them again.")
    return weights
