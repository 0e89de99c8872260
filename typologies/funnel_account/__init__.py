"""Funnel account: many people pay into one account, far from its home or unknown to it, and the money moves on."""

from typologies.base.catalogue import typology
from typologies.funnel_account.detector import FunnelAccountDetector
from typologies.funnel_account.params import FunnelAccountParams

TYPOLOGY = typology(__file__, FunnelAccountDetector, FunnelAccountParams)
