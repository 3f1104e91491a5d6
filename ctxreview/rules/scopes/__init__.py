"""Hazards of transactions and locks alike: scopes that change, are only marked, or do not say why they are there."""
