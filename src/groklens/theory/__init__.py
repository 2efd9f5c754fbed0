"""Closed-form companions: what statistics predicts, to hold a measured curve against."""

from groklens.theory.spectra import effective_ranks as effective_ranks
from groklens.theory.spectra import excess_risk_terms as excess_risk_terms
from groklens.theory.spectra import k_star as k_star
from groklens.theory.spectra import overfitting_coefficient as overfitting_coefficient
from groklens.theory.spectra import regime as regime
