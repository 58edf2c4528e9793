"""Selects the board, a file in `config/boards/`."""

from config.boards.ai_thinker import *  # noqa: F403
