"""The one exception whose text is written for the person at the keyboard."""


class UserError(Exception):
    """Something the user can mend; its text says what is wrong, where, and how to mend it, in one sentence."""
