"""Before the application, on every start: how eagerly memory is collected."""

import gc

gc.threshold(65_536)
