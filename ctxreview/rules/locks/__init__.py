"""Hazards of locks and shared memory."""
