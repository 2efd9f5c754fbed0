"""Interventions: what a model does when a part of it is changed, each giving a snapshot like any other."""

from groklens.interventions.ablate import ablate as ablate
from groklens.interventions.graded import graded as graded
from groklens.interventions.neurons import clusters as clusters
from groklens.interventions.patch import patch as patch
from groklens.interventions.patch import resample as resample
from groklens.interventions.project import keep as keep
from groklens.interventions.project import remove as remove
from groklens.interventions.replace import replace as replace
