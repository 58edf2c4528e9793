"""What goes wrong with updates, for people."""


class UpdateError(Exception):
    """The update is refused or has failed; `status` is the program's exit status."""

    status = 1


class NoAnswer(UpdateError):
    """Neither broker nor camera says anything."""

    status = 3
