"""Groups: all settings together.

Belongs here: the order of the groups, checking all at a start, and their description for docs/settings.md. Not here: any setting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from cardio_dagster.settings.cluster import ClusterSettings, cluster_settings
from cardio_dagster.settings.deployment import DeploymentSettings, deployment_settings
from cardio_dagster.settings.dicom import DicomSettings, dicom_settings
from cardio_dagster.settings.evaluation import EvaluationSettings, evaluation_settings
from cardio_dagster.settings.gateway import GatewaySettings, gateway_settings
from cardio_dagster.settings.installation import Settings, settings
from cardio_dagster.settings.reading import Group, allowed_of, default_of, fault_of, misspelt, refusal, variable_of
from cardio_dagster.settings.watch import WatchSettings, watch_settings

GROUPS: dict[str, type[Group]] = {
    "Installation": Settings,
    "Services and ports": DeploymentSettings,
    "Cluster": ClusterSettings,
    "Gateway": GatewaySettings,
    "DICOM in": DicomSettings,
    "Watching": WatchSettings,
    "Evaluation": EvaluationSettings,
}
_READERS = (
    settings,
    deployment_settings,
    cluster_settings,
    gateway_settings,
    dicom_settings,
    watch_settings,
    evaluation_settings,
)
_forgetting: tuple[Callable[[], None], ...] = tuple(reader.cache_clear for reader in _READERS)


@dataclass(frozen=True, slots=True)
class Described:
    """One setting in words."""

    variable: str
    default: str
    allowed: str
    description: str
    is_secret: bool


def described(group: type[Group]) -> Iterator[Described]:
    """Yield every setting of a group, in its order."""
    for name, field in group.model_fields.items():
        variable = variable_of(group, name)
        yield Described(variable, default_of(field), allowed_of(field), str(field.description), not field.repr)


def require_valid_settings() -> None:
    """Raise SettingsError with every fault of every group, and every misspelt variable; for the start of a service."""
    faults = []
    for group in GROUPS.values():
        try:
            group()
        except ValidationError as error:
            faults += [fault_of(group, e) for e in error.errors()]
    if faults := [*faults, *misspelt()]:
        raise refusal(faults)


def forget_settings() -> None:
    """Let the next reader look at the environment anew; for tests."""
    for forget in _forgetting:
        forget()
