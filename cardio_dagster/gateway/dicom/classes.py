"""Classes: the SOP classes and transfer syntaxes that are taken.

Belongs here: two lists and the presentation contexts made of them. Not here: reading what comes (modalities/).

UIDs: PS3.4 B.5 (storage classes) and PS3.6 A (transfer syntaxes), as pydicom's dictionary has them. Deflated datasets are left
out: they inflate without a limit.
"""

from pydicom.uid import (
    JPEG2000,
    JPEG2000MC,
    AmbulatoryECGWaveformStorage,
    EnhancedUSVolumeStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    General32bitECGWaveformStorage,
    GeneralECGWaveformStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEG2000MCLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MPEGTransferSyntaxes,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    TwelveLeadECGWaveformStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
)
from pynetdicom import build_context
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined, unused-ignore]

_RETIRED_ULTRASOUND = (
    "1.2.840.10008.5.1.4.1.1.3",
    "1.2.840.10008.5.1.4.1.1.6",
)  # multi-frame, single; old devices send them
WAVEFORMS = tuple(
    str(uid)
    for uid in (
        TwelveLeadECGWaveformStorage,
        GeneralECGWaveformStorage,
        AmbulatoryECGWaveformStorage,
        General32bitECGWaveformStorage,
    )
)
IMAGES = (
    *_RETIRED_ULTRASOUND,
    *(
        str(uid)
        for uid in (
            UltrasoundImageStorage,
            UltrasoundMultiFrameImageStorage,
            EnhancedUSVolumeStorage,
            SecondaryCaptureImageStorage,
            MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
            MultiFrameTrueColorSecondaryCaptureImageStorage,
        )
    ),
)
CLASSES = frozenset({*WAVEFORMS, *IMAGES})

NATIVE = tuple(str(uid) for uid in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian))
COMPRESSED = tuple(
    str(uid)
    for uid in (
        JPEGBaseline8Bit,
        JPEGExtended12Bit,
        JPEGLossless,
        JPEGLosslessSV1,
        JPEGLSLossless,
        JPEGLSNearLossless,
        JPEG2000,
        JPEG2000Lossless,
        JPEG2000MC,
        JPEG2000MCLossless,
        RLELossless,
        *MPEGTransferSyntaxes,
    )
)
SYNTAXES = frozenset({*NATIVE, *COMPRESSED})


def contexts() -> list[PresentationContext]:
    """Return what the receiver accepts at negotiation: C-ECHO, and each class with the syntaxes that are read for it."""
    images = [build_context(uid, [*NATIVE, *COMPRESSED]) for uid in IMAGES]
    waveforms = [build_context(uid, list(NATIVE)) for uid in WAVEFORMS]
    return [build_context(Verification), *images, *waveforms]
