"""A suggestion held against the scopes, by code and without a model."""
