"""Projects: lookup, configuration, settings, prompts, status and round history."""
