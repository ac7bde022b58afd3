"""Settings: the environment, read once, validated, with the cure in each message.

Belongs here: every variable that the package reads, in groups, and the words for one that is wrong. Not here: defaults of
clinical rules (those are gates). Nothing else in the package looks at the environment; docs/settings.md is made of these models.
"""

from cardio_dagster.settings.cluster import ClusterSettings, cluster_settings
from cardio_dagster.settings.deployment import DeploymentSettings, deployment_settings
from cardio_dagster.settings.dicom import DicomSettings, Peer, dicom_settings, parse_peers
from cardio_dagster.settings.evaluation import EvaluationSettings, evaluation_settings
from cardio_dagster.settings.gateway import GatewaySettings, gateway_settings
from cardio_dagster.settings.groups import GROUPS, Described, described, forget_settings, require_valid_settings
from cardio_dagster.settings.installation import Settings, settings
from cardio_dagster.settings.places import MIN_KEY_CHARACTERS
from cardio_dagster.settings.watch import WatchSettings, watch_settings

__all__ = [
    "GROUPS",
    "MIN_KEY_CHARACTERS",
    "ClusterSettings",
    "DeploymentSettings",
    "Described",
    "DicomSettings",
    "EvaluationSettings",
    "GatewaySettings",
    "Peer",
    "Settings",
    "WatchSettings",
    "cluster_settings",
    "deployment_settings",
    "described",
    "dicom_settings",
    "evaluation_settings",
    "forget_settings",
    "gateway_settings",
    "parse_peers",
    "require_valid_settings",
    "settings",
    "watch_settings",
]
