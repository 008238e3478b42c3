"""Queries and updates of the database, one file per noun. Every function takes a ``Connection`` of ``Database``."""

from storage.store.adoptions import adopted_round_id, adoptions_of, save_adoption
from storage.store.batches import (
    advance_batch,
    batches_of,
    batches_under_way,
    begin_batch,
    count_unanswered,
    drop_batch,
    finish_batch,
    release_requests,
    requests_in_batches,
    save_answers,
    save_refusals,
    spending_under_way,
)
from storage.store.bulk import (
    BulkReviewSummary,
    add_bulk_review,
    bulk_review_of,
    bulk_reviews_of,
    round_of_bulk_review,
    undo_bulk_review,
)
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
    apply_thresholds,
    curves_version,
    diagnoses_of,
    diagnosis_of,
    missing_diagnoses,
    save_diagnoses,
)
from storage.store.drafts import draft_of, drop_draft, save_draft
from storage.store.estimates import StoredEstimate, save_tuning_estimate, tuning_estimate_of
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
from storage.store.model_tries import ModelTry, model_tries_of, save_model_try
from storage.store.older_readings import GIVEN_CONFIDENCE, StoredReading, has_given_answers, older_readings
from storage.store.paired_scores import ScorePair, correctness_for, predictions_for, score_pairs_of
from storage.store.pending_imports import (
    PendingImport,
    begin_pending_import,
    drop_pending_import,
    pending_import_of,
    pending_imports,
    update_pending_import,
)
from storage.store.predictions import (
    correct_predictions,
    gold_steps_of,
    missing_predictions,
    prediction_of,
    prediction_scores,
    predictions_of,
    save_gold_steps,
    save_predictions,
    summed_scores,
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
from storage.store.rereadings import (
    Dependent,
    Rereading,
    begin_rereading,
    count_older_readings,
    dependents_of,
    newest_rereading,
    reading_stamp,
    replace_readings,
    round_numbers,
    rounds_to_read,
    undo_rereading,
)
from storage.store.reviews import (
    accepted_cases,
    accepted_skills,
    add_review,
    current_review,
    last_reviewed_sample,
    newest_review_id,
    redo_review,
    review_counts,
    review_histories,
    review_history,
    undo_review,
)
from storage.store.round_counts import RoundCounts, round_counts
from storage.store.rulings import add_ruling, newest_ruling_id, ruling_of, rulings_of, standing_ruling
from storage.store.runs import Run, create_run, drop_updates, finish_run, run_of, runs_of, save_updates, updates_of
from storage.store.samples import (
    AddedSamples,
    SavedSamples,
    category_counts,
    count_samples,
    get_sample,
    is_same_sample,
    sample_roles,
    samples_by_id,
    samples_by_source_id,
    samples_of,
    save_samples,
)
from storage.store.selections import (
    SelectionSummary,
    composition_of,
    hits_page,
    leaks_of,
    save_selection,
    selected_sample_ids,
    selection_of,
    selections_of,
)
from storage.store.skills import MissingSkill, missing_skills, skills_by_sample
from storage.store.spending import add_spending, replies_of, reply_of, save_reply, spending_of
from storage.store.support import (
    LabelledSupport,
    SupportPart,
    SupportSet,
    begin_support_part,
    finish_support_part,
    labelled_support,
    named_support_set,
    save_support_part,
    support_questions,
    support_sample_ids,
    support_samples,
    support_sets,
    unfinished_support_parts,
)
from storage.store.trials import advance_trial, begin_trial, trial_answer_counts, trial_of, trials_of
