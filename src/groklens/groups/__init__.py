"""Finite groups: their tables, elements' names, subgroups, and where a task's inputs hold their elements."""

from groklens.groups.classes import conjugacy_classes as conjugacy_classes
from groklens.groups.classes import element_orders as element_orders
from groklens.groups.element_names import element_names as element_names
from groklens.groups.element_names import is_reference as is_reference
from groklens.groups.finite_group import MOST_ELEMENTS as MOST_ELEMENTS
from groklens.groups.finite_group import FiniteGroup as FiniteGroup
from groklens.groups.finite_group import check_order as check_order
from groklens.groups.finite_group import cyclic as cyclic
from groklens.groups.finite_group import nonzero_residues as nonzero_residues
from groklens.groups.generators import closure as closure
from groklens.groups.generators import extended as extended
from groklens.groups.generators import generators as generators
from groklens.groups.isomorphism import isomorphism as isomorphism
from groklens.groups.named_groups import as_group as as_group
from groklens.groups.named_groups import group_named as group_named
from groklens.groups.named_groups import parse_group_name as parse_group_name
from groklens.groups.permutations import index_of as index_of
from groklens.groups.permutations import permutations_of as permutations_of
from groklens.groups.subgroups import SubgroupClass as SubgroupClass
from groklens.groups.subgroups import left_cosets as left_cosets
from groklens.groups.subgroups import right_cosets as right_cosets
from groklens.groups.subgroups import subgroup_classes as subgroup_classes
from groklens.groups.symmetry import Symmetry as Symmetry
from groklens.groups.symmetry import plain as plain
