"""Three people to log in as, on a machine that serves nobody but itself."""

from accounts.models import Role, User

PASSWORD = "tessera-demo"  # meant to be known: the demo listens on the loopback alone
UPLOADER = "uploader@tessera.local"
PEOPLE = (
    ("admin@tessera.local", "Ada", Role.ADMINISTRATOR, "administers and reviews"),
    (UPLOADER, "Ulla", Role.UPLOADER, "owns the data set Digits"),
    ("solver@tessera.local", "Sol", Role.UPLOADER, "solves challenges"),
)


def people_create(password: str) -> User:
    """Make them, or let those who are there log in with this password; the uploader."""
    for email, name, role, _ in PEOPLE:
        user, _ = User.objects.get_or_create(email=email, defaults={"name": name, "role": role})
        # Setting it anew would end their sessions.
        if not user.has_usable_password() or not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
    return User.objects.get(email=UPLOADER)
