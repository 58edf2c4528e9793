"""Slow stories told at the same time: each waits most of its time for something to give up."""

from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 4


class Stories:
    """Starts `story(folder)` of each; asking for one waits for its end.

    factory: pytest's tmp_path_factory.
    """

    def __init__(self, factory, stories):
        self._factory = factory
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._told = {
            story: self._pool.submit(story, factory.mktemp(story.__name__)) for story in stories
        }

    def end_of(self, story):
        """Wait for the end of a story; raises what failed in it. Asked again it is told again."""
        told = self._told.pop(story, None)
        if told:
            told.result()
        else:
            story(self._factory.mktemp(story.__name__))

    def close(self):
        """Leave untold what has not begun, wait for the others."""
        self._pool.shutdown(cancel_futures=True)


def name_of(story):
    return story.__name__
