"""Models of Chughtai et al. (2023): losses, key representations, similarities."""

import json

import a5_authors
import pytest

import groklens as gl
from groklens.groups import group_named

FOLDERS = (
    "C113_MLP_seed1", "C113_T_seed1", "D59_MLP_seed1", "D59_T_seed1", "S5_MLP_seed2", "S5_T_seed1",
    "A5_MLP_seed1", "A5_T_seed1", "A5_T_seed3",
)  # fmt: skip


@pytest.fixture(scope="module", params=FOLDERS)
def model(request, zoo, golden):
    folder = zoo / "rep_theory" / request.param
    return folder, gl.load(folder).final, golden["rep_theory"].get(request.param, {})


def test_loss_is_the_authors(model):
    _, snapshot, expected = model
    if "all_loss" in expected:
        assert gl.measures.loss(snapshot) == pytest.approx(expected["all_loss"], rel=1e-4)
    if "test_accuracy" in expected:
        assert gl.measures.test_accuracy(snapshot) == pytest.approx(expected["test_accuracy"], abs=1e-3)


def similarities(snapshot):
    values = gl.measures.logit_similarity(snapshot)
    return dict(zip(values["component"].values.tolist(), values.values.tolist(), strict=True))


def similarities_by_authors_matrices(snapshot, divisor):
    """Similarities with the three-dimensional irreps of A5 as the authors computed them; see a5_authors."""
    matrices = a5_authors.irreps_3d(divisor)
    group = snapshot.task.group
    return similarities(snapshot) | {
        name: a5_authors.similarity(snapshot.logits, each, group) for name, each in matrices.items()
    }


def test_key_representations_are_the_authors(model):
    folder, snapshot, _ = model
    a5 = folder.name.startswith("A5")
    found = similarities_by_authors_matrices(snapshot, divisor=5) if a5 else similarities(snapshot)
    listed = (folder / "irreps.txt").read_text().split()
    names = {
        f"freq_{name}" if isinstance(name, int) else name for name, value in found.items() if value > 0.005
    }
    assert names & set(listed) == set((folder / "key_reps.txt").read_text().split())


@pytest.mark.parametrize("name", ["A5_T_seed1", "A5_T_seed3", "A5_MLP_seed1"])
def test_similarities_of_a5_are_the_authors_with_their_slip(zoo, name):
    """With the generator turned too little, what they stored comes out; with the right angle, what we find."""
    folder = zoo / "rep_theory" / name
    snapshot = gl.load(folder).final
    stored = json.loads((folder / "summary_metrics.json").read_text())
    slipped = similarities_by_authors_matrices(snapshot, divisor=5)
    assert slipped == pytest.approx(
        {rho: stored[f"logit_{rho}_rep_trace_similarity"] for rho in slipped}, abs=2e-7
    )
    exact = similarities_by_authors_matrices(snapshot, divisor=4)
    assert exact == pytest.approx(similarities(snapshot), abs=1e-10)


def test_only_the_unit_axis_makes_a_representation():
    table = group_named("A5").table
    for divisor, holds in ((4, True), (5, False)):
        for matrices in a5_authors.irreps_3d(divisor).values():
            products = matrices[:, None] @ matrices[None]
            error = float((products - matrices[table]).abs().max())
            assert (error < 1e-12) == holds
            assert holds or error > 0.1


def test_inexact_matrices_made_two_of_one(zoo):
    """With exact irreps the A5 transformer of seed 1 uses one three-dimensional irrep, in logits and neurons."""
    snapshot = gl.load(zoo / "rep_theory" / "A5_T_seed1").final
    similarity = gl.measures.logit_similarity(snapshot)
    assert float(similarity.sel(component="a5_3d_a")) > 0.8
    assert abs(float(similarity.sel(component="a5_3d_b"))) < 1e-3
    assert gl.find_circuit(snapshot).components == ("a5_3d_a",)


def test_similarities_of_s5(zoo, golden):
    expected = golden["rep_theory"]["S5_MLP_seed2"]["logit_similarity"]
    similarity = gl.measures.logit_similarity(gl.load(zoo / "rep_theory" / "S5_MLP_seed2").final)
    assert {name: float(similarity.sel(component=name)) for name in expected} == pytest.approx(
        expected, rel=1e-4
    )


def test_algorithm_is_among_the_allowed(model, zoo_explained):
    folder, _, expected = model
    if "algorithm" in expected:
        assert zoo_explained(folder).algorithm in expected["algorithm"]
