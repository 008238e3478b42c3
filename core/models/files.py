"""Check a model's folder before loading: safetensors only, no code, and no adapters from elsewhere.

Only looks at file names. Models of the Hub are loaded with the same restrictions by transformers.
"""

from pathlib import Path

from core.errors import UserError
from core.own_files import refuse_database

# Files in which torch saves weights as pickles.
PICKLE_PATTERNS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")


def check_model_folder(model: str) -> None:
    """Raise UserError when ``model`` is a folder without a model, with weights only as pickles, or with an adapter.

    transformers would apply an adapter silently, on whatever base model it names.
    """
    folder = Path(model)
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        refuse_database(path)
    if not (folder / "config.json").is_file():
        raise UserError(f"The folder {model} holds no model (no config.json); name a folder saved by transformers.")
    if (folder / "adapter_config.json").exists():
        raise UserError(
            f"The folder {model} holds an adapter (adapter_config.json), and adapters come from Switchpoint's own runs "
            "only: merge it into the weights (PEFT's merge_and_unload) and save the model without it."
        )
    pickles = sorted(path.name for pattern in PICKLE_PATTERNS for path in folder.glob(pattern))
    if pickles and not any(folder.glob("*.safetensors")):
        raise UserError(
            f"The folder {model} holds its weights as a pickle ({pickles[0]}), which could run code: save them there "
            "as safetensors (save_pretrained of transformers does)."
        )


def loading_error(model: str, error: Exception, otherwise: str) -> UserError:
    """The error for a model that transformers refused: it needs its own code, else ``otherwise``."""
    if "trust_remote_code" in str(error):
        return UserError(
            f"{model!r} comes with Python code of its own, which Switchpoint never runs: choose a model that "
            "transformers knows by itself."
        )
    return UserError(otherwise)
