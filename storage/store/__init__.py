"""Everything that is asked of the database, one file a noun. Every function takes a ``Connection`` of ``Database``."""

from storage.store.adoptions import adopted_round, adoptions_of, save_adoption
from storage.store.batches import (
    advance_batch,
    batches_of,
    batches_under_way,
    begin_batch,
    drop_batch,
    finish_batch,
    release_requests,
    requests_in_batches,
    spending_under_way,
    take_answers,
    take_refusals,
)
from storage.store.bulk import BulkSummary, add_reviews, bulk_of, bulks_of, round_of_bulk, undo_bulk
from storage.store.case_queries import CaseFilters, Cursor, Order
from storage.store.cases import (
    Case,
    CaseLine,
    Facets,
    case_of,
    cases_page,
    count_cases,
    cursor_of,
    facet_counts,
    lines_page,
)
from storage.store.diagnoses import (
    diagnoses_of,
    diagnosis_of,
    missing_diagnoses,
    readings_version,
    reread_diagnoses,
    save_diagnoses,
)
from storage.store.drafts import draft_of, drop_draft, save_draft
from storage.store.estimates import Estimated, estimate_of, save_estimate
from storage.store.evidence import count_evidence, evidence_of, save_evidence
from storage.store.labels import (
    CheckedLabels,
    checked_labels,
    labels_to_check,
    missing_label_ids,
    missing_labels,
    save_label_check,
    save_labels,
)
from storage.store.model_tries import Try, save_try, tries_of
from storage.store.paired_scores import Pair, paired_scores_of, pairs_of, predictions_for
from storage.store.pending_imports import (
    PendingImport,
    begin_pending,
    drop_pending,
    pending_import_of,
    pending_imports,
    update_pending,
)
from storage.store.predictions import (
    correct_predictions,
    gold_of,
    missing_predictions,
    prediction_of,
    prediction_scores,
    predictions_of,
    save_gold,
    save_predictions,
)
from storage.store.projects import (
    Project,
    Round,
    create_project,
    list_projects,
    open_round,
    project_named,
    project_of,
    round_of,
    rounds_of,
    save_models,
    save_settings,
)
from storage.store.reviews import (
    accepted_cases,
    accepted_skills,
    add_review,
    current_review,
    last_reviewed,
    newest_review,
    redo_review,
    review_counts,
    review_histories,
    review_history,
    undo_review,
)
from storage.store.round_counts import RoundCounts, round_counts
from storage.store.rulings import add_ruling, newest_ruling, ruling_of, rulings_of, standing_ruling
from storage.store.runs import Run, create_run, drop_updates, finish_run, run_of, runs_of, save_updates, updates_of
from storage.store.samples import (
    Added,
    Saved,
    categories_of,
    count_samples,
    get_sample,
    roles_of,
    sample_of_content,
    samples_by_id,
    samples_by_source_id,
    samples_of,
    save_samples,
)
from storage.store.selections import (
    SelectionSummary,
    hits_page,
    leaks_of,
    make_up_of,
    save_selection,
    selected_ids,
    selection_of,
    selections_of,
)
from storage.store.skills import MissingSkill, missing_skills, named_skills
from storage.store.spending import add_spent, replies_of, reply_of, save_reply, spending_of
from storage.store.support import (
    LabelledSupport,
    Part,
    SupportSet,
    begin_part,
    finish_part,
    labelled_support,
    named_support_set,
    save_part,
    support_ids,
    support_questions,
    support_samples,
    support_sets,
    unfinished_parts,
)
from storage.store.trials import advance_trial, answered_in_trial, begin_trial, trial_of, trials_of
