"""No deadlines and no complaints of slowness, since machines differ; a failure prints the line that plays it again."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("quorate", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("quorate")

# What a shell starts in the background ignores Ctrl-C, and so do its children: tests of it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
