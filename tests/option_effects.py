"""How each option of each command is seen to act: the table of tests/test_cli_options.py."""

import re

TRAIN = "train fork --size 12 --seeds 1 --test 20 --iwae 5"
FIGURE = "figure elbo-vs-size --preset minute"
SHORT_FIGURE = f"{FIGURE} --network fork --sizes 8 --seeds 1 --steps 2"
TABLE = "table 1 --networks fork"
SHORT_TABLE = f"{TABLE} --multiples 4 --runs 1 --steps 2"
NAMI4 = "figure nami-4 --images mnist --capacities 400 --runs 1 --epochs 1 --ais 2 --temperatures 2 --iwae 3"
NAMI7 = "figure nami-7 --data 5 --sets 60 --runs 1 --test 4 --steps 2"
PARTS = "table parts --network fork"
TUNING = "table tuning --networks fork"
INFER = "infer fork --test 50 --draws 20 --capacity 100"
SHORT_INFER = f"{INFER} --steps 2"
NAMI6 = "figure nami-6 --network drawn-tree-2-0"
NAMI9 = "figure nami-9 --network drawn-tree-4-0"
SWEEP = {
    "--out": ("--out here", "--out there"),
    "--workers": ("--workers 2", "--workers 3"),
    "--cluster": ("", "--cluster tcp://there:8786"),
    "--store": ("", "--store kept.sqlite"),
    "--reference": ("", "--reference reference.json"),
}


def without(words, option):
    """A command without an option and its value."""
    return re.sub(rf" {option} \S+", "", words)


def with_sweep(words, effects):
    return effects | {name: (words, *pair) for name, pair in SWEEP.items()}


# For each option words to put it behind, and two ways to put it there that must not come to the same.
EFFECTS = {
    "networks": {"--json": ("networks", "", "--json")},
    "invert": {
        "--order": ("invert student", "", "--order reverse"),
        "--method": ("invert student", "", "--method stuhlmueller"),
        "--heuristic": ("invert star.csv --order reverse", "--heuristic min_fill", "--heuristic min_degree"),
        "--as-printed": ("invert barren.json --order reverse", "", "--as-printed"),
        "--include-observed": ("invert student", "", "--include-observed"),
        "--observed": ("invert student", "", "--observed S,L"),
        **{name: ("invert student", "", name) for name in ("--json", "--graphml", "--dot")},
    },
    "race": {"--json": ("race student", "", "--json"), "--observed": ("race student", "", "--observed S --observed L")},
    "marginals": {"--json": ("marginals asia", "", "--json"), "--given": ("marginals asia", "", "--given xray=yes")},
    "images": {"--json": ("images digits", "", "--json"), "--download": ("images digits", "", "--download")},
    "train": {
        "--observed": (f"{TRAIN} --steps 2", "", "--observed x1,x2"),
        "--structure": (f"{TRAIN} --steps 2", "--structure true", "--structure vanilla_vae"),
        "--size": ("train fork --seeds 1 --test 20 --iwae 5 --steps 2", "", "--size 9"),
        "--seeds": ("train fork --size 12 --test 20 --iwae 5 --steps 2", "", "--seeds 2"),
        "--first-seed": (f"{TRAIN} --steps 2", "", "--first-seed 4"),
        "--recipe": (f"{TRAIN} --steps 2", "", "--recipe paper"),
        "--learning-rate": (f"{TRAIN} --steps 2", "", "--learning-rate 0.02"),
        "--steps": (TRAIN, "--steps 2", "--steps 3"),
        "--test": ("train fork --size 12 --seeds 1 --iwae 5 --steps 2", "--test 20", "--test 30"),
        "--iwae": ("train fork --size 12 --seeds 1 --test 20 --steps 2", "--iwae 5", "--iwae 7"),
        "--json": (f"{TRAIN} --steps 2", "", "--json"),
    },
    "infer": {
        "--observed": (SHORT_INFER, "", "--observed x1,x2"),
        "--inverse": (SHORT_INFER, "--inverse nami-reverse", "--inverse nami-reverse mean_field"),
        "--family": (SHORT_INFER, "--family mixture", "--family mixture mixture-2"),
        "--layout": (SHORT_INFER, "--layout per_variable", "--layout masked"),
        "--capacity": ("infer fork --test 50 --draws 20 --steps 2", "--capacity 100", "--capacity 200"),
        "--capacity-of": (
            "infer student --test 50 --draws 20 --steps 2",
            "--capacity 300",
            "--capacity 300 --capacity-of stored",
        ),
        "--no-linear-start": (SHORT_INFER, "", "--no-linear-start"),
        "--steps": (INFER, "--steps 2", "--steps 3"),
        "--seconds": (INFER, "--steps 2", "--seconds 0.2"),
        "--learning-rate": (SHORT_INFER, "", "--learning-rate 0.02"),
        "--given": (SHORT_INFER, "--given x1=1,x2=0,x3=2", "--given x1=1,x2=0,x3=2 --given x1=1,x2=0,x3=0"),
        "--data": (SHORT_INFER, "", "--data points.csv"),
        "--draws": ("infer fork --test 50 --capacity 100 --steps 2 --no-linear-start", "--draws 20", "--draws 30"),
        "--test": ("infer fork --draws 20 --capacity 100 --steps 2 --no-linear-start", "--test 50", "--test 60"),
        "--calibration": (SHORT_INFER, "", "--calibration"),
        "--runs": (SHORT_INFER, "", "--runs 2"),
        "--seed": (SHORT_INFER, "", "--seed 1"),
        "--json": (SHORT_INFER, "", "--json"),
    },
    "figure elbo-vs-size": with_sweep(
        SHORT_FIGURE,
        {
            "--network": (f"{FIGURE} --sizes 8 --seeds 1 --steps 2", "--network fork", "--network fork chain"),
            "--observed": (SHORT_FIGURE, "", "--observed x1,x2"),
            "--preset": (SHORT_FIGURE.replace("--preset minute ", ""), "--preset minute", "--preset structures"),
            "--sizes": (f"{FIGURE} --network fork --seeds 1 --steps 2", "--sizes 8", "--sizes 8 9"),
            "--seeds": (f"{FIGURE} --network fork --sizes 8 --steps 2", "--seeds 1", "--seeds 2"),
            "--steps": (f"{FIGURE} --network fork --sizes 8 --seeds 1", "--steps 2", "--steps 3"),
        },
    ),
    "figure nami-4": with_sweep(
        NAMI4,
        {
            "--preset": (NAMI4, "--preset quick", "--preset paper"),
            "--images": (f"{without(NAMI4, '--images')} --binarization static", "--images mnist", "--images digits"),
            "--binarization": (NAMI4, "", "--binarization static"),
            "--capacities": (without(NAMI4, "--capacities"), "--capacities 400", "--capacities 500"),
            "--first-seed": (NAMI4, "", "--first-seed 4"),
            **{name: (without(NAMI4, name), f"{name} 1", f"{name} 2") for name in ("--runs", "--epochs")},
            **{
                name: (without(NAMI4, name), f"{name} 3", f"{name} 4") for name in ("--ais", "--temperatures", "--iwae")
            },
            "--json": (NAMI4, "", "--json"),
        },
    ),
    "figure nami-7": with_sweep(
        NAMI7,
        {
            "--preset": (NAMI7, "--preset quick", "--preset paper"),
            "--inverses": (NAMI7, "--inverses reverse", "--inverses reverse topological"),
            "--first-seed": (NAMI7, "", "--first-seed 4"),
            **{name: (without(NAMI7, name), f"{name} 5", f"{name} 6") for name in ("--data", "--sets", "--test")},
            **{name: (without(NAMI7, name), f"{name} 1", f"{name} 2") for name in ("--runs", "--steps")},
        },
    ),
    **{
        command: with_sweep(
            f"{words} --runs 1 --steps 2",
            {
                "--preset": (f"{words} --runs 1 --steps 2", "--preset quick", "--preset paper"),
                "--network": (f"{command} --runs 1 --steps 2", "--network drawn-tree-4-0", "--network drawn-tree-4-1"),
                "--observed": (f"{words} --runs 1 --steps 2", "", f"--observed {observed}"),
                "--data": (f"{words} --runs 1 --steps 2", "", "--data 30"),
                "--capacity": (f"{words} --runs 1 --steps 2", "", "--capacity stored-9000"),
                "--layout": (f"{words} --runs 1 --steps 2", "", "--layout masked"),
                "--runs": (f"{words} --steps 2", "--runs 1", "--runs 2"),
                "--first-seed": (f"{words} --runs 1 --steps 2", "", "--first-seed 4"),
                "--steps": (f"{words} --runs 1", "--steps 2", "--steps 3"),
                "--json": (f"{words} --runs 1 --steps 2", "", "--json"),
            },
        )
        for command, words, observed in (
            ("figure nami-6", NAMI6, "v2"),
            ("figure nami-9", NAMI9, "v7,v8,v9,v10,v11,v12,v13"),
        )
    },
    "table 1": with_sweep(
        SHORT_TABLE,
        {
            "--preset": (SHORT_TABLE, "--preset quick", "--preset paper"),
            "--networks": ("table 1 --multiples 3 --runs 1 --steps 2", "--networks fork", "--networks fork chain"),
            "--observed": (SHORT_TABLE, "", "--observed x1,x2"),
            "--test": (SHORT_TABLE, "", "--test 30"),
            "--multiples": (f"{TABLE} --runs 1 --steps 2", "--multiples 3", "--multiples 3 4"),
            "--recipes": (SHORT_TABLE, "--recipes default", "--recipes default paper"),
            "--runs": (f"{TABLE} --multiples 4 --steps 2", "--runs 1", "--runs 2"),
            "--steps": (f"{TABLE} --multiples 4 --runs 1", "--steps 2", "--steps 3"),
            "--json": (SHORT_TABLE, "", "--json"),
        },
    ),
    "table parts": with_sweep(
        f"{PARTS} --multiples 4 --runs 1",
        {
            "--network": ("table parts --multiples 4 --runs 1", "--network fork", "--network chain"),
            "--observed": (f"{PARTS} --multiples 4 --runs 1", "", "--observed x1,x2"),
            "--multiples": (f"{PARTS} --runs 1", "--multiples 3", "--multiples 3 4"),
            "--runs": (f"{PARTS} --multiples 4", "--runs 1", "--runs 2"),
            "--no-linear": (f"{PARTS} --multiples 4 --runs 1", "", "--no-linear"),
            "--json": (f"{PARTS} --multiples 4 --runs 1", "", "--json"),
        },
    ),
    "table tuning": with_sweep(
        f"{TUNING} --tries 2 --runs 1",
        {
            "--networks": ("table tuning --tries 2 --runs 1", "--networks fork", "--networks fork chain"),
            "--observed": (f"{TUNING} --tries 2 --runs 1", "", "--observed x1,x2"),
            "--multiple": (f"{TUNING} --tries 2 --runs 1", "--multiple 3", "--multiple 4"),
            "--tries": (f"{TUNING} --runs 1", "--tries 1", "--tries 3"),
            "--runs": (f"{TUNING} --tries 2", "--runs 1", "--runs 2"),
            "--json": (f"{TUNING} --tries 2 --runs 1", "", "--json"),
        },
    ),
    "results": {
        "--reference": ("results", "--reference", "--reference table-1"),
        "--experiment": ("results cells.sqlite", "", "--experiment one"),
        "--format": ("results cells.sqlite", "--format csv", "--format json"),
        "--out": ("results cells.sqlite", "--out cells.md", "--out cells.tex"),
    },
}
