"""The table of yes/no history: conditions, habits and treatments, with their codes.

Belongs here: which words and codes (ICD-10, SNOMED CT, ATC) mean which item. Not here:
numbers (quantities.py) or reading documents. Absence from a list of conditions or
medicines never means "no": only an explicit no or a refuted condition does.
"""

from dataclasses import dataclass

from cardio_dagster.modalities.clinical.naming import field_key


@dataclass(frozen=True, slots=True)
class HistorySpec:
    """One yes/no item.

    `lasting`: a past event counts for ever, even where the condition is resolved. `parts`: field
    names that are only a part of it: one yes is a yes, a no is one only if all `core` parts are no.
    """

    name: str
    label: str
    aliases: tuple[str, ...] = ()
    icd10: tuple[str, ...] = ()  # prefixes, without the dot
    snomed: tuple[str, ...] = ()
    atc: tuple[str, ...] = ()  # prefixes
    lasting: bool = False
    parts: tuple[str, ...] = ()
    core: tuple[str, ...] = ()


_VALVE = "mechanical_valve_or_mitral_stenosis"
HISTORY: tuple[HistorySpec, ...] = (
    HistorySpec("diabetes", "Diabetes", ("diabetes_mellitus", "diabetic", "dm"), ("E10", "E11", "E12", "E13", "E14"), ("73211009", "44054006", "46635009")),
    HistorySpec("smoker", "Current smoker", ("current_smoker", "smoking", "smoking_status")),
    HistorySpec("hypertension", "Hypertension", ("arterial_hypertension", "high_blood_pressure", "htn"), ("I10", "I11", "I12", "I13", "I15"), ("38341003", "59621000")),
    HistorySpec("heart_failure", "Heart failure", ("chf", "congestive_heart_failure", "hf"), ("I50", "I110", "I130", "I132"), ("84114007", "42343007"), lasting=True),
    HistorySpec("stroke_or_tia", "Stroke, TIA or thromboembolism", ("stroke_tia", "stroke_tia_thromboembolism"), ("I63", "I64", "I693", "G45", "Z8673", "I74"), ("230690007", "422504002", "266257000"), lasting=True, parts=("stroke", "tia", "prior_stroke", "stroke_history", "thromboembolism"), core=("stroke", "tia")),
    HistorySpec("stroke", "Stroke of any kind, ischaemic or haemorrhagic, not TIA", ("prior_stroke", "stroke_history"), ("I60", "I61", "I63", "I64", "I691", "I693"), ("230690007", "422504002"), lasting=True),
    HistorySpec("vascular_disease", "Vascular disease (infarction, coronary or peripheral artery disease, aortic plaque)", (), ("I21", "I22", "I252", "I251", "I70", "I739"), ("22298006", "399211009", "53741008", "399957001"), lasting=True, parts=("myocardial_infarction", "coronary_artery_disease", "peripheral_artery_disease", "cad", "pad", "mi"), core=("myocardial_infarction", "peripheral_artery_disease")),
    HistorySpec("atrial_fibrillation", "Atrial fibrillation", ("afib", "af", "a_fib"), ("I480", "I481", "I482", "I489"), ("49436004", "282825002", "440059007"), lasting=True),
    HistorySpec(_VALVE, "Mechanical valve or moderate to severe mitral stenosis", lasting=True, parts=("mechanical_valve", "mitral_stenosis"), core=("mechanical_valve", "mitral_stenosis")),
    HistorySpec("bleeding", "Major bleeding before, or a predisposition to it (anaemia, bleeding disorder)", ("bleeding_history", "bleeding_history_or_predisposition"), ("I60", "I61", "I62", "K920", "K921", "K922", "D66", "D67", "D680", "D681", "D682", "D683", "D684"), ("74474003",), lasting=True, parts=("major_bleeding", "prior_bleeding", "bleeding_predisposition", "bleeding_disorder", "anaemia", "anemia"), core=("major_bleeding", "bleeding_predisposition")),
    HistorySpec("dialysis_or_kidney_transplant", "Chronic dialysis or kidney transplant", ("dialysis_or_renal_transplant",), ("Z992", "Z940"), parts=("dialysis", "kidney_transplant"), core=("dialysis", "kidney_transplant")),
    HistorySpec("liver_disease", "Cirrhosis, or bilirubin above 2 with transaminases or alkaline phosphatase above 3 times the upper limit", ("abnormal_liver_function",), ("K703", "K704", "K717", "K721", "K729", "K743", "K744", "K745", "K746", "K766", "K767", "I850", "I859"), ("19943007",), lasting=True, parts=("cirrhosis", "liver_cirrhosis")),
    HistorySpec("copd", "Chronic obstructive pulmonary disease", ("chronic_obstructive_pulmonary_disease", "chronic_obstructive_lung_disease"), ("J43", "J44"), ("13645005",), lasting=True),
    HistorySpec("dyspnoea", "Unexplained dyspnoea", ("dyspnea", "exertional_dyspnea", "exertional_dyspnoea", "shortness_of_breath"), ("R060",), ("267036007",)),
    HistorySpec("pregnant", "Pregnant now", ("pregnancy", "is_pregnant", "currently_pregnant"), ("Z33", "Z34"), ("77386006",)),
    HistorySpec("antihypertensive_treatment", "Antihypertensive treatment", ("bp_treatment", "on_antihypertensives", "antihypertensives", "antihypertensive", "bp_meds", "treated_hypertension"), atc=("C02", "C03", "C07", "C08", "C09")),
    HistorySpec("statin", "Statin", ("statins", "on_statin", "statin_treatment"), atc=("C10AA", "C10BA", "C10BX")),
    HistorySpec("beta_blocker", "Beta blocker", ("beta_blockers", "betablocker", "on_beta_blocker"), atc=("C07",)),
    HistorySpec("ace_inhibitor_or_arb", "ACE inhibitor or angiotensin receptor blocker, also with neprilysin inhibitor", ("acei_arb", "acei_or_arb", "ace_inhibitor_arb"), atc=("C09A", "C09B", "C09C", "C09D"), parts=("ace_inhibitor", "arb"), core=("ace_inhibitor", "arb")),
    HistorySpec("anticoagulant", "Oral anticoagulant", ("anticoagulation", "oral_anticoagulant", "on_anticoagulant", "oac"), atc=("B01AA", "B01AE", "B01AF")),
    HistorySpec("vitamin_k_antagonist", "Vitamin K antagonist", ("vka", "warfarin", "phenprocoumon", "acenocoumarol"), atc=("B01AA",)),
    HistorySpec("labile_inr", "Labile INR: less than 60 % of the time in the therapeutic range", ("unstable_inr",)),
    HistorySpec("antiplatelet_or_nsaid", "Antiplatelet medicine or non-steroidal anti-inflammatory drug", ("antiplatelets_or_nsaids",), atc=("B01AC", "M01A", "N02BA"), parts=("antiplatelet", "nsaid", "aspirin", "clopidogrel"), core=("antiplatelet", "nsaid")),
)  # fmt: skip
BY_NAME: dict[str, HistorySpec] = {spec.name: spec for spec in HISTORY}
_BY_ALIAS: dict[str, tuple[HistorySpec, ...]] = {
    alias: tuple(s for s in HISTORY if alias in (s.name, *s.aliases, *s.parts))
    for spec in HISTORY
    for alias in (spec.name, *spec.aliases, *spec.parts)
}
_NOT_ICD10 = ("I483", "I484", "I4892")  # atrial flutter is not fibrillation
SNOMED_URL, ICD10_URL, ATC_URL = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10", "http://www.whocc.no/atc"

_YES = {"yes", "y", "true", "t", "1", "present", "positive", "current", "active", "ja", "daily"}
_NO = {"no", "n", "false", "f", "0", "absent", "negative", "never", "former", "ex", "ex_smoker", "nein", "none"}
_SEX = {"f": "female", "female": "female", "w": "female", "woman": "female", "m": "male", "male": "male", "man": "male"}
_OTHER_SEX = (
    "other",
    "o",
    "x",
    "diverse",
    "divers",
    "d",
    "intersex",
    "non_binary",
    "undifferentiated",
    "undetermined",
    "asked_unknown",
)
SEX_ALIASES = ("sex", "gender", "patient_sex", "sex_at_birth")
SMOKING_CODES: dict[str, bool] = {
    **dict.fromkeys(("449868002", "428041000124106", "77176002", "428071000124103", "428061000124105"), True),
    **dict.fromkeys(("LA18976-3", "LA18977-1", "LA18981-3", "LA18982-1"), True),
    **dict.fromkeys(("8517006", "266919005", "LA15920-4", "LA18978-9"), False),
}  # current yes; former and never are no: the scores ask for current smoking


def find_history(name: str) -> tuple[HistorySpec, ...]:
    """Return the items that a field name answers or is a part of ("stroke" is two); empty if there is none."""
    return _BY_ALIAS.get(field_key(name), ())


def find_by_code(system: str, code: str) -> tuple[HistorySpec, ...]:
    """Return the items that a coded condition or medicine belongs to (I11.0 is two: hypertension and heart failure)."""
    plain = code.replace(".", "").upper()
    if system == SNOMED_URL:
        return tuple(s for s in HISTORY if code in s.snomed)
    if system.startswith(ICD10_URL) and not plain.startswith(_NOT_ICD10):
        return tuple(s for s in HISTORY if s.icd10 and plain.startswith(s.icd10))
    return tuple(s for s in HISTORY if system == ATC_URL and s.atc and plain.startswith(s.atc))


def parse_yes_no(value: object) -> bool | None:
    """Return a yes or no in any usual form; None for anything else, also for "unknown"."""
    if isinstance(value, bool):
        return value
    text = field_key(str(value)) if isinstance(value, str | int) else ""
    return True if text in _YES else False if text in _NO else None


def parse_sex(value: object) -> str | None:
    """Return "female" or "male"; None where it is other, unknown or not understood."""
    return _SEX.get(field_key(value)) if isinstance(value, str) else None


def is_other_sex(value: object) -> bool:
    """Return whether `value` says on purpose that the sex is neither female nor male."""
    return isinstance(value, str) and field_key(value) in _OTHER_SEX
