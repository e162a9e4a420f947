"""The users of docs/operations.md, read from there: so that what is documented is what is tested."""
import pathlib
import re

PAGE = pathlib.Path(__file__).parent.parent.parent / "docs" / "operations.md"
# As they stand in a URL.
CACHE, QUEUE = "bookings-cache:secret@", "bookings-queue:secret@"
# Who may do everything, for the tests themselves.
TESTER = {"username": "tester", "password": "secret"}


def rights(user):
    """The words of the page's line "ACL SETUSER <user> on >PASSWORD …" behind the password."""
    found = re.search(rf"^ACL SETUSER {user} on >PASSWORD (.+)$", PAGE.read_text(), re.MULTILINE)
    assert found, f"{PAGE} has no line for {user}"
    return found.group(1).split()


def users():
    """Arguments of a redis-server that lets in these users alone."""
    words = ["--user", "default", "off", "--user", "tester", "on", ">secret", "allkeys", "allchannels", "+@all"]
    for user in ("bookings-cache", "bookings-queue"):
        words += ["--user", user, "on", ">secret", *rights(user)]
    return words


def forbid(client, user, *rules):
    """Takes rights from a user, and ends its connections."""
    client.execute_command("ACL", "SETUSER", user, *rules)
    client.execute_command("CLIENT", "KILL", "USER", user)


def refused(client):
    """What was refused, in words."""
    return [f"{each['username']}: {each['reason']} {each['object']} ({each['context']})" for each in client.acl_log()]
