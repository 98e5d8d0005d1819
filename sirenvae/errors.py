"""The one error that a user's input can cause."""


class InputError(ValueError):
    """Something given from outside cannot be used.

    The message is one sentence that says what came and what was expected; the command line prints it and exits with 2,
    a page shows it and keeps everything else.
    """
