"""No deadlines, since machines differ; a failure prints the line that plays it again."""

from hypothesis import settings

settings.register_profile("quorate", deadline=None, print_blob=True)
settings.load_profile("quorate")
