"""Hazards of transactions: their ends, their order, what runs in them or leaves them."""
