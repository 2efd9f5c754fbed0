"""The signals that a library of runs holds: a new one is one file, one test and one line here."""

from __future__ import annotations

from groklens.forecasts.commutator import CommutatorDefect
from groklens.forecasts.hankel_dmd import HankelDMD
from groklens.forecasts.learning_coefficient import LearningCoefficient
from groklens.forecasts.loss_spectrum import EarlyLossSpectrum
from groklens.forecasts.measured import GINI, IPR, LOGIT_SCALE, SPECTRAL_ENTROPY, TEST_LOSS
from groklens.forecasts.nulls import ElapsedTime
from groklens.forecasts.restricted import Restricted
from groklens.forecasts.signal import Signal
from groklens.forecasts.slope import TestLossSlope
from groklens.forecasts.weights import WeightMotion, WeightNorm

#: Signals that take milliseconds, what sees least first.
SIGNALS: tuple[Signal, ...] = (
    ElapsedTime(),
    WeightNorm(),
    WeightMotion(),
    LOGIT_SCALE,
    SPECTRAL_ENTROPY,
    EarlyLossSpectrum(),
    CommutatorDefect(),
    HankelDMD(),
    TEST_LOSS,
    TestLossSlope(),
    GINI,
    IPR,
    Restricted(),
)
#: Signals that take seconds; a library has them of some runs.
COSTLY: tuple[Signal, ...] = (LearningCoefficient(),)
