"""What OpenAI-compatible servers answer, in the shapes of many: one module for each part of an answer."""
