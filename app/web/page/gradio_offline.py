"""Gradio without requests to other hosts: no analytics, and no downloads from URLs that a client names.

Every module of the page imports ``gr`` from here. Gradio reads these variables while it is imported, so they are set
before that.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "False"

import gradio as gr
from gradio import processing_utils


async def _download_nothing(url: str) -> None:
    raise gr.Error("This page downloads nothing: upload the file, or give its path on the server.")


# A client may name a URL where it should name an uploaded file, and Gradio would fetch it.
processing_utils.async_ssrf_protected_get = _download_nothing

__all__ = ["gr"]
