"""Tests of what works in editors: the language server, and what init writes."""
