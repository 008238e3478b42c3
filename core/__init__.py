"""The method: from wrong answers to diagnoses, training samples and a tuned model. No database and no user interface.

``tests/structure/import_graph.py`` lists the layers of its folders.

The only imports inside functions are those of ``keyring`` (optional; core.endpoints.keys) and of ``datasets`` and
``pyarrow`` (slow to load; core.importers.containers.parquet).
"""
