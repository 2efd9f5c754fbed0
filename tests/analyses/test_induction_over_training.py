"""The judgement of `induction_over_training` can go either way, and it reads checkpoints of a language model."""

import importlib

import numpy as np
import pytest
import torch
import xarray as xr

STEPS = (0, 100, 200, 400, 800, 1600)


@pytest.fixture
def study(study_named):
    return study_named("induction_over_training")


@pytest.fixture
def numbers():
    """A run of three heads; the last does induction from some step on, and the first looks one back."""

    def make(
        formed=400, back=400, used=400, early=False, copies=0.9, rests=0.1, gain=0.5, noise=0.01, gained=None
    ):
        steps = np.array(STEPS)
        shape = (len(STEPS), 3)
        score, one_back = np.full(shape, 0.05), np.full(shape, 0.1)
        score[:, 2] = np.where(steps >= formed, 0.8, 0.05)
        score[0, 1] = 0.8 if early else 0.05
        one_back[:, 0] = np.where(steps >= back, 0.9, 0.1)
        copying = np.zeros(shape)
        copying[:, 2] = copies
        nulls = {"previous_token_null": np.full(len(STEPS), 0.5), "copying_null": np.full(len(STEPS), 0.3)}
        by_head = {"score": score, "null": np.full(shape, 0.2), "previous_token": one_back}
        by_head |= {"first_token": np.full(shape, rests), "copying": copying, "above": score > 0.2}
        worth = np.where(steps >= used, -gain, 0.0) if gained is None else -np.array(gained)
        table = {name: (("step", "head"), values) for name, values in by_head.items()}
        table |= {name: ("step", values) for name, values in nulls.items()}
        parts = worth[:, None] + noise * np.array([-1, 1, -1, 1])
        table |= {"in_context": ("step", worth), "by_part": (("step", "part"), parts)}
        coords = {"step": list(STEPS), "head": ["0.0", "0.1", "1.0"]}
        return {"run": xr.Dataset(table, coords=coords)}

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    verdicts = judged(study, numbers())
    assert verdicts.pop("run.first_token") == "refuted"
    assert set(verdicts.values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("run.induction", {"formed": 9999}),
        ("run.previous_token", {"back": 800}),
        ("run.previous_token", {"back": 9999}),
        ("run.context", {"used": 100}),
        ("run.context", {"used": 1600}),
        ("run.context", {"used": 9999}),
        ("run.in_context", {"gain": -0.5}),
        ("run.copying", {"copies": -0.2}),
    ],
)
def test_each_claim_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_without_induction_nothing_is_said_of_when(study, numbers, judged):
    verdicts = judged(study, numbers(formed=9999))
    assert {verdicts[f"run.{key}"] for key in ("previous_token", "context", "copying")} == {"undecided"}


def test_within_its_error_nothing_is_said_of_the_context(study, numbers, judged):
    assert judged(study, numbers(used=9999))["run.in_context"] == "undecided"
    assert judged(study, numbers(noise=1.0))["run.in_context"] == "undecided"


def test_a_model_that_had_such_heads_before_it_learned_decides_nothing(study, numbers, judged):
    assert judged(study, numbers(early=True))["run.induction"] == "undecided"
    assert judged(study, numbers(rests=0.9))["run.first_token"] == "supported"


def test_a_time_around_which_no_more_is_gained_than_around_most_decides_nothing(study, numbers, judged):
    assert judged(study, numbers(gained=[0, -1, 0, 0.2, 0.6, 1]))["run.context"] == "undecided"


def test_copying_that_random_heads_do_as_well_decides_nothing(study, numbers, judged):
    assert judged(study, numbers(copies=0.2))["run.copying"] == "undecided"


def test_heads_form_when_they_stay(study, numbers):
    above = numbers()["run"]["above"]
    assert study.first_head(above) == 400
    above[3, 2] = False
    assert study.first_head(above) == 800
    above[1:4, 0] = True  # another head, which does not stay
    assert study.first_head(above) == 800
    above[-1] = False
    assert np.isnan(study.first_head(above))


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    """Three checkpoints of an untrained tiny GPT-NeoX, with a tokenizer of single characters."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config = GPTNeoXConfig(
        vocab_size=97, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64,
    )  # fmt: skip
    vocabulary = {"\n": 0, **{chr(code): code - 31 for code in range(32, 127)}, "?" * 2: 96}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="??"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    for place, step in enumerate((100, 200, 300)):
        with torch.random.fork_rng():
            torch.manual_seed(place)
            GPTNeoXForCausalLM(config).save_pretrained(tmp_path / "tiny" / f"checkpoint-{step}")
        tokenizer.save(str(tmp_path / "tiny" / f"checkpoint-{step}" / "tokenizer.json"))
    return tmp_path / "tiny"


def test_three_checkpoints_of_a_language_model_are_looked_at(study, checkpoints, monkeypatch):
    monkeypatch.setattr(study, "WINDOW", 32)
    numbers = study.measure(smoke=True, model=str(checkpoints))
    table = numbers["tiny"]
    assert table["step"].values.tolist() == [100, 300]
    assert table.sizes["head"] == 4
    assert all(finding.verdict for finding in study.judge(numbers))
    assert study.picture(numbers).text


def test_fifteen_revisions_of_a_model_on_the_hub_are_chosen(study, monkeypatch):
    import groklens as gl

    known = gl.revisions("EleutherAI/pythia-70m")
    chosen = list(study.some_of(known))
    assert 12 <= len(chosen) <= study.REVISIONS
    assert (chosen[0], chosen[-1]) == (next(iter(known)), list(known)[-1])
    given = {}
    tokenizer = lambda text: [ord(sign) % 97 for sign in text]  # noqa: E731
    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", lambda name: tokenizer)
    monkeypatch.setattr(study.gl, "load", lambda name, **options: given.update(options) or name)
    assert study.loaded("EleutherAI/pythia-70m") == "EleutherAI/pythia-70m"
    assert list(given["revisions"]) == chosen
    assert given["keep_downloads"] is False
    assert given["task"].inputs.shape == (study.WINDOWS, study.WINDOW)


def test_it_is_told_which_studies_take_a_model(study, monkeypatch, capsys):
    main = importlib.import_module("analyses.__main__")
    assert main.takes_a_model("induction_over_training")
    assert not main.takes_a_model("simplicity")
    monkeypatch.setattr("sys.argv", ["analyses", "simplicity", "--model", "nowhere"])
    with pytest.raises(SystemExit):
        main.main()
    assert "induction_over_training" in capsys.readouterr().err
