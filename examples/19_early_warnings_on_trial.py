# %% [markdown]
# # Early warnings on trial
# Somebody shows you a number that rises before networks generalise. Does it foresee anything? A library of 312 runs,
# most of which never do, comes with groklens as numbers; the referee asks on other configurations than it fitted.

# %%
import groklens as gl

library = gl.forecasts.library()
library

# %% [markdown]
# Two signals that anybody can compute, at twice the step at which a run had memorised: does it change within ten
# times that step? AUROC is ½ where nothing is foreseen; what hyper-parameters alone foresee is a null that has to be
# beaten.

# %%
table = gl.forecasts.judge(library, ["weight_norm", "test_loss_slope"], horizon=10, clock=2, draws=50)
table["auroc"].to_pandas().T.round(2)

# %% [markdown]
# The same law that `gl.forecast` uses, fitted on every other configuration and asked about the rest: on the dotted
# line, what is given a chance of 30 % happens in 30 % of the runs. Below it, the law promises too much.

# %%
names = sorted(set(library["configuration"].values.tolist()))
fitted = library["configuration"].isin(names[::2]).values
law = gl.forecasts.law_at(library.isel(run=fitted), 2.0)
others = gl.forecasts.at_risk(library.isel(run=~fitted), 2.0, 10.0)
others = others.isel(run=others["known"].values)

# %%
gl.views.calibration(gl.forecasts.calibration(law.chance(others, 10.0), others["changes"].values))
