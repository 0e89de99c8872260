"""D01 structuring: cash split so that no business day exceeds a reporting line."""

from typologies.base.catalogue import typology
from typologies.structuring.detector import StructuringDetector
from typologies.structuring.params import StructuringParams

TYPOLOGY = typology(__file__, StructuringDetector, StructuringParams)

__all__ = ["TYPOLOGY"]
