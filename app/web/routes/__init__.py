"""HTTP routes beside Gradio's own."""
