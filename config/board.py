"""The board this firmware is built for: another board is another file in `config/boards/`."""

from config.boards.ai_thinker import *  # noqa: F403
