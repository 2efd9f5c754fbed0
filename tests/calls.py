"""Calls that a type checker has to judge: the lines that end in `# wrong` are mistakes, no other is."""

from dataclasses import replace

import torch

import groklens as gl


def right_and_wrong_values() -> gl.Recipe:
    task = gl.ModularArithmetic(113, "add")
    gl.ModularArithmetic("113", "add")  # wrong
    gl.ModularArithmatic(113, "add")  # wrong
    model = gl.Transformer(n_layers=1, d_model=128, act_fn="relu")
    gl.Transformer(d_modell=3)  # wrong
    gl.MLP(128)  # wrong
    optimizer = gl.AdamW(lr=1e-3, weight_decay=1.0)
    gl.AdamW(learning_rate=1)  # wrong
    gl.Recipe(task=task)  # wrong
    gl.Recipe(task=task, model=model, optimizer="adamw")  # wrong
    recipe = gl.Recipe(task=task, model=model, optimizer=optimizer, keep=gl.LogSpaced(60))
    _ = recipe.step  # wrong
    recipe.steps = 3  # wrong
    return replace(recipe, seed=1)


def right_and_wrong_runs(recipe: gl.Recipe) -> gl.Snapshot:
    run = gl.train(recipe, into="runs/mine")
    gl.train(recipe)  # wrong
    gl.train(recipe, into="runs/mine", devise="cpu")  # wrong
    gl.train(recipe.id, into="runs/mine")  # wrong
    gl.train_many([recipe])  # wrong
    runs = gl.train_many([recipe, replace(recipe, seed=2)], into="runs/seeds")
    _ = runs.final  # wrong
    _ = run.fnial  # wrong
    run.at("last")  # wrong
    return gl.load("examples/runs/mod113").at(run.steps[0])


def right_and_wrong_explanations(run: gl.Run) -> gl.Explanation:
    why = gl.explain(run)
    gl.explian(run)  # wrong
    gl.explain(run, stesp=[0, 100])  # wrong
    gl.explain()  # wrong
    why.to_htlm("report.html")  # wrong
    why.to_html("report.html")
    finding = why.finding("generalises")
    _ = finding.claims  # wrong
    circuit = gl.Circuit("C113", [7, 20, 21, 42])
    gl.examine(run.final, circuit)
    gl.examine(run.final)  # wrong
    gl.find_circuit(run.final)
    return why


def right_and_wrong_families(run: gl.Run, why: gl.Explanation) -> object:
    table = gl.track(run, [gl.measures.test_loss, *gl.measures.PROGRESS])
    gl.track(run, [gl.measures.tset_loss])  # wrong
    table.to_dataframe()
    gl.views.curves(why, ["test_loss"]).save("curves.png")
    gl.views.curvs(why)  # wrong
    gl.views.curves(why, log_step=True)  # wrong
    gl.interventions.memorising_neurons(run.final, share=0.6)
    gl.interventions.memorizing_neurons(run.final)  # wrong
    gl.theory.overfitting_coefficient(torch.ones(400), n=100)
    gl.theory.overfitting_coefficient([1.0, 0.5], n=1)  # wrong
    gl.theory.overfitting_coefficient(torch.ones(400))  # wrong
    gl.capture(run, "blocks.0.mlp.hook_post", pos=-1)
    gl.capture(run, "blocks.0.mlp.hook_post", pos="last")  # wrong
    return gl.hramonics  # wrong
