"""What a model's folder may hold: weights as safetensors, no code to run, and no adapter of strangers.

Looks at names before anything is loaded; says nothing of models on the Hub, which transformers is told to load in the
same way. Knows files, no model library.
"""

from pathlib import Path

from core.errors import UserError

# What torch writes weights into: pickles, all of them.
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")


def check_folder(model: str) -> None:
    """Raise UserError where ``model`` is a folder that holds no model, or its weights only as pickles, or an adapter.

    An adapter in a model's folder would be put on unasked, and the model under it taken from wherever it says.
    """
    folder = Path(model)
    if not folder.is_dir():
        return
    if not (folder / "config.json").is_file():
        raise UserError(f"The folder {model} holds no model (no config.json); name a folder saved by transformers.")
    if (folder / "adapter_config.json").exists():
        raise UserError(
            f"The folder {model} holds an adapter (adapter_config.json), and adapters come from Switchpoint's own runs "
            "only: merge it into the weights (PEFT's merge_and_unload) and save the model without it."
        )
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles and not any(folder.glob("*.safetensors")):
        raise UserError(
            f"The folder {model} holds its weights as a pickle ({pickles[0]}), which could run code: save them there "
            "as safetensors (save_pretrained of transformers does)."
        )


def unloadable(model: str, error: Exception, otherwise: str) -> UserError:
    """The sentence for a model that transformers refused: that it needs code of its own, else ``otherwise``."""
    if "trust_remote_code" in str(error):
        return UserError(
            f"{model!r} comes with Python code of its own, which Switchpoint never runs: choose a model that "
            "transformers knows by itself."
        )
    return UserError(otherwise)
