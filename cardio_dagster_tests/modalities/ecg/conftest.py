import os
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import BRANCH


@pytest.fixture(scope="session")
def dicom_path():
    return Path(get_testdata_file("waveform_ecg.dcm"))


@pytest.fixture(scope="session")
def reference_data():
    root = Path(__file__).parents[3]
    path = Path(os.environ.get("CARDIO_REFERENCE_DATA", root.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip("no reference data: set CARDIO_REFERENCE_DATA")
    return path


@pytest.fixture(scope="session")
def run():
    """Run the verbs after validate on a record and return prepared, structures, analysis."""

    def _run(record):
        prepared = BRANCH.preprocess(record, Options()).data
        found = BRANCH.detect(prepared, Options()).data
        return prepared, found, BRANCH.analyse(prepared, found, "r1", Options()).data

    return _run


@pytest.fixture(scope="session")
def values():
    def _values(analysis):
        return {m.name: m.value for m in analysis.measurements}

    return _values
