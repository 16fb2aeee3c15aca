"""What the settings amount to, as the plain values that the parts take; and what is made once where none is set.

Raises ValueError, with what to set, where settings contradict each other.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from bot import telemetry
from bot.answering.extractive import Extractive
from bot.answering.fallback import Limits
from bot.hours import Hours
from bot.knowledge.filters import closing
from bot.screenshots import redaction
from bot.settings import Settings

EXTRACTIVE = Extractive.name


def rungs(settings: Settings) -> tuple[str, ...]:
    """The names of the rungs that answer, in order; the one that cannot fail is always the last."""
    return (*(name for name in settings.models if name != EXTRACTIVE), EXTRACTIVE)


def limits(settings: Settings) -> Limits:
    """How long models may take."""
    return Limits(
        first_word=settings.first_word_seconds,
        first_word_with_picture=settings.first_word_picture_seconds,
        silence=settings.silence_seconds,
        whole=settings.answer_seconds,
        away=settings.away_seconds,
    )


def hours(settings: Settings) -> Hours | None:
    """When people answer; None: always. Raises ValueError when the setting cannot be read."""
    return Hours.parse(settings.hours) if settings.hours else None


def kb_of(settings: Settings) -> Path:
    """The index that serves: the owner's, else the example help centre's."""
    return settings.kb or settings.data / "index" / "example"


def closed(settings: Settings) -> frozenset[str]:
    """What opens only to whom the site vouches for. Raises ValueError for what cannot be closed."""
    try:
        return closing(settings.closed)
    except ValueError as error:
        raise ValueError(f"HELPLENS_CLOSED: {error}") from error


def slack_is_set(settings: Settings) -> bool:
    """Whether conversations are shown in Slack. Raises ValueError when only half of what that needs is set."""
    needed = {
        "HELPLENS_SLACK_BOT_TOKEN": settings.slack_bot_token,
        "HELPLENS_SLACK_CHANNEL": settings.slack_channel,
        "HELPLENS_SLACK_APP_TOKEN (or _SIGNING_SECRET)": settings.slack_app_token or settings.slack_signing_secret,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing and len(missing) < len(needed):
        raise ValueError(f"Slack needs {', '.join(missing)} too; `helplens doctor` checks what is set")
    return not missing


def mail_is_set(settings: Settings) -> bool:
    """Whether customers who have left are written to. Raises ValueError when only part of what that needs is set."""
    if settings.mail_url is None and settings.mail_webhook is None:
        return False
    needed = {"HELPLENS_MAIL_FROM": settings.mail_from, "HELPLENS_PUBLIC_URL": settings.public_url}
    if missing := [name for name, value in needed.items() if not value]:
        raise ValueError(f"mail needs {', '.join(missing)} too: who writes, and where the link in it leads")
    return True


def secret(settings: Settings) -> bytes:
    """What signs links and tokens: set by the owner, else made once and kept in the data folder."""
    given = settings.secret.get_secret_value() if settings.secret else None
    return (given or _kept(settings.data / "secret", secrets.token_hex(32))).encode()


def desk_password(settings: Settings) -> str:
    """The desk's password: set by the owner, else made once and kept in the data folder."""
    given = settings.desk_password.get_secret_value() if settings.desk_password else None
    return given or _kept(settings.data / "desk-password", secrets.token_urlsafe(9))


def _kept(path: Path, new: str) -> str:
    """What stands in the file, which is made with `new` when there is none; readable by its owner alone. It appears
    whole: of two processes that make it at once both get the same."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(new)
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        Path(made).unlink()
    return path.read_text()


def set_up_logs(settings: Settings, *, as_json: bool) -> None:
    """Logs on stderr, with the same redaction as everything else that is written."""
    telemetry.set_up_logs(
        settings.log_level, lambda text: redaction.text(text, settings.private_patterns), as_json=as_json
    )
