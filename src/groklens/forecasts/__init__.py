"""Forecasts: signals of what a run will do, and the library of runs that they are judged on."""

from groklens.forecasts.at_risk import at_risk as at_risk
from groklens.forecasts.by_configuration import first_half as first_half
from groklens.forecasts.by_configuration import over_configurations as over_configurations
from groklens.forecasts.calibration import calibration as calibration
from groklens.forecasts.commutator import CommutatorDefect as CommutatorDefect
from groklens.forecasts.evidence import Evidence as Evidence
from groklens.forecasts.forecast import Forecast as Forecast
from groklens.forecasts.forecast import forecast as forecast
from groklens.forecasts.forecast import forecast_if_known as forecast_if_known
from groklens.forecasts.hankel_dmd import HankelDMD as HankelDMD
from groklens.forecasts.law import Law as Law
from groklens.forecasts.law import law_at as law_at
from groklens.forecasts.leakage import leakage as leakage
from groklens.forecasts.learning_coefficient import LearningCoefficient as LearningCoefficient
from groklens.forecasts.library import CLOCKS as CLOCKS
from groklens.forecasts.library import library as library
from groklens.forecasts.library import read_library as read_library
from groklens.forecasts.library import together as together
from groklens.forecasts.library import write_library as write_library
from groklens.forecasts.loss_spectrum import EarlyLossSpectrum as EarlyLossSpectrum
from groklens.forecasts.measured import Measured as Measured
from groklens.forecasts.nulls import ElapsedTime as ElapsedTime
from groklens.forecasts.nulls import HyperParameter as HyperParameter
from groklens.forecasts.referee import judge as judge
from groklens.forecasts.restricted import Restricted as Restricted
from groklens.forecasts.row import row_of as row_of
from groklens.forecasts.signal import SEES as SEES
from groklens.forecasts.signal import Signal as Signal
from groklens.forecasts.signals import COSTLY as COSTLY
from groklens.forecasts.signals import SIGNALS as SIGNALS
from groklens.forecasts.slope import TestLossSlope as TestLossSlope
from groklens.forecasts.support import Support as Support
from groklens.forecasts.trajectory import Trajectory as Trajectory
from groklens.forecasts.weibull import Interval as Interval
from groklens.forecasts.weights import WeightMotion as WeightMotion
from groklens.forecasts.weights import WeightNorm as WeightNorm
from groklens.public import public_names


def __dir__() -> list[str]:
    return public_names(globals(), {"public_names", "forecast_if_known"})
