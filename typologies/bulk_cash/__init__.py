"""D05 bulk cash placement, indifferent to reports."""

from typologies.base.catalogue import typology
from typologies.bulk_cash.detector import BulkCashDetector
from typologies.bulk_cash.params import BulkCashParams

TYPOLOGY = typology(__file__, BulkCashDetector, BulkCashParams)

__all__ = ["TYPOLOGY"]
