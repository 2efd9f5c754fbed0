"""Train the shipped runs again: `python examples/remake.py NAME [FOLDER]`."""

import sys
from pathlib import Path

import groklens as gl

PAPER = gl.Transformer(
    n_layers=1, d_model=128, n_heads=4, d_head=32, d_mlp=512, act_fn="relu", bias="mlp", init="nanda"
)
BILINGUAL = gl.Transformer(n_layers=1, d_model=32, n_heads=4, d_head=8, d_mlp=128, bias="mlp")
FEW = gl.Steps([0, 100, 1_000])
#: Dense where things happen: memorisation by 200, circuit formation, cleanup by 12,000.
SHOWN = [0, 10, 50, 100, 200, 300, 500, 800, 1_200, 1_800, 2_500, 3_200, 4_000, 4_800, 5_600]
SHOWN += [6_400, 7_200, 8_000, 9_000, 10_000, 12_000, 15_000]
RECIPES = {
    # Nanda et al. (2023): a+b mod 113, 30 % of the pairs, AdamW with weight decay 1.
    "mod113": gl.Recipe(
        task=gl.ModularArithmetic(113, "add"),
        train_fraction=0.3,
        model=PAPER,
        optimizer=gl.AdamW(lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98), warmup_steps=10),
        steps=15_000,
        evaluate_every=50,
        seed=0,
        keep=gl.Steps(SHOWN),
    ),
    # One small enough to come whole with the package, which groks all the same.
    "mod23": gl.Recipe(
        task=gl.ModularArithmetic(23, "add"),
        train_fraction=0.6,
        model=gl.Transformer(
            n_layers=1, d_model=32, n_heads=4, d_head=8, d_mlp=128, act_fn="relu", bias="mlp", init="nanda"
        ),
        optimizer=gl.AdamW(lr=3e-3, weight_decay=1.0, betas=(0.9, 0.98), warmup_steps=10),
        steps=3_000,
        evaluate_every=50,
        seed=0,
        keep=gl.Steps([0, 50, 100, 150, 200, 300, 400, 600, 800, 1_000, 1_200, 1_500, 2_000, 3_000]),
    ),
    # The same without decay: the control that memorises and stays there.
    "mod113-no-decay": gl.Recipe(
        task=gl.ModularArithmetic(113, "add"),
        train_fraction=0.3,
        model=PAPER,
        optimizer=gl.AdamW(lr=1e-3, weight_decay=0.0, betas=(0.9, 0.98), warmup_steps=10),
        steps=10_000,
        evaluate_every=50,
        seed=0,
        keep=FEW,
    ),
    # A group that is not abelian, as in Chughtai et al. (2023): which even permutation of five things?
    "a5": gl.Recipe(
        task=gl.GroupComposition("A5"),
        train_fraction=0.5,
        model=gl.MLP(d_mlp=128, d_embed=256, combine="concat", bias=False),
        optimizer=gl.AdamW(lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98)),
        steps=50_000,
        evaluate_every=250,
        seed=1,
        keep=gl.Steps([0, 1_000, 8_000, 16_000, 22_000, 26_000, 30_000, 36_000, 42_000, 50_000]),
    ),
    # Multiplication is addition of discrete logarithms: its circuit is found in that order.
    "mul97": gl.Recipe(
        task=gl.ModularArithmetic(97, "mul"),
        train_fraction=0.5,
        model=gl.Transformer(
            n_layers=1, d_model=128, n_heads=4, d_head=32, d_mlp=256, act_fn="relu", bias="mlp", init="nanda"
        ),
        optimizer=gl.AdamW(lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98), warmup_steps=10),
        steps=3_000,
        evaluate_every=50,
        seed=0,
        keep=gl.Steps([0, 100, 300, 500, 700, 1_000, 3_000]),
    ),
    # No structure to find: the null that every claim has to survive.
    "random-table": gl.Recipe(
        task=gl.RandomTable(113, seed=0),
        train_fraction=0.3,
        model=PAPER,
        optimizer=gl.AdamW(lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98), warmup_steps=10),
        steps=5_000,
        evaluate_every=50,
        seed=0,
        keep=FEW,
    ),
    # Two languages for one arithmetic: half of the sums are said with words of both.
    "two-languages": gl.Recipe(
        task=gl.tasks.TwoLanguages(p=23, code_switching=0.5),
        train_fraction=0.8,
        model=BILINGUAL,
        optimizer=gl.AdamW(lr=5e-3, weight_decay=1.0),
        batch_size=256,
        steps=2_000,
        evaluate_every=100,
        seed=0,
        keep=gl.Steps([0, 100, 200, 400, 700, 1_000, 1_500, 2_000]),
    ),
    # The same without those sentences: the monolingual control.
    "two-languages-apart": gl.Recipe(
        task=gl.tasks.TwoLanguages(p=23, code_switching=0.0),
        train_fraction=0.8,
        model=BILINGUAL,
        optimizer=gl.AdamW(lr=5e-3, weight_decay=1.0),
        batch_size=256,
        steps=2_000,
        evaluate_every=100,
        seed=0,
        keep=gl.Steps([0, 100, 200, 400, 700, 1_000, 1_500, 2_000]),
    ),
    # A language, small: Python's own sources, character by character, by attention alone.
    "language": gl.Recipe(
        task=gl.tasks.StandardLibrary(length=64),
        model=gl.Transformer(n_layers=2, d_model=32, n_heads=2, d_head=16, d_mlp=None, init="gpt2"),
        optimizer=gl.AdamW(lr=5e-3, weight_decay=0.01, betas=(0.9, 0.98), warmup_steps=50),
        batch_size=32,
        steps=2_000,
        evaluate_every=100,
        seed=0,
        keep=gl.Steps([0, 10, 20, 30, 50, 80, 120, 200, 300, 500, 800, 1_200]),
    ),
    # Digits by plain descent: what a linear classifier says comes first, and stays.
    "digits": gl.Recipe(
        task=gl.tasks.Digits(n_train=1000),
        model=gl.MLP(d_mlp=64, d_embed=None, init="uniform"),
        optimizer=gl.SGD(lr=0.1),
        steps=10_000,
        evaluate_every=100,
        seed=0,
        keep=gl.LogSpaced(20),
    ),
    # Which 3 of 30 bits matter? At chance for most of its training (Barak et al. 2022).
    "parity": gl.Recipe(
        task=gl.tasks.SparseParity(n=30, k=3),
        model=gl.MLP(d_mlp=100, d_embed=None, init="uniform"),
        optimizer=gl.SGD(lr=0.1),
        batch_size=32,
        steps=2_200,
        evaluate_every=100,
        seed=0,
        keep=gl.Every(50),
    ),
    # Edelman et al. (2024): sequences that each have their own Markov chain, learned by stages; two layers, rotary.
    "markov": gl.Recipe(
        task=gl.tasks.MarkovChains(states=3, length=50),
        model=gl.Transformer(n_layers=2, d_model=16, n_heads=1, d_head=16, d_mlp=None, positions="rotary"),
        optimizer=gl.AdamW(lr=3e-3, weight_decay=0.0),
        batch_size=64,
        steps=1_200,
        evaluate_every=100,
        seed=1,
        keep=gl.Steps([0, 10, 25, 50, 100, 200, 300, 400, 450, 500, 550, 600, 650, 700, 800, 1_000, 1_200]),
    ),
}

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in RECIPES:
        sys.exit(f"Name a run: {', '.join(RECIPES)}.")
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent / "runs" / name
    print(gl.train(RECIPES[name], into=folder, keep_optimizer=None))
