"""A text whose every next token is asked for, and what measures of positions make of it."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import groklens as gl
from groklens.errors import BadArgument
from groklens.memory import BUDGETS
from groklens.tasks import NextTokens, task_from_spec

TOKENS = torch.randint(12, (5, 9), generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            num_hidden_layers=1, num_attention_heads=2, hidden_size=16, intermediate_size=16, vocab_size=20,
            max_position_embeddings=16,
        )
    ).save_pretrained(folder)  # fmt: skip
    return gl.load(folder, task=NextTokens(TOKENS))


def test_it_comes_back_from_its_specification_and_takes_the_models_tokens(run):
    task = NextTokens(TOKENS, token_names=["a", "b"])
    again = task_from_spec(task.spec())
    assert again == task
    assert again.digest == task.digest
    assert run.task.d_vocab == run.task.d_vocab_out == 20
    assert torch.equal(run.task.labels, TOKENS[:, 1:])
    assert NextTokens(TOKENS, d_vocab=30).fitted(40).d_vocab == 30


def test_losses_by_position_are_those_of_the_next_tokens(run):
    found = gl.measures.loss_by_position(run)
    with torch.no_grad():
        logits = run.final.model(TOKENS)[:, :-1].double()
    expected = torch.nn.functional.cross_entropy(logits.transpose(1, 2), TOKENS[:, 1:], reduction="none")
    torch.testing.assert_close(torch.tensor(found.values), expected.mean(dim=0), atol=1e-6, rtol=0)
    assert found["pos"].values.tolist() == list(range(8))
    score = gl.measures.InContextScore(late=8, early=2)(run)
    assert score == pytest.approx(float(found[7] - found[1]))
    assert gl.measures.InContextScore()(run) == pytest.approx(float(found[7] - found[0]))


def test_positions_that_are_not_there_are_refused(run):
    with pytest.raises(BadArgument, match="answered after 1 to 8"):
        gl.measures.InContextScore(late=500, early=50)(run)
    task = gl.Probe(TOKENS, d_vocab=20)
    with pytest.raises(BadArgument, match="several positions"):
        gl.measures.InContextScore()(gl.Snapshot(run.final.model, task))
    both = [gl.measures.InContextScore(), gl.measures.first_token]
    assert "in_context_score" in gl.track(gl.Snapshot(run.final.model, task), both).attrs["left_out"]


def test_a_language_model_is_compared_with_counts_of_a_text_a_few_examples_at_a_time(run, monkeypatch):
    text = torch.randint(12, (400,), generator=torch.Generator().manual_seed(1))
    grams = gl.theory.NGrams(text, order=2, states=20).up_to()
    whole = gl.measures.stages(run, grams)
    monkeypatch.setattr(BUDGETS, "remembered", 0)
    monkeypatch.setattr(BUDGETS, "block", 0)
    cut = gl.measures.stages(run, grams)
    for name in ("mean_kl", "kl", "agreement", "loss", "reference_loss", "between", "lead"):
        torch.testing.assert_close(torch.tensor(cut[name].values), torch.tensor(whole[name].values))
    assert float(whole["agreement"].sel(reference="uniform")[0]) == pytest.approx(1 / 20)
    with torch.no_grad():
        likeliest = run.final.model(TOKENS)[:, :-1].argmax(dim=-1)
    often = int(text.bincount().argmax())
    assert float(whole["agreement"].sel(reference="unigram")[0]) == float(
        (likeliest == often).double().mean()
    )


def test_a_text_is_cut_by_the_models_own_tokenizer():
    class Encoding:
        ids = (3, 1, 4, 1, 5)

    class Tokenizer:
        def encode(self, text, add_special_tokens):
            assert not add_special_tokens
            return Encoding()

    for tokenizer in (Tokenizer(), lambda text: [3, 1, 4, 1, 5]):
        assert NextTokens.of_text("pi", tokenizer, length=2).inputs.tolist() == [[3, 1], [4, 1]]
    with pytest.raises(BadArgument, match="5 tokens"):
        NextTokens.of_text("pi", Tokenizer(), length=6)
    with pytest.raises(BadArgument, match="tokenizer is"):
        NextTokens.of_text("pi", 3)
    with pytest.raises(BadArgument, match="two or more"):
        NextTokens([[1], [2]])
