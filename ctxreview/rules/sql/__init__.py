"""Hazards in SQL text: hints, composed statements, locks of a session."""
