"""The Dagster type of a dossier, one for all inputs and outputs: two types of one name do not load."""

import dagster as dg

from cardio_dagster.pipeline.dossier import Dossier

DossierType = dg.PythonObjectDagsterType(Dossier, description="All that is known of a study so far.")
dg.make_python_type_usable_as_dagster_type(Dossier, DossierType)
