"""Errors of the update tools; their texts are for people."""


class UpdateError(Exception):
    """The update was refused or has failed; `status` is the exit status of the program."""

    status = 1
