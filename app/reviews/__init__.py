"""Reviews: verdicts, bulk verdicts, threshold preview and wording."""
