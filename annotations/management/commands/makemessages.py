from django.core.management.commands import makemessages


class Command(makemessages.Command):
    """Finds the words of the pure library as well, which marks them by functions of its own."""

    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=phrase", "--keyword=counted:1,2"]
