"""One frozen settings object: from the environment (`HELPLENS_...`), else a TOML file, else the defaults here.

Read once, by the composition root (`handlers/wiring/`) and the command line; every other room is handed plain
values. `helplens settings` prints each field with its meaning and where its value came from.
"""

import os
import re
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "HELPLENS_"


def _listed(value: Any) -> Any:
    """A list in one environment variable is written with commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """Everything an owner may set. The default of each field works on a laptop with nothing configured."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    data: Path = Field(
        default=Path("data"), description="Folder of everything embedded: Valkey's data, pictures, indexes, caches."
    )
    redis_url: str | None = Field(
        default=None, description="redis:// address of Redis or Valkey. Unset: an embedded Valkey in the data folder."
    )
    redis_confirm: int = Field(
        default=0, ge=0, description="How many replicas must confirm each accept, commit and handoff (WAIT)."
    )
    kb: Path | None = Field(
        default=None, description="The index made by `helplens kb build`. Unset: the example help centre serves."
    )
    picture_hosts: Listed = Field(
        default=(),
        description="Hosts beside the articles' own from which `helplens kb build` fetches their pictures.",
    )
    encoder: str | None = Field(
        default=None,
        description="Ranks by meaning too: minilm (in the extra `models`) or a folder of an encoder. Unset: by words.",
    )
    image_encoder: str | None = Field(
        default=None,
        description="A folder of a CLIP or SigLIP: `--fusion aligned` in `eval` and `kb search` looks at pictures too.",
    )
    storage: str | None = Field(
        default=None, description="Where pictures lie: a folder or s3://, gs://, az:// URL. Unset: in the data folder."
    )
    models: Listed = Field(
        default=("extractive",),
        description="The rungs that answer, in order: vlm:FOLDER, openai:MODEL@URL, anthropic:MODEL, extractive.",
    )
    model_turns_per_day: int = Field(
        default=0,
        ge=0,
        description="Turns a day (UTC) in which models are asked; after them answers are quoted. 0: any.",
    )
    model_queue: int = Field(default=32, ge=0, description="Turns that wait for a model at most; others pass it over.")
    first_word_seconds: float = Field(default=8, gt=0, description="A model's first word must come within this time.")
    first_word_picture_seconds: float = Field(default=15, gt=0, description="The same where a picture is asked about.")
    silence_seconds: float = Field(default=5, gt=0, description="A model may be silent this long in mid-answer.")
    answer_seconds: float = Field(default=60, gt=0, description="All models together must have answered in this time.")
    away_seconds: float = Field(
        default=30, gt=0, description="A model is stopped when nobody has read its answer for this long."
    )
    tools: str | None = Field(default=None, description="Python module with the owner's own LangChain @tools.")
    text_to_models: bool = Field(
        default=False, description="May customers' words, redacted, go to a model outside this machine?"
    )
    pictures_to_models: bool = Field(
        default=False, description="May customers' pictures, redacted, go to a model outside this machine?"
    )
    own_hosts: Listed = Field(
        default=(), description="Hosts of models that are the owner's own: they get words and pictures as they are."
    )
    traces: str | None = Field(
        default=None,
        description="Where models' questions and answers are traced, redacted: langsmith, or otlp:http://HOST:4318.",
    )
    text_to_traces: bool = Field(
        default=False, description="May these traces, redacted, go to a host that is not the owner's own?"
    )
    precision: float = Field(
        default=0.8,
        ge=0.5,
        le=0.99,
        description="How often an answer given outright must be right; less is asked or offered a person.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(
        default=8100, ge=0, le=65535, description="Port that the web server listens on; 0 takes a free one."
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="Port on which a worker of its own serves /metrics. Unset: nowhere."
    )
    public_url: str | None = Field(default=None, description="Address under which customers reach this server.")
    proxies: Listed = Field(
        default=("127.0.0.1",),
        description="Proxies (addresses, networks) whose X-Forwarded-For is believed; limits are by address.",
    )
    secret: SecretStr | None = Field(
        default=None, description="Signs links and tokens. Unset: made once and kept in the data folder."
    )
    jwt_key: SecretStr | None = Field(default=None, description="Key with which the site signs its users' tokens.")
    jwt_audience: str = Field(default="helplens", description="The `aud` that a user's token must carry.")
    identity: Literal["optional", "enforced"] = Field(
        default="optional", description="enforced: no message without a signed user token."
    )
    closed: Listed = Field(
        default=("audience:internal", "audience:staff", "audience:agents", "audience:employees"),
        description="Articles for these alone open only to whom a signed token names so; plan: every plan; none: none.",
    )
    origins: Listed = Field(
        default=(), description="Origins that may embed the widget. Empty: this server's own pages only."
    )
    desk_password: SecretStr | None = Field(
        default=None, description="Password of the agents' desk. Unset: `helplens up` makes one and shows it."
    )
    hours: str | None = Field(
        default=None,
        description="When people answer, e.g. 'Europe/Berlin Mon-Fri 09:00-17:00 !2026-12-24'. Unset: always.",
    )
    mail_url: SecretStr | None = Field(
        default=None, description="Mail server that writes to customers who have left: smtps://user:password@host:port."
    )
    mail_from: str | None = Field(default=None, description="Sender of these mails, e.g. 'Support <help@example.com>'.")
    mail_webhook: SecretStr | None = Field(
        default=None, description="https:// address that sends these mails instead of a mail server."
    )
    release_minutes: int = Field(
        default=30,
        ge=0,
        description="Minutes after which a silent agent's customer is the team's again; 0: never.",
    )
    picture_days: int = Field(default=30, ge=1, description="Days that pictures are kept.")
    conversation_days: int = Field(
        default=180, ge=1, description="Days that conversations are kept after their last word."
    )
    workers: int = Field(default=32, ge=1, description="Turns that one worker runs side by side.")
    lease_seconds: float = Field(default=6.0, ge=1, description="How long a silent worker keeps a conversation.")
    read_seconds: float = Field(default=20.0, gt=0, description="Longest time spent on reading one picture.")
    private_patterns: tuple[str, ...] = Field(
        default=(), description="The owner's own patterns (regular expressions) of what is private."
    )
    slack_bot_token: SecretStr | None = Field(default=None, description="xoxb-... of the Slack app.")
    slack_app_token: SecretStr | None = Field(default=None, description="xapp-... for Socket Mode.")
    slack_signing_secret: SecretStr | None = Field(default=None, description="Signing secret, for HTTP mode.")
    slack_channel: str | None = Field(default=None, description="Id of the channel where conversations land.")
    slack_pictures: Literal["none", "redacted"] = Field(
        default="redacted", description="Whether pictures go to Slack, with what is private blacked out."
    )
    slack_alerts_only: bool = Field(
        default=False, description="The channel is told and sends nothing: no word in a thread reaches a customer."
    )
    slack_api_url: str = Field(default="https://slack.com/api/", description="Where Slack's Web API is called.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="How much is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed in, then the environment, then the TOML file. Raises ValueError when that cannot be read."""
        try:
            file = TomlConfigSettingsSource(settings_cls, config_file())
        except TOMLDecodeError as error:
            raise ValueError(f"{config_file()}: {error}") from error
        return init_settings, env_settings, file

    @property
    def storage_url(self) -> str:
        """Where pictures lie, as a folder or a URL."""
        return self.storage or str(self.data / "pictures")


def without_password(address: str) -> str:
    """An address as it may be shown: what stands for a password in it is left out."""
    return re.sub(r"(?<=://)([^:/@\s]*):[^@/\s]*@", r"\1:…@", re.sub(r"(?<=[?&]password=)[^&\s]+", "…", address))


def config_file() -> Path:
    """The TOML file: HELPLENS_CONFIG, else helplens.toml where the command was started, which need not exist."""
    given = os.environ.get(f"{PREFIX}CONFIG")
    if given and not Path(given).is_file():
        raise FileNotFoundError(f"{PREFIX}CONFIG names {given}, and there is no such file")
    return Path(given or "helplens.toml")


def origin_of(settings: Settings, field: str) -> str:
    """Where the value of `field` came from, in words: "environment", the file's name, "command" or "default"."""
    if f"{PREFIX}{field}".upper() in os.environ:
        return "environment"
    if field in TomlConfigSettingsSource(Settings, config_file())():
        return str(config_file())
    return "command" if field in settings.model_fields_set else "default"
