"""Reviewing at length: drafts, verdicts given to many cases at once, and a text index over the errors of each round."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    """CREATE TABLE drafts (
        round INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        reviewer TEXT NOT NULL,
        mistake_step INTEGER,
        skill TEXT NOT NULL,
        answer TEXT,
        note TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT drafts_key PRIMARY KEY (round, sample, reviewer),
        CONSTRAINT drafts_round_sample_exists FOREIGN KEY(round, sample) REFERENCES predictions (round, sample)
    )""",
    """CREATE TABLE bulk_reviews (
        review INTEGER NOT NULL,
        bulk INTEGER NOT NULL,
        CONSTRAINT bulk_reviews_key PRIMARY KEY (review),
        CONSTRAINT bulk_reviews_review_exists FOREIGN KEY(review) REFERENCES reviews (id),
        CONSTRAINT bulk_reviews_bulk_exists FOREIGN KEY(bulk) REFERENCES reviews (id)
    )""",
    "CREATE INDEX bulk_reviews_by_bulk ON bulk_reviews (bulk)",
    # ``scope`` holds a word for the round and one for the case, by which rows are found without reading the others.
    """CREATE VIRTUAL TABLE case_texts USING fts5(
        scope, question, rationale, skill, sample UNINDEXED, prefix = '2 3', tokenize = 'unicode61'
    )""",
)

_SCOPE = "'r' || {0}.round || ' c' || {0}.round || 's' || {0}.sample"
_ROW = "(SELECT rowid FROM case_texts WHERE case_texts MATCH 'scope:c' || NEW.round || 's' || NEW.sample)"
_NAMED = """coalesce(
    CASE WHEN NEW.verdict IN ('accepted', 'edited') THEN NEW.skill END,
    (SELECT skill FROM diagnoses WHERE round = NEW.round AND sample = NEW.sample), '')"""
_VALIDATION = "JOIN sample_sets ON sample_sets.id = samples.sample_set AND sample_sets.role = 'validation'"

TRIGGERS = (
    f"""CREATE TRIGGER case_texts_of_prediction AFTER INSERT ON predictions WHEN NEW.correct = 0 BEGIN
        INSERT INTO case_texts (scope, question, rationale, skill, sample)
        SELECT {_SCOPE.format("NEW")}, samples.question, NEW.text, '', NEW.sample
        FROM samples {_VALIDATION} WHERE samples.id = NEW.sample;
    END""",  # constants of this file  # nosec B608
    f"""CREATE TRIGGER case_texts_of_diagnosis AFTER INSERT ON diagnoses BEGIN
        UPDATE case_texts SET skill = NEW.skill WHERE rowid = {_ROW};
    END""",  # constants of this file  # nosec B608
    f"""CREATE TRIGGER case_texts_of_review AFTER INSERT ON reviews BEGIN
        UPDATE case_texts SET skill = {_NAMED} WHERE rowid = {_ROW} AND skill <> {_NAMED};
    END""",  # constants of this file  # nosec B608
)

# The errors that are there already, with the skill that stands for each.
FILL = f"""INSERT INTO case_texts (scope, question, rationale, skill, sample)
    SELECT {_SCOPE.format("predictions")}, samples.question, predictions.text,
        coalesce(CASE WHEN reviews.verdict IN ('accepted', 'edited') THEN reviews.skill END, diagnoses.skill, ''),
        predictions.sample
    FROM predictions JOIN samples ON samples.id = predictions.sample {_VALIDATION}
    LEFT JOIN diagnoses ON diagnoses.round = predictions.round AND diagnoses.sample = predictions.sample
    LEFT JOIN reviews ON reviews.id = (
        SELECT max(newer.id) FROM reviews AS newer
        WHERE newer.round = predictions.round AND newer.sample = predictions.sample)
    WHERE predictions.correct = 0"""  # constants of this file  # nosec B608


def upgrade() -> None:
    """Add the tables, index the texts of the errors that are there, and keep the index in step from now on."""
    for statement in (*TABLES, FILL, *TRIGGERS):
        op.execute(statement)
