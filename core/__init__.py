"""The method: from wrong answers to diagnoses, training samples and a tuned model. No database and no user interface.

Lowest layer first; each imports only from those before it: redaction, errors, types, chunks, literals, atomic_files,
images, label_groups, parsing, retrieval, selection, answer_switch, prompts, models, endpoints, importers, teacher,
student, diagnosis, evaluation, tuning.

The only imports inside functions are those of ``keyring`` (optional; core.endpoints.keys) and of ``datasets`` and
``pyarrow`` (slow to load; core.importers.containers.parquet).
"""
