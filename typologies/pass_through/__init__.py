"""Pass-through: what comes into an account goes out again at once, by and to people it had nothing to do with."""

from typologies.base.catalogue import typology
from typologies.pass_through.detector import PassThroughDetector
from typologies.pass_through.params import PassThroughParams

TYPOLOGY = typology(__file__, PassThroughDetector, PassThroughParams)
