"""What a file does not say is asked for, or said to be taken for granted; what a user says is honoured or refused."""

import json
from types import SimpleNamespace

import pytest
import torch
from foreign_formats import (
    ADD,
    FORMATS,
    OWN,
    PLAIN,
    P,
    transformer,
    write_grokking_demo,
    write_hooked_transformer,
    write_nanda,
    write_pizza,
    write_rep_theory,
    write_y_agent,
)

import groklens as gl
from groklens.errors import BadArgument, ConfigNeeded, DamagedRun, RunNotFound, TaskNeeded
from groklens.models.lens import TransformerBridge, TransformerBridgeConfig

SUB = gl.ModularArithmetic(P, "sub")


def live(seed=0, **choices):
    """A bridge of random weights, norms and biases among them."""
    sizes = {"n_layers": 2, "n_heads": 2, "d_model": 8, "d_head": 4, "d_mlp": 12, "n_ctx": 3}
    config = PLAIN | sizes | {"d_vocab": P + 1, "d_vocab_out": P, "init_weights": True, "seed": 0} | choices
    model = TransformerBridge.boot_native(TransformerBridgeConfig(**config))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
    return model


def saved(model, folder, kind):
    named = model.tl_parameters() if kind == "old" else model.state_dict()
    torch.save({name: tensor.detach().clone() for name, tensor in named.items()}, folder / f"{kind}.pt")
    return folder / f"{kind}.pt"


def ask(path, task=ADD):
    with pytest.raises(ConfigNeeded) as caught:
        gl.load(path, task=task)
    assert "\n" not in str(caught.value)
    assert f"gl.load({str(path)!r}, task=task, config=dict(" in str(caught.value)
    return caught.value.lacking


CHOICES = [
    *({"act_fn": name} for name in ("relu", "gelu", "gelu_new", "silu", "solu")),
    *({"normalization_type": name} for name in ("LN", "LNPre", "RMS", "RMSPre")),
    {"attention_dir": "bidirectional"},
    {"attn_only": True},
    {"gated_mlp": True, "act_fn": "silu"},
    {"n_key_value_heads": 1},
    {"positional_embedding_type": "rotary"},
    {"normalization_type": "LN", "act_fn": "gelu", "attention_dir": "bidirectional"},
    {"normalization_type": "LN", "final_rms": True},
]


class TestTransformers:
    @pytest.mark.parametrize("kind", ["old", "bridge"])
    @pytest.mark.parametrize("choices", CHOICES, ids=str)
    def test_what_is_asked_for_and_answered_gives_the_models_own_logits(self, choices, kind, tmp_path):
        model = live(**choices)
        path = saved(model, tmp_path, kind)
        answers = {name: getattr(model.cfg, name) for name in ask(path)}
        run = gl.load(path, task=ADD, config=answers)
        exact = {"rtol": 1e-5, "atol": 1e-4} if "n_key_value_heads" in choices else {"rtol": 0, "atol": 0}
        torch.testing.assert_close(run.final.logits, gl.Snapshot(model, ADD).logits, **exact)
        hook = "blocks.0.attn.hook_pattern"
        patterns = run.final.activations(hook), gl.Snapshot(model, ADD).activations(hook)
        torch.testing.assert_close(*patterns, **exact)

    def test_a_norm_of_the_activation_tells_it(self, tmp_path):
        model = live(act_fn="solu_ln")
        path = saved(model, tmp_path, "bridge")
        assert ask(path) == ("n_heads", "normalization_type", "attention_dir")
        said = {"n_heads": 2, "normalization_type": None, "attention_dir": "causal"}
        assert torch.equal(gl.load(path, task=ADD, config=said).final.logits, gl.Snapshot(model, ADD).logits)
        with pytest.raises(DamagedRun, match=r"mlp\.ln\.weight.*save model\.state_dict\(\)"):
            gl.load(saved(model, tmp_path, "old"), task=ADD, config=PLAIN | {"act_fn": "solu_ln"})

    @pytest.mark.parametrize("kind", ["old", "bridge"])
    def test_the_models_own_configuration_may_be_given_whole(self, kind, tmp_path):
        model = live(act_fn="gelu", normalization_type="LN", eps=1e-3)
        path = saved(model, tmp_path, kind)
        for config in (model.cfg, dict(vars(model.cfg))):
            run = gl.load(path, task=ADD, config=config)
            assert torch.equal(run.final.logits, gl.Snapshot(model, ADD).logits)

    def test_only_what_the_weights_leave_open_is_asked_for(self, tmp_path):
        assert ask(saved(live(), tmp_path, "old")) == ("act_fn", "normalization_type", "attention_dir")
        assert ask(saved(live(normalization_type="LN"), tmp_path, "old")) == ("act_fn", "attention_dir")
        assert ask(saved(live(attn_only=True), tmp_path, "old")) == ("normalization_type", "attention_dir")

    @pytest.mark.parametrize(
        ("mask", "direction"),
        [(torch.ones(3, 3).tril().bool(), "causal"), (torch.ones(3, 3).bool(), "bidirectional")],
    )
    def test_the_mask_of_old_files_tells_the_direction(self, mask, direction, tmp_path):
        state = transformer() | {"blocks.0.attn.mask": mask, "blocks.0.attn.IGNORE": torch.tensor(-1e5)}
        torch.save(state, tmp_path / "old.pt")
        assert ask(tmp_path / "old.pt") == ("act_fn", "normalization_type")
        run = gl.load(tmp_path / "old.pt", task=ADD, config={"act_fn": "relu", "normalization_type": None})
        assert run.model["config"]["attention_dir"] == direction

    def test_local_attention_is_refused(self, tmp_path):
        mask = torch.eye(3).bool()
        torch.save(transformer() | {"blocks.0.attn.mask": mask}, tmp_path / "old.pt")
        with pytest.raises(DamagedRun, match="neither causal nor open"):
            gl.load(tmp_path / "old.pt", task=ADD, config=PLAIN)

    def test_without_a_task_both_are_asked_for_at_once(self, tmp_path):
        with pytest.raises(
            TaskNeeded, match=r"task=gl\.ModularArithmetic\(113, 'add'\), config=dict\(act_fn="
        ):
            gl.load(write_hooked_transformer(tmp_path))

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ({"act_fun": "relu"}, "did you mean 'act_fn'"),
            ({"act_fn": "rleu"}, "choose one of 'relu'"),
            ({"act_fn": 3}, "choose one of"),
            ({"normalization_type": "layer"}, "choose one of None, 'LN'"),
            ({"attention_dir": None}, "'causal', 'bidirectional'"),
            ({"n_heads": 2.0}, "whole number from 1"),
            ({"n_ctx": True}, "whole number from 1"),
            ({"eps": -1e-5}, "finite number above 0"),
            ({"eps": float("nan")}, "finite number above 0"),
            ({"use_local_attn": True}, "cannot be built here"),
            (["act_fn"], "as a dictionary"),
            ("relu", "as a dictionary"),
        ],
    )
    def test_a_configuration_that_is_none(self, config, said, tmp_path):
        with pytest.raises(BadArgument, match=said) as caught:
            gl.load(write_hooked_transformer(tmp_path), task=ADD, config=config)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "config", [{"n_heads": 4}, {"d_model": 16}, {"attn_only": True}, {"gated_mlp": True}]
    )
    def test_what_the_weights_say_otherwise_is_refused(self, config, tmp_path):
        with pytest.raises(BadArgument, match=r"leave it out of config="):
            gl.load(write_hooked_transformer(tmp_path), task=ADD, config=PLAIN | config)

    def test_a_norm_with_weights_is_no_other(self, tmp_path):
        path = saved(live(normalization_type="LN"), tmp_path, "old")
        with pytest.raises(BadArgument, match="normalization_type='LN'"):
            gl.load(path, task=ADD, config=PLAIN | {"normalization_type": "LNPre"})

    def test_a_file_that_says_its_configuration_is_believed(self, tmp_path):
        model = live(act_fn="gelu")
        state = {name: tensor.detach() for name, tensor in model.tl_parameters().items()}
        said = PLAIN | {"act_fn": "gelu", "lr": 1e-3, "eps": 1e-8}
        torch.save({"model": state, "config": said}, tmp_path / "x.pt")
        run = gl.load(tmp_path / "x.pt", task=ADD)
        assert torch.equal(run.final.logits, gl.Snapshot(model, ADD).logits)
        with pytest.raises(BadArgument, match="act_fn='gelu'"):
            gl.load(tmp_path / "x.pt", task=ADD, config={"act_fn": "relu"})

    @pytest.mark.parametrize("wrong", [{"act_fn": "x"}, {"n_layers": "x"}, {"n_heads": 3}, {"n_ctx": -1}])
    def test_a_file_that_says_nonsense_is_refused_by_field(self, wrong, tmp_path):
        torch.save({"model": transformer(), "config": PLAIN | wrong}, tmp_path / "x.pt")
        with pytest.raises(DamagedRun, match=rf"x\.pt says that {next(iter(wrong))} is"):
            gl.load(tmp_path / "x.pt", task=ADD)

    def test_biases_that_a_file_leaves_out_are_said_to_be_zero(self, tmp_path):
        state = {name: t for name, t in live().tl_parameters().items() if not name.endswith("0.attn.b_Q")}
        torch.save({name: tensor.detach() for name, tensor in state.items()}, tmp_path / "x.pt")
        taken = gl.load(tmp_path / "x.pt", task=ADD, config=PLAIN).known["taken for granted"]
        assert taken == {"biases": "zero, as there is no blocks.0.attn.b_Q"}

    def test_eps_is_taken_for_granted_where_there_is_a_norm(self, tmp_path):
        path = saved(live(normalization_type="LN", eps=1e-3), tmp_path, "old")
        said = {"act_fn": "relu", "attention_dir": "causal"}
        assert gl.load(path, task=ADD, config=said).known["taken for granted"] == {"eps": 1e-5}
        run = gl.load(path, task=ADD, config=said | {"eps": 1e-3})
        assert "taken for granted" not in run.known
        model = live(normalization_type="LN", eps=1e-3)
        assert torch.equal(run.final.logits, gl.Snapshot(model, ADD).logits)


def change_config(path, change, file=None):
    """The configuration of a written file with some entries changed, or taken out (None)."""
    if file is None:
        content = torch.load(path, weights_only=True)
        values = content.get("config") or {}
    else:
        values = json.loads((path / file).read_text())
    values = {name: value for name, value in (values | change).items() if value is not None}
    if file is None:
        torch.save(content | {"config": values}, path)
    else:
        (path / file).write_text(json.dumps(values))
    return path


class TestNanda:
    def test_without_a_configuration_there_is_no_split(self, tmp_path):
        path = write_nanda(tmp_path)
        content = torch.load(path, weights_only=True)
        del content["config"]
        torch.save(content, path)
        run = gl.load(path)
        assert run.train_index is None
        assert run.known == {"taken for granted": PLAIN | {"task": run.known["taken for granted"]["task"]}}
        why = gl.explain(run)
        assert why.findings[0].claim == "the model is correct on all inputs"
        (said,) = [finding for finding in why.findings if finding.key == "files.assumed"]
        assert said.verdict == "undecided"
        assert said.role == "aside"
        assert "relu" in said.note
        assert "a+b mod 5" in said.note

    @pytest.mark.parametrize("missing", ["frac_train", "seed"])
    def test_half_a_split_is_none(self, missing, tmp_path):
        run = gl.load(change_config(write_nanda(tmp_path), {missing: None}))
        assert run.train_index is None
        assert run.train_share == (0.4 if missing == "seed" else None)

    def test_what_its_user_knows_of_the_split(self, tmp_path):
        path = change_config(write_nanda(tmp_path), {"seed": None})
        assert gl.load(path, train_index=range(9, -1, -1)).final.train_index.tolist() == list(range(10))
        with pytest.raises(BadArgument, match="40 % of its inputs"):
            gl.load(path, train_index=[0, 2, 1])
        with pytest.raises(BadArgument, match="leave train_index= out"):
            gl.load(write_nanda(tmp_path), train_index=[0, 1, 2])

    def test_a_task_is_honoured_where_the_file_is_silent_and_refused_where_it_is_not(self, tmp_path):
        path = write_nanda(tmp_path)
        with pytest.raises(BadArgument, match=r"a\+b mod 5, and task= says a−b mod 5"):
            gl.load(path, task=SUB)
        run = gl.load(change_config(path, {"fn_name": None}), task=SUB)
        assert run.task == SUB
        assert "task" not in run.known.get("taken for granted", {})
        with pytest.raises(BadArgument, match=r"p = 5"):
            gl.load(path, task=gl.ModularArithmetic(7, "sub"))

    def test_what_the_configuration_says_of_the_model_is_honoured(self, tmp_path):
        path = write_nanda(tmp_path)
        relu = gl.load(change_config(path, {"act_type": "ReLU"})).final.logits
        run = gl.load(change_config(path, {"act_type": "GeLU"}))
        assert not torch.equal(run.final.logits, relu)
        assert "act_fn" not in run.known["taken for granted"]
        with pytest.raises(BadArgument, match="act_fn is 'gelu'"):
            gl.load(path, config={"act_fn": "relu"})
        path = change_config(path, {"act_type": None})
        assert torch.equal(gl.load(path, config={"act_fn": "gelu"}).final.logits, run.final.logits)
        assert torch.equal(gl.load(path).final.logits, relu)

    @pytest.mark.parametrize(
        "change",
        [
            {"act_type": "swish"},
            {"use_ln": True},
            {"use_ln": "no"},
            {"fn_name": "rand"},
            {"p": 10**9},
            {"p": -3},
            {"p": True},
            {"p": float("nan")},
            {"frac_train": 2.0},
            {"frac_train": float("nan")},
            {"frac_train": "0.3"},
            {"seed": 0.5},
            {"seed": "x"},
            {"num_layers": 2},
            {"num_heads": "x"},
            {"d_model": 10**9},
        ],
    )
    def test_what_it_cannot_be_is_refused_by_field(self, change, tmp_path):
        with pytest.raises(DamagedRun, match=rf"nanda\.pth.*{next(iter(change))}") as caught:
            gl.load(change_config(write_nanda(tmp_path), change))
        assert "\n" not in str(caught.value)

    def test_a_table_of_its_users_for_an_operation_that_is_not_known(self, tmp_path):
        path = change_config(write_nanda(tmp_path), {"fn_name": "rand"})
        table = gl.TableTask(ADD.inputs, SUB.labels)
        assert gl.load(path, task=table).task == table


class TestOthers:
    def test_rep_theory_without_a_seed_has_no_split(self, tmp_path):
        run = gl.load(change_config(write_rep_theory(tmp_path), {"seed": None}, "cfg.json"))
        assert run.train_index is None
        assert run.train_share == 0.4

    @pytest.mark.parametrize(
        "change",
        [
            {"group_parameter": 10**9},
            {"group_parameter": "x"},
            {"group": "SymmetricGroup", "group_parameter": 12},
            {"frac_train": float("inf")},
            {"seed": 2**70},
            {"num_epochs": -1},
            {"model": "OneLayerMLP"},
            {"model": "LSTM"},
            {"act_fn": "swish"},
        ],
    )
    def test_what_a_rep_theory_model_cannot_be(self, change, tmp_path):
        with pytest.raises(DamagedRun, match=rf"cfg\.json.*{list(change)[-1]}"):
            gl.load(change_config(write_rep_theory(tmp_path), change, "cfg.json"))

    @pytest.mark.parametrize(
        "change",
        [
            {"C": 10**9},
            {"d_model": 10**9},
            {"n_heads": "4"},
            {"n_layers": 10**6},
            {"attn_coeff": float("nan")},
            {"attention_dir": "causal"},
            {"act_fn": "swish"},
            {"funcs": "lambda x: x[0]**x[1]"},
            {"frac": 3},
            {"diff_vocab": "yes"},
        ],
    )
    def test_what_a_pizza_model_cannot_be(self, change, tmp_path):
        with pytest.raises(DamagedRun, match=rf"config_abc\.json.*{next(iter(change))}"):
            gl.load(change_config(write_pizza(tmp_path), change, "config_abc.json"))

    def test_a_pizza_model_says_its_function_or_its_user_does(self, tmp_path):
        path = write_pizza(tmp_path)
        bare, other = (gl.ModularArithmetic(P, op, separator=False) for op in ("add", "sub"))
        assert gl.load(path).task == bare
        assert "task" in gl.load(path).known["taken for granted"]
        assert gl.load(path, task=other).task == other
        path = change_config(path, {"funcs": f"lambda x: (x[0]+x[1])%{P}"}, "config_abc.json")
        assert gl.load(path).task == bare
        assert "task" not in gl.load(path).known["taken for granted"]
        with pytest.raises(BadArgument, match="leave task= out"):
            gl.load(path, task=other)

    def test_y_agent_says_neither_operation_nor_activation(self, tmp_path):
        path = write_y_agent(tmp_path)
        assert gl.load(path).known["taken for granted"].keys() == {"act_fn", "task"}
        other = gl.ModularArithmetic(P, "sub", separator=False)
        with pytest.raises(BadArgument, match=r"train_data\.pth holds other answers"):
            gl.load(path, task=other)
        torch.save(([[0, 1], [2, 3], [4, 4]], [4, 4, 0]), path / "train_data.pth")
        assert gl.load(path, task=other).task == other
        with pytest.raises(BadArgument, match=r"train_data\.pth holds other answers"):
            gl.load(path)

    def test_the_grokking_demo_is_as_its_configuration_says(self, tmp_path):
        path = write_grokking_demo(tmp_path)
        relu = gl.load(path).final.logits
        run = gl.load(change_config(path, {"act_fn": "gelu"}))
        assert not torch.equal(run.final.logits, relu)
        assert "act_fn" not in run.known["taken for granted"]
        with pytest.raises(BadArgument, match="act_fn is 'gelu'"):
            gl.load(path, config={"act_fn": "relu"})
        with pytest.raises(DamagedRun, match="n_layers is 'x'"):
            gl.load(change_config(path, {"n_layers": "x"}))

    def test_inputs_trained_on_that_are_none(self, tmp_path):
        path = write_grokking_demo(tmp_path)
        content = torch.load(path, weights_only=True)
        for wrong in (torch.arange(99), torch.arange(-1, 4), torch.ones(3), torch.ones(4, dtype=torch.bool)):
            torch.save(content | {"train_indices": wrong}, path)
            with pytest.raises(DamagedRun, match="trained on"):
                gl.load(path)


@pytest.mark.parametrize("name", FORMATS)
class TestEveryReader:
    def test_another_model_is_filled_or_refused_by_name(self, name, tmp_path):
        form = FORMATS[name]
        path = form.write(tmp_path)
        wrong = gl.MLP(d_mlp=3, d_embed=2).build(ADD, seed=0)
        before = {name: tensor.clone() for name, tensor in wrong.state_dict().items()}
        with pytest.raises(BadArgument, match=r"does not fit the model given|leave model= out") as caught:
            gl.load(path, task=form.task, model=wrong)
        assert "\n" not in str(caught.value)
        assert all(torch.equal(before[key], tensor) for key, tensor in wrong.state_dict().items())

    def test_no_configuration_is_dropped(self, name, tmp_path):
        form = FORMATS[name]
        path = form.write(tmp_path)
        with pytest.raises(BadArgument, match=r"config|leave it out"):
            form.load(path, config=form.said | {"d_head": 77})

    def test_a_split_is_honoured_or_refused(self, name, tmp_path):
        form = FORMATS[name]
        path = form.write(tmp_path)
        own = form.load(path).train_index
        if own is None:
            index = [0, 1]
            assert form.load(path, train_index=index).final.train_index.tolist() == index
        else:
            assert torch.equal(form.load(path, train_index=own).final.train_index, own)
            with pytest.raises(BadArgument, match="leave train_index= out"):
                form.load(path, train_index=[3])


class TestOurOwn:
    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory):
        path = tmp_path_factory.mktemp("ours") / "mine"
        recipe = gl.Recipe(task=ADD, model=gl.MLP(d_mlp=8), steps=2, seed=0)
        gl.train(recipe, into=path, progress=False)
        return path

    def test_it_says_everything_itself(self, folder):
        with pytest.raises(BadArgument, match="leave config= out"):
            gl.load(folder, config={"act_fn": "relu"})
        with pytest.raises(BadArgument, match="task= says"):
            gl.load(folder, task=SUB)
        with pytest.raises(BadArgument, match="leave train_index= out"):
            gl.load(folder, train_index=[0])
        own = gl.load(folder).train_index
        assert torch.equal(gl.load(folder, train_index=own).final.train_index, own)

    def test_a_model_takes_its_weights(self, folder):
        mine = gl.MLP(d_mlp=8).build(ADD, seed=5)
        run = gl.load(folder, model=mine)
        assert torch.equal(run.final.logits, gl.load(folder).final.logits)
        assert run.final.model is not mine

    def test_its_parts_are_no_runs(self, folder):
        for part in ("history.csv", "steps", "steps/00000002.safetensors"):
            with pytest.raises(RunNotFound, match="is a part of"):
                gl.load(folder / part)


def test_models_that_take_no_weights(tmp_path):
    path = FORMATS["state_dict"].write(tmp_path)
    for model, said in (
        (gl.MLP(), "build"),
        (type(OWN), "class"),
        ("model", "load_state_dict"),
        (3, "load_state"),
    ):
        with pytest.raises(BadArgument, match=said):
            gl.load(path, task=ADD, model=model)
    with pytest.raises(BadArgument, match="leave config= out"):
        gl.load(path, task=ADD, model=OWN, config={"act_fn": "relu"})


class TestModelsThatAreGiven:
    """A model that copies do not reach would answer every step alike."""

    def test_a_closure(self, tmp_path):
        net = torch.nn.Sequential(torch.nn.Embedding(6, 4), torch.nn.Flatten(), torch.nn.Linear(12, 5))
        task = gl.ModularArithmetic(5, "add")
        torch.save(net.state_dict(), tmp_path / "net.pt")
        closed = SimpleNamespace(
            cfg=SimpleNamespace(n_layers=1),
            state_dict=net.state_dict,
            load_state_dict=net.load_state_dict,
            run_with_cache=lambda tokens, **options: (net(tokens), {}),
        )
        with pytest.raises(BadArgument, match="is no copy"):
            gl.load(tmp_path / "net.pt", task=task, model=closed)

    def test_answer_goes_with_a_model(self, tmp_path):
        with pytest.raises(BadArgument, match="answer= is of a model of yours"):
            gl.load("examples/runs/mod113", answer=lambda output: output[0])
