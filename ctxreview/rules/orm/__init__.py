"""Hazards of object-relational mappers: tracking, execution, projections, contexts."""
