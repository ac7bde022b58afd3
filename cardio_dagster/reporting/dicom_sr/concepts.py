"""Which measurement bears which standard code, and which modifiers its method text implies.

Belongs here: the tables from machine names to coded concepts. Not here: the shape of a content item
(measurement.py) or of a report (echo.py, ecg.py). A name that stands in no table gets a private code, so that
nothing measured is left out; a name stands in a table only where the standard's concept is the same quantity (a
diameter of the four-chamber view is not the parasternal one, an index of one plane not that of two).
"""

from cardio_dagster.reporting.dicom_sr import codes
from cardio_dagster.reporting.dicom_sr.codes import Code

_EDV = Code("18026-5", "LN", "Left Ventricular End Diastolic Volume")
_ESV = Code("18148-7", "LN", "Left Ventricular End Systolic Volume")
_EF = Code("18043-0", "LN", "Left Ventricular Ejection Fraction by US")
_LA_VOLUME = Code("399235004", "SCT", "Left Atrium Systolic Volume")
_HEART_RATE = Code("8867-4", "LN", "Heart rate")

# CID 12200 (left ventricle), CID 12205 (left atrium); 79980-9 and 80051-6 from CID 12300
ECHO: dict[str, Code] = {
    "lvef_pct": _EF,
    "lvef_area_length_pct": _EF,
    "lv_edv_ml": _EDV,
    "lvedv_ml": _EDV,
    "lv_edv_area_length_ml": _EDV,
    "lv_esv_ml": _ESV,
    "lvesv_ml": _ESV,
    "lv_esv_area_length_ml": _ESV,
    "lv_stroke_volume_ml": Code("90096001", "SCT", "Stroke Volume"),
    "cardiac_output_l_min": Code("82799009", "SCT", "Cardiac Output"),
    "lv_length_cm": Code("18077-8", "LN", "Left Ventricle diastolic major axis"),
    "lv_length_es_cm": Code("18076-0", "LN", "Left Ventricle systolic major axis"),
    "wall_motion_score_index": Code("125202", "DCM", "LV Wall Motion Score Index"),
    "echo_heart_rate_bpm": _HEART_RATE,
    "echo_heart_rate_r_waves_bpm": _HEART_RATE,
    "la_volume_ml": _LA_VOLUME,
    "la_volume_area_length_ml": _LA_VOLUME,
    "la_area_cm2": Code("17977-0", "LN", "Left Atrium Area A4C view"),
    "la_length_cm": Code("79980-9", "LN", "Left atrial end systolic length 4C"),
    "mitral_annulus_width_a4c_cm": Code("80051-6", "LN", "Mitral annulus diastolic diameter - A4C"),
}

VENTRICULAR_RATE = Code("2:16016", "MDC", "Ventricular Heart Rate")
QT = Code("2:16160", "MDC", "QT interval global")
PR = Code("2:15872", "MDC", "PR interval global")
QRS = Code("2:16156", "MDC", "QRS duration global")
RR = Code("2:16168", "MDC", "RR interval global")
QTC = Code("2:15876", "MDC", "QTc interval global")

# TID 3713, in the order of its rows: concept, unit, the names that may fill it (the first one found does)
ECG_ROWS: tuple[tuple[Code, Code, tuple[str, ...]], ...] = (
    (VENTRICULAR_RATE, codes.BEATS_PER_MINUTE, ("heart_rate_bpm", "heart_rate_per_min")),
    (QT, codes.unit("ms"), ("qt_ms",)),
    (PR, codes.unit("ms"), ("pr_ms",)),
    (QRS, codes.unit("ms"), ("qrs_ms",)),
    (RR, codes.unit("ms"), ("rr_ms",)),
)
QTC_NAMES = ("qtc_fridericia_ms", "qtc_ms", "qtc_bazett_ms", "qtc_framingham_ms", "qtc_hodges_ms")

# CID 3689 (durations), CID 3229 (axes), CID 3227 (QTc by a named formula beside the one of the template)
ECG: dict[str, Code] = {
    "p_ms": Code("2:16184", "MDC", "P duration global"),
    "p_axis_deg": Code("2:16128", "MDC", "P Axis"),
    "qrs_axis_deg": Code("2:16132", "MDC", "QRS axis"),
    "t_axis_deg": Code("2:16136", "MDC", "T axis"),
    "qtc_bazett_ms": Code("2:15880", "MDC", "QTc global using Bazett formula"),
    "qtc_fridericia_ms": Code("2:15892", "MDC", "QTc global using Fredericia formula"),  # the standard's spelling
}

# TID 5201 and TID 3704, in this order
CHARACTERISTICS: tuple[tuple[Code, tuple[str, ...]], ...] = (
    (Code("121033", "DCM", "Subject Age"), ("age_years",)),
    (Code("8302-2", "LN", "Patient Height"), ("height_cm",)),
    (Code("29463-7", "LN", "Patient Weight"), ("weight_kg",)),
    (Code("271649006", "SCT", "Systolic Blood Pressure"), ("sbp_mmhg", "systolic_bp_mmhg")),
    (Code("271650006", "SCT", "Diastolic Blood Pressure"), ("dbp_mmhg", "diastolic_bp_mmhg")),
    (Code("8277-6", "LN", "Body Surface Area"), ("body_surface_area_m2", "bsa_m2")),
)

_FORMULAS = {
    "fridericia": codes.FRIDERICIA,
    "bazett": codes.BAZETT,
    "framingham": codes.FRAMINGHAM,
    "hodges": codes.HODGES,
}


def site(name: str) -> Code:
    """Return where an echo measurement was taken, by the prefix of its name; the left ventricle unless it says else."""
    if name.startswith("la_"):
        return codes.LEFT_ATRIUM
    return codes.MITRAL_VALVE if name.startswith("mitral_") else codes.LEFT_VENTRICLE


def view(method: str) -> Code | None:
    """Return the apical view (CID 12226) that a method text names; None where it names none or two."""
    named = [code for word, code in (("A4C", codes.APICAL_4C), ("A2C", codes.APICAL_2C)) if word in method]
    return named[0] if len(named) == 1 else None


def volume_method(method: str) -> Code | None:
    """Return the coded volume method (CID 12228) that a method text names; None where it names none."""
    biplane = "biplane" in method
    if "plane" not in method:
        return None
    if "area-length" in method:
        return codes.AREA_LENGTH_BIPLANE if biplane else codes.AREA_LENGTH_SINGLE
    if "discs" in method:
        return codes.DISKS_BIPLANE if biplane else codes.DISKS_SINGLE
    return None


def qt_formula(method: str) -> Code | None:
    """Return the QT correction algorithm (CID 3678) that a method text names; None where it names none."""
    return next((code for word, code in _FORMULAS.items() if word in method.lower()), None)
