"""What Dagster shows of the resources: everything but a secret."""

import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.definitions import build_definitions
from cardio_dagster.orchestration.configuration import configuration
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.settings import Settings
from cardio_dagster.settings.urls import masked

SECRET = "hunter2-of-the-ward"
URLS = {
    "database_url": f"postgresql://cardio:{SECRET}@127.0.0.1:1/cardio?connect_timeout=1",
    "checkpoint_url": f"s3://access:{SECRET}@bucket/checkpoints",
    "site_key": SECRET * 3,
}


@pytest.fixture
def chosen(tmp_path):
    return Settings(data_dir=tmp_path / "data", **URLS)


# Dagster reads a property of its own that it deprecated
@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition:DeprecationWarning")
def test_no_resource_in_the_ui_shows_a_secret(chosen):
    snap = RepositorySnap.from_def(build_definitions(chosen).get_repository_def())
    shown = {resource.name: serialize_value(resource) for resource in snap.resources or ()}
    assert set(shown) >= {"stores", "parquet_io_manager", "sql_io_manager"}
    assert "cardio:***@127.0.0.1:1/cardio?connect_timeout=1" in shown["stores"]
    assert "s3://access:***@bucket/checkpoints" in shown["stores"]
    assert SECRET not in serialize_value(snap)


def test_the_stores_know_the_whole_address_also_when_dagster_makes_them_anew(chosen):
    stores = Stores.of(chosen)
    for one in (stores, stores._with_updated_values({}), Stores(**dict(stores))):
        assert (one.database_url, one.checkpoint_url) == (URLS["database_url"], URLS["checkpoint_url"])
        assert SECRET not in repr(one)


def test_another_password_is_no_other_configuration(chosen):
    other = chosen.model_copy(update={"database_url": URLS["database_url"].replace(SECRET, "x")})
    assert configuration(Stores.of(chosen)) == configuration(Stores.of(other))
    elsewhere = chosen.model_copy(update={"database_url": "postgresql://cardio:x@elsewhere/cardio"})
    told = configuration(Stores.of(elsewhere))
    assert told != configuration(Stores.of(chosen))
    assert told.values["database_url"].startswith("sha256:")


@given(
    user=st.text("abz-_%", min_size=1),
    password=st.text(st.characters(codec="ascii", exclude_characters="\n\r"), min_size=9),
)
def test_no_password_comes_through(user, password):
    secret = f"Q{password}Q"
    told = masked(f"postgresql://{user}:{secret}@host:5432/d?connect_timeout=3")
    assert secret not in told
    assert told == f"postgresql://{user}:***@host:5432/d?connect_timeout=3"
    assert masked(f"postgresql://{user}@host/d?sslpassword=Qxyz&application_name=c").count("Qxyz") == 0


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////data/store/cardio.db",
        "/data/checkpoints",
        "s3://bucket/x",
        "postgresql://postgres@/cardio?host=/tmp/pg",
    ],
)
def test_what_has_no_password_is_shown_as_it_is(url):
    assert masked(url) == url
