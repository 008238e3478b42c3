"""Gradio, told before its import to send nothing to anyone: the page asks no other host for anything.

Every module of the page takes ``gr`` from here. Gradio reads these variables while it is imported, so they are
set above it.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "False"
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr

__all__ = ["gr"]
