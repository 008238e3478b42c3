"""The nouns of the method as frozen dataclasses; ``storage.tables`` uses the same field names.

Fields such as ``id``, ``sample`` and ``round`` are row ids assigned by storage (0 before a row is stored). Steps are
counted from 1; 0 means "before any step".
"""

from core.types.batches import BatchItem, BatchRequest, BatchState
from core.types.comparisons import Adoption, Comparison, Gate, GroupChange, Interval
from core.types.diagnoses import Curve, Diagnosis, Prediction, RoundId, Switch, SwitchStatus
from core.types.experiments import BUDGETED_ARMS, Arm, Evidence, Method, Trial
from core.types.jobs import JobKind, JobState
from core.types.reviews import MAX_SKILL_LENGTH, Draft, Review, ReviewState, Verdict
from core.types.samples import OnSkipped, Refusal, Role, Sample, Skipped
from core.types.selections import Composition, Hit, Leak, Overlap, Ruling, RulingAct, Selection, SkillDemand, SkillShare
from core.types.settings import EndpointSettings, Settings, StudentSettings, TuningSettings
from core.types.spending import Spent
from core.types.tuning import TuningEstimate, Update
