"""Places: where an installation keeps its data, by folder and by address.

Belongs here: folders, files, databases and the site's key. Not here: how studies are worked on (installation.py).
"""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from cardio_dagster.settings.reading import Group
from cardio_dagster.settings.urls import DATABASE_FORM, POSTGRES, require_start

MIN_KEY_CHARACTERS = 32


class PlaceSettings(Group):
    """Where everything lies. Each field is the variable CARDIO_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_")

    data_dir: Path = Field(Path("data"), description="folder of landing zone, store, quarantine and logs")
    database_url: str | None = Field(
        None,
        repr=False,
        description="registry, results and ledger",
        json_schema_extra={"allowed": DATABASE_FORM, "default": "SQLite in the store"},
    )
    checkpoint_url: str | None = Field(
        None,
        repr=False,
        description="where the Parquet checkpoints are",
        json_schema_extra={"allowed": "a path or a URL of fsspec", "default": "a folder in the store"},
    )
    model_catalogue: Path | None = Field(
        None, description="a site's own models", json_schema_extra={"default": "the packaged catalogue alone"}
    )
    report_url: str | None = Field(
        None,
        description="where people reach the reports, for links in notices and in the UI",
        json_schema_extra={"allowed": "an http(s) URL", "default": "the gateway's address on this machine"},
    )
    evidence_notes: Path | None = Field(None, description="folder of a site's own protocol notes, beside the packaged")
    escalation_file: Path | None = Field(
        None,
        description="TOML of channels, roles and deadlines of notices",
        json_schema_extra={"default": "files below the data folder"},
    )
    anchor_dir: Path | None = Field(
        None,
        description="second place for the ledger's daily anchors, best on another machine",
        json_schema_extra={"default": "`anchors` in the data folder"},
    )
    reference_data: Path | None = Field(
        None,
        description="folder of the reference data of the nightly evaluation",
        json_schema_extra={"default": "synthetic truth alone"},
    )
    site_key: SecretStr | None = Field(
        None,
        repr=False,
        description="key of pseudonyms and proofs; every machine of a cluster needs the same",
        json_schema_extra={
            "allowed": f"{MIN_KEY_CHARACTERS} characters or more",
            "default": "the file site.key in the store",
        },
    )

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str | None) -> str | None:
        if url is not None:
            require_start(url, ("sqlite:///", *POSTGRES), DATABASE_FORM)
        return url

    @field_validator("site_key")
    @classmethod
    def _long_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < MIN_KEY_CHARACTERS:
            raise ValueError("it is too short; make one with `openssl rand -hex 32`")
        return key

    @field_validator("evidence_notes")
    @classmethod
    def _folder_of_notes(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError("there is no such folder; make it, or unset the variable")
        return folder

    @property
    def landing_dir(self) -> Path:
        """Folder into which studies are dropped."""
        return self.data_dir.resolve() / "landing"

    @property
    def store_dir(self) -> Path:
        """Folder of everything the pipeline keeps."""
        return self.data_dir.resolve() / "store"

    @property
    def database(self) -> str:
        """URL of the registry and the results."""
        return self.database_url or f"sqlite:///{self.store_dir / 'cardio.db'}"

    @property
    def anchors(self) -> Path:
        """Folder of the ledger's daily anchors."""
        return (self.anchor_dir or self.data_dir / "anchors").resolve()

    @property
    def notices_dir(self) -> Path:
        """Folder into which notices are written where no other channel is set."""
        return self.data_dir.resolve() / "notices"

    @property
    def checkpoints(self) -> str:
        """Path or fsspec URL of the Parquet checkpoints."""
        return self.checkpoint_url or str(self.store_dir / "checkpoints")
