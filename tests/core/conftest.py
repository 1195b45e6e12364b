"""Made-up examples take as long as a busy machine lets them: pytest's own time limit guards against hanging."""

from hypothesis import settings

settings.register_profile("signflow", deadline=None)
settings.load_profile("signflow")
