"""The embedded demo project and the loop over it (``python -m app.demo``)."""
