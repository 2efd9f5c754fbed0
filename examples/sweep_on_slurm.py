"""A sweep on a cluster that runs SLURM: by dask-jobqueue, or by submitit. Needs a cluster, so no test runs it.

The workers see the folder of the sweep under the same path. What is trained at once is written down before the first
job, so the numbers are those of one machine's threads whoever trains; after jobs that were lost the same call goes on.

usage: python examples/sweep_on_slurm.py dask|submitit FOLDER
"""

import sys

import groklens as gl

SWEEP = gl.Sweep(
    gl.Recipe(task=gl.ModularArithmetic(53), model=gl.MLP(d_mlp=256), steps=20_000, keep=gl.Every(1_000)),
    over={
        "seed": range(8),
        "optimizer.weight_decay": (0.1, 0.3, 1.0, 3.0),
        "train_fraction": (0.3, 0.4, 0.5),
    },
)


def by_dask(folder):
    """Ten jobs of one core, each a worker of dask for two hours: `pip install "groklens[cluster]" dask-jobqueue`."""
    from dask_jobqueue import SLURMCluster
    from distributed import Client

    with SLURMCluster(cores=1, memory="4GB", walltime="02:00:00") as cluster, Client(cluster) as client:
        cluster.scale(jobs=10)
        return SWEEP.run(folder, client.get_executor(), threads=1)


def by_submitit(folder):
    """A job for every stack of eight runs: `pip install submitit`."""
    import submitit

    from groklens.integrations.submitit import Jobs

    slurm = submitit.AutoExecutor(folder="jobs")
    slurm.update_parameters(timeout_min=120, cpus_per_task=1, mem_gb=4)
    with Jobs(slurm) as jobs:
        return SWEEP.run(folder, jobs, threads=1)


if __name__ == "__main__":
    runs = {"dask": by_dask, "submitit": by_submitit}[sys.argv[1]](sys.argv[2])
    print(runs)
    gl.views.phase_diagram(gl.sweeps.over_seeds(runs.events())).save("phase_diagram.png")
