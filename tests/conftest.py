"""What every test shares: examples without a time limit, since the machines that run them are noisy."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
