"""All tables, one file per noun, with the field names of ``core.types``.

The migrations create these tables (a test compares them), the triggers that keep reviews, curves and selections from
changing, and the text index ``case_texts``. Times are UTC in ISO 8601. No table holds a secret: API keys come from the
environment.
"""

from storage.tables.adoptions import adoptions
from storage.tables.batches import batched_requests, batches
from storage.tables.columns import metadata
from storage.tables.diagnoses import diagnoses, gold, predictions
from storage.tables.experiments import evidence, trials
from storage.tables.imports import pending_imports, tries
from storage.tables.jobs import jobs
from storage.tables.logins import attempts, logins, sessions
from storage.tables.projects import projects, rounds
from storage.tables.rereadings import replaced_readings, rereadings, set_aside_diagnoses, set_aside_evidence
from storage.tables.reviews import bulk_reviews, drafts, reviews
from storage.tables.samples import images, label_checks, labels, sample_sets, samples
from storage.tables.selections import hits, leaks, rulings, selections
from storage.tables.spending import replies, spending
from storage.tables.tuning import estimates, runs, updates
