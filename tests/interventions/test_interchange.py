"""Activations of other inputs, logits from earlier on, and sums put into another language: the answer is known."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.hypotheses import planted_bilingual
from groklens.interventions import interchange, logit_lens, patched_sums
from groklens.tasks import TwoLanguages

P = 11
TASK = TwoLanguages(p=P)
SHUFFLED = torch.randperm(P, generator=torch.Generator().manual_seed(1))
SMALL = gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20, normalization="LN")
CLOCK = gl.ModularArithmetic(7)
NEURONS = "blocks.0.mlp.hook_post"


def planted(meanings=None):
    return gl.Snapshot(planted_bilingual(TASK, [1, 2], meanings), TASK)


def shares(snapshot, *given, **options):
    return dict(
        zip(
            ("put in", "own", "third"), patched_sums(snapshot, *given, **options)["share"].values, strict=True
        )
    )


def test_a_sum_that_is_put_in_is_the_answer_where_the_site_carries_it():
    for meanings in (None, SHUFFLED):  # what follows the neurons is of no language
        assert shares(planted(meanings), NEURONS) == {"put in": 1, "own": 0, "third": 0}
    assert patched_sums(planted(), NEURONS)["spoken"].values.tolist() == [1, 0]


def test_the_other_way_round_it_says_what_is_known_in_the_language():
    """What a sum spoken in B leaves there is read in A only where words of B mean what they should."""
    assert shares(planted(), NEURONS, given="BB", taken="AA")["put in"] == 1
    assert shares(planted(SHUFFLED), NEURONS, given="BB", taken="AA")["put in"] < 0.3


def test_a_site_that_carries_nothing_leaves_the_answer():
    model = SMALL.build(TASK, seed=0)
    mute = gl.interventions.ablate(gl.Snapshot(model, TASK), torch.arange(20))
    before = gl.Snapshot(mute.model, TASK).logits
    after = interchange(mute, NEURONS, torch.arange(len(TASK.inputs)).flip(0), pos=-1)
    assert torch.allclose(after.logits, before, atol=1e-6)


def test_pairs_put_in_have_other_numbers_than_those_that_take_them():
    from groklens.interventions.patched_sums import _other_pairs

    for p, seed in ((3, 0), (7, 1), (23, 2)):
        others = _other_pairs(TwoLanguages(p=p), seed)
        a, b = (others // p), others % p
        numbers = (a + b) % p
        own = torch.cartesian_prod(torch.arange(p), torch.arange(p)).sum(dim=1) % p
        assert bool(
            (numbers[0] != own).all() and (numbers[1] != own).all() and (numbers[0] != numbers[1]).all()
        )


def test_an_input_that_is_its_own_source_stays_and_another_takes_all():
    snapshot = gl.Snapshot(SMALL.build(TASK, seed=0), TASK)
    every, turned = torch.arange(len(TASK.inputs)), torch.arange(len(TASK.inputs)).flip(0)
    place = snapshot.anatomy.residual
    assert torch.allclose(interchange(snapshot, place, every).logits, snapshot.logits, atol=1e-6)
    assert torch.allclose(interchange(snapshot, place, turned).logits, snapshot.logits[turned], atol=1e-6)
    assert not snapshot.model.hook_dict[place.hook].fwd_hooks


def test_the_lens_at_the_end_is_the_model_and_earlier_its_read_out():
    model = SMALL.build(TASK, seed=0)
    snapshot = gl.Snapshot(model, TASK)
    assert torch.allclose(logit_lens(snapshot, "blocks.0.hook_resid_post").logits, snapshot.logits, atol=1e-6)
    middle = snapshot.activations("blocks.0.hook_resid_mid", pos=-1)
    by_hand = model.unembed(model.ln_final(middle[:, None]))[:, 0, : TASK.d_vocab_out]
    found = logit_lens(snapshot, "blocks.0.hook_resid_mid").logits
    assert torch.allclose(found, by_hand.detach(), atol=1e-5)
    first = logit_lens(snapshot, "blocks.0.hook_resid_mid", pos=0).logits
    assert not torch.allclose(first, found, atol=1e-3)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: logit_lens(planted(), NEURONS), "has no residual stream"),
        (lambda: interchange(planted(), NEURONS, [0, 1]), "source names 2 inputs"),
        (lambda: interchange(planted(), NEURONS, [-1] * len(TASK.inputs)), "-1 to -1"),
        (
            lambda: patched_sums(
                gl.Snapshot(gl.planted(gl.ModularArithmetic(7), [1]), gl.ModularArithmetic(7)), NEURONS
            ),
            "is not said in two languages",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(make, said):
    with pytest.raises(BadArgument, match=said):
        make()
