"""The paths of the embedded demo: a small world, a student, a teacher and three sets of samples (see README.md)."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
STUDENT = FOLDER / "student"
TEACHER = FOLDER / "teacher"
VALIDATION = FOLDER / "validation.zip"
TEST = FOLDER / "test.zip"
SETTINGS = FOLDER / "settings.json"
TRUTH = FOLDER / "truth"
SUPPORT_NAME = "demo-support"
