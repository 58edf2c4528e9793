"""Slow stories told at the same time: each waits most of its time for something to give up."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 5


@contextlib.contextmanager
def told(factory, stories):
    """Start `story(folder)` of each; gives {story: future}. factory: pytest's tmp_path_factory."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [factory.mktemp(story.__name__) for story in stories]
        yield {story: pool.submit(story, folder) for story, folder in zip(stories, folders)}


def name_of(story):
    return story.__name__
