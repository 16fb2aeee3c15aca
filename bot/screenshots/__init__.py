"""From hostile bytes to a Screen: intake, reading, entities, legibility, redaction, grounding, storage."""
