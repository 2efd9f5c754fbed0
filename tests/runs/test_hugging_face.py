"""Models that transformers saved: the same numbers, by TransformerLens names, one checkpoint at a time."""

import json

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM

import groklens as gl
from groklens.errors import BadArgument, DamagedRun, UnknownName
from groklens.models.published import hugging_face
from groklens.runs.readers import hugging_face as reader

VOCABULARY = 50
TOKENS = torch.randint(VOCABULARY, (6, 5), generator=torch.Generator().manual_seed(0))
STEPS = (5, 10, 100)


def tiny(family, seed):
    """An untrained model whose norms are not the identity, so that folding them would show."""
    torch.manual_seed(seed)
    if family == "gpt2":
        model = GPT2LMHeadModel(
            GPT2Config(n_layer=2, n_head=2, n_embd=16, vocab_size=VOCABULARY, n_positions=8)
        )
    else:
        sizes = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 32}
        model = GPTNeoXForCausalLM(
            GPTNeoXConfig(vocab_size=VOCABULARY, max_position_embeddings=8, use_cache=False, **sizes)
        )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return model.eval()


@pytest.fixture(scope="module", params=["gpt2", "neox"])
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param) / "trained"
    for step in STEPS:
        tiny(request.param, step).save_pretrained(path / f"checkpoint-{step}")
    (path / "checkpoint-5" / "training_args.bin").write_bytes(b"never opened")
    path.with_name("family").write_text(request.param)
    return path


@pytest.fixture(scope="module")
def run(folder):
    return gl.load(folder, task=gl.Probe(TOKENS))


def test_steps_are_the_checkpoints(run, folder):
    assert run.steps == list(STEPS)
    assert run.name == "trained"
    assert run.task.d_vocab_out == VOCABULARY
    assert run.known["vocab_size"] == VOCABULARY
    with pytest.raises(UnknownName, match="kept no step 7"):
        run.at(7)


def test_every_checkpoint_gives_its_own_numbers(run, folder):
    family = folder.with_name("family").read_text()
    for step in STEPS:
        with torch.no_grad():
            theirs = tiny(family, step)(TOKENS, output_hidden_states=True)
        snapshot = run.at(step)
        torch.testing.assert_close(snapshot.logits, theirs.logits[:, -1], atol=1e-5, rtol=1e-5)
        residual = snapshot.activations("blocks.0.hook_resid_post")
        torch.testing.assert_close(residual, theirs.hidden_states[1], atol=1e-5, rtol=1e-5)


def test_weights_and_patterns_have_their_names(run):
    snapshot = run.final
    assert snapshot.weights["W_E"].shape == (VOCABULARY, 16)
    assert snapshot.weights["W_Q"].shape == (2, 2, 16, 8)
    pattern = snapshot.activations("blocks.1.attn.hook_pattern", pos=-1)
    torch.testing.assert_close(pattern.sum(-1), torch.ones(6, 2))


def test_capture_across_checkpoints(run):
    acts = gl.capture(run, "blocks.0.hook_resid_post", pos=-1)["blocks.0.hook_resid_post"]
    assert acts.dims == ("step", "input", "d_model")
    assert acts.step.values.tolist() == list(STEPS)
    expected = run.at(10).activations("blocks.0.hook_resid_post", pos=-1)
    assert torch.equal(torch.from_numpy(acts.sel(step=10).values), expected)


def test_one_saved_model_is_a_run_of_one_step(folder, tmp_path):
    one = gl.load(folder / "checkpoint-10", task=gl.Probe(TOKENS))
    assert one.steps == [10]
    tiny("gpt2", 3).save_pretrained(tmp_path / "mine")
    assert gl.load(tmp_path / "mine", task=gl.Probe(TOKENS)).steps == [0]


def test_sharded_weights_in_half_precision_are_read_too(tmp_path):
    model = tiny("gpt2", 1).bfloat16()
    model.save_pretrained(tmp_path, max_shard_size="10KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    snapshot = gl.load(tmp_path, task=gl.Probe(TOKENS)).final
    assert snapshot.logits.dtype == torch.float32
    with torch.no_grad():
        expected = model.float()(TOKENS).logits[:, -1]
    torch.testing.assert_close(snapshot.logits, expected, atol=1e-5, rtol=1e-5)


def test_the_global_random_state_is_left_alone(run):
    before = torch.random.get_rng_state()
    run.at(5)
    assert torch.equal(before, torch.random.get_rng_state())


class TestHub:
    @pytest.fixture
    def asked(self, folder, monkeypatch):
        """The hub answered from local checkpoints; gives what was asked of it."""
        asked = []

        def from_hub(function):
            def answer(source, revision=None):
                asked.append((source, revision))
                return function(folder / f"checkpoint-{revision.removeprefix('step')}")

            return answer

        for name in ("bridge_from_hugging_face", "hugging_face_vocabulary"):
            monkeypatch.setattr(reader, name, from_hub(getattr(hugging_face, name)))
        return asked

    def test_revisions_are_fetched_when_asked_for(self, asked, run):
        hub = gl.load("EleutherAI/pythia-14m", task=gl.Probe(TOKENS), revisions=["step10", "step5"])
        assert hub.steps == [5, 10]
        assert hub.name == "EleutherAI/pythia-14m"
        assert asked == [("EleutherAI/pythia-14m", "step10")]
        assert torch.equal(hub.at(5).logits, run.at(5).logits)
        assert asked[1:] == [("EleutherAI/pythia-14m", "step5")]

    def test_steps_can_be_said(self, asked):
        hub = gl.load("some/model", task=gl.Probe(TOKENS), revisions={"step5": 17})
        assert hub.steps == [17]
        assert gl.load("a/b", task=gl.Probe(TOKENS), revisions=["step5"]).steps == [5]

    def test_what_steps_count_is_said(self, asked, monkeypatch):
        build = reader.bridge_from_hugging_face
        monkeypatch.setattr(reader, "bridge_from_hugging_face", lambda name, revision: build(name, "step5"))
        monkeypatch.setattr(reader, "hugging_face_vocabulary", lambda name, revision: VOCABULARY)
        by_tokens = {"stage2-step5": (None, 4_000_000_000)}
        for names, units in (
            (["tokens4B"], "tokens"),
            (["step5-tokens4B"], "updates"),
            (by_tokens, "tokens"),
        ):
            hub = gl.load("a/b", task=gl.Probe(TOKENS), revisions=names)
            table = gl.track(hub, "first_token")
            assert table["step"].attrs["units"] == units
            assert table["tokens"].values.tolist() == [4_000_000_000]

    @pytest.mark.parametrize(
        ("revisions", "says"),
        [
            ("step5", r"give a list"),
            ([], r"give a list"),
            (["main"], r"revisions=\{'main': 1000\}"),
            (["v2-5"], "does not tell its step"),
            (["step5", "checkpoint-5"], "the same step"),
            (["step5", "other-step5"], "does not tell its step"),
        ],
    )
    def test_steps_that_cannot_be_told_are_refused(self, revisions, says):
        with pytest.raises(BadArgument, match=says):
            gl.load("some/model", task=gl.Probe(TOKENS), revisions=revisions)

    def test_it_is_for_the_hub(self, folder):
        with pytest.raises(BadArgument, match="leave revisions= out"):
            gl.load(folder, task=gl.Probe(TOKENS), revisions=["step5"])
        with pytest.raises(DamagedRun, match="its name with revisions="):
            gl.load("some/model", task=gl.Probe(TOKENS))

    def test_the_call_that_goes_out_is_a_safe_one(self, monkeypatch):
        import transformers

        calls = {}

        def refuse(kind):
            def from_pretrained(source, **options):
                calls[kind] = options
                raise OSError("offline")

            return from_pretrained

        monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", refuse("config"))
        monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", refuse("model"))
        with pytest.raises(DamagedRun, match="some/model cannot be opened: offline"):
            gl.load("some/model", task=gl.Probe(TOKENS), revisions=["step5"])
        with pytest.raises(DamagedRun, match="offline"):
            hugging_face._model("some/model", "step5")
        for options in calls.values():
            assert options["trust_remote_code"] is False
            assert options["revision"] == "step5"
            assert options["local_files_only"] is False
        assert calls["model"]["use_safetensors"] is True


def test_a_task_is_needed(folder):
    with pytest.raises(BadArgument, match=r"task=gl\.Probe\(tokens\)"):
        gl.load(folder)
    with pytest.raises(BadArgument, match=r"task=gl\.Probe\(tokens\)"):
        gl.load("some/model", revisions=["step5"])


def test_tokens_that_the_model_does_not_have(folder):
    with pytest.raises(BadArgument, match="the model knows 50"):
        gl.load(folder, task=gl.Probe([[1, 50]]))


def test_a_model_without_a_bridge(tmp_path):
    tiny("gpt2", 0).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"architectures": ["NobodysForCausalLM"]}))
    with pytest.raises(BadArgument, match="no bridge for"):
        _ = gl.load(tmp_path, task=gl.Probe(TOKENS)).final
