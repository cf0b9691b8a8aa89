"""`python -m gridrunner.detection.training --facts FACTS.jsonl --labels LABELS.jsonl --out weights.json`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gridrunner.detection.calibration import calibrate
from gridrunner.detection.corrections import parse_corrections
from gridrunner.detection.detect import detect
from gridrunner.detection.features import is_first_step
from gridrunner.detection.predictions import to_prediction
from gridrunner.detection.training.examples import (
    Example,
    TrainingPage,
    identifier_examples,
    password_examples,
    read_pages,
    step_examples,
    username_examples,
)
from gridrunner.detection.training.fit import (
    SEED,
    Recipe,
    fit_fold_scorers,
    fit_points,
    fit_scorer,
    folds_of,
    make_rarer,
)
from gridrunner.detection.weights import Scorer, Weights
from gridrunner.errors import GridrunnerError
from gridrunner.model import Detection, FormKind

LOGIN = Recipe(strength=0.01, signs="login")
STEP = Recipe(strength=0.003, signs="step")
MADE_UP_ODDS = 3.5
"""How much rarer first steps are than among the examples, most of which are made of whole logins. With 2.3 two forms of
pages without a login in the development corpus are taken for first steps, with 3.5 one, and as many of the labelled
ones are found (2026-11-26)."""
USERNAME = Recipe(strength=0.03, signs="username")
PASSWORD = Recipe(strength=0.02, signs="password_new")
KIND = Recipe(strength=0.01)
KINDS = (
    FormKind.SIGNUP, FormKind.CHANGE_PASSWORD, FormKind.RESET, FormKind.SEARCH, FormKind.NEWSLETTER, FormKind.PAYMENT,
    FormKind.OTHER,
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Train, measure on held-out sites, write the weights. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gridrunner.detection.training", description=__doc__)
    parser.add_argument("--facts", type=Path, required=True, help='JSON lines {"id", "facts"}')
    parser.add_argument(
        "--labels", type=Path, help="JSON lines, see gridrunner.detection.training.examples; default: those in FACTS"
    )
    parser.add_argument("--corrections", type=Path, help="labels that are wrong, see gridrunner.detection.corrections")
    parser.add_argument("--out", type=Path, required=True, help="the weights file to write")
    parser.add_argument("--predictions", type=Path, help="also write what weights without the page's site predict")
    parser.add_argument("--provenance", default="", help="where facts and labels are from, for the weights file")
    parser.add_argument("--seed", type=int, default=SEED, help="of the split into folds, for held-out predictions")
    options = parser.parse_args(arguments)
    try:
        patch = options.corrections
        corrections = {} if patch is None else parse_corrections(patch.read_text(encoding="utf-8"), str(patch))
        pages = list(read_pages(options.facts, options.labels, corrections))
        train(pages, options.out, options.predictions, options.provenance, seed=options.seed)
    except (GridrunnerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def train(pages: list[TrainingPage], out: Path, predictions: Path | None, provenance: str, *, seed: int = SEED) -> None:
    """Fit every scorer on all pages and on each fold; calibrate on the held-out scores; write the files."""
    folds = folds_of([page.site for page in pages], seed)
    logins = list(_group_examples(pages, lambda labelled: labelled.is_login))
    logins += [example for page in pages for example in step_examples(page)]
    steps = [example for page in pages for example in identifier_examples(page)]
    usernames = [example for page in pages for example in username_examples(page)]
    passwords = [example for page in pages for example in password_examples(page)]
    kinds = {kind: list(_group_examples(pages, _kind_truth(kind))) for kind in KINDS}

    login_folds = fit_fold_scorers(logins, LOGIN, folds)
    held_out = [
        (score, page.login_present)
        for page in pages
        if page.login_present is not None
        for score in [_page_score(page, login_folds[folds[page.site]])]
        if score is not None
    ]
    page_points = fit_points([score for score, _ in held_out], [bool(truth) for _, truth in held_out])
    step_folds, step_points = _calibrated(steps, STEP, folds)
    step_points = make_rarer(step_points, MADE_UP_ODDS)
    username_folds, username_points = _calibrated(usernames, USERNAME, folds)
    password_folds, password_points = _calibrated(passwords, PASSWORD, folds)
    kind_folds = {kind: fit_fold_scorers(examples, KIND, folds) for kind, examples in kinds.items()}

    document = {
        "version": "1",
        "provenance": provenance,
        "trained_on": {
            "pages": len(pages),
            "sites": len(folds),
            "login_groups": sum(each.truth for each in logins if each.weight == 1.0),
            "other_groups": sum(not each.truth for each in logins if each.weight == 1.0),
            "made_up_steps": sum(each.weight != 1.0 for each in (*logins, *steps)),
            "labelled_first_steps": sum(each.truth for each in steps if each.weight == 1.0),
            "username_candidates": len(usernames),
            "passwords": sum(each.weight == 1.0 for each in passwords),
        },
        "login": fit_scorer(logins, LOGIN, page_points),
        "step": fit_scorer(steps, STEP, step_points),
        "username": fit_scorer(usernames, USERNAME, username_points),
        "password_new": fit_scorer(passwords, PASSWORD, password_points),
        "kinds": {kind.value: fit_scorer(examples, KIND) for kind, examples in kinds.items()},
    }
    text = json.dumps(document, indent=1, sort_keys=False)
    document["version"] = _version_of(text)
    out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{len(pages)} pages of {len(folds)} sites; weights {document['version']} written to {out}")
    if predictions is not None:
        fold_weights = [
            Weights(
                version=f"fold {fold}", login=_with_points(login_folds[fold], page_points),
                step=_with_points(step_folds[fold], step_points),
                username=_with_points(username_folds[fold], username_points),
                password_new=_with_points(password_folds[fold], password_points),
                kinds={kind.value: kind_folds[kind][fold] for kind in KINDS},
            )
            for fold in range(len(login_folds))
        ]  # fmt: skip
        found = [(page, detect(page.facts, weights=fold_weights[folds[page.site]])) for page in pages]
        lines = (json.dumps(to_prediction(page.id, detection)) for page, detection in found)
        predictions.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        _print_held_out(found)


def _print_held_out(found: Iterable[tuple[TrainingPage, Detection]]) -> None:
    """How often verdicts on pages of held-out sites are right, by their confidence."""
    verdicts = [
        (detection.confidence, detection.login_present == page.login_present)
        for page, detection in found
        if page.login_present is not None and detection.login_present is not None
    ]
    print("held out: confidence  verdicts   mean  right")
    for row in calibrate(verdicts):
        print(f"        {row.low:.2f} to {row.high:.2f}  {row.count:8d}  {row.mean:.3f}  {row.right / row.count:.3f}")


def _group_examples(pages: Iterable[TrainingPage], truth_of: Callable[[Any], bool | None]) -> Iterable[Example]:
    for page in pages:
        for labelled in page.groups:
            truth = truth_of(labelled)
            if truth is not None and (labelled.group.texts or labelled.group.passwords):
                yield Example(page=page.id, site=page.site, features=labelled.features, truth=int(truth))


def _kind_truth(kind: FormKind) -> Callable[[Any], bool | None]:
    def truth(labelled: Any) -> bool | None:
        if labelled.kind is None or labelled.kind is FormKind.LOGIN:
            return None
        return bool(labelled.kind is kind)

    return truth


def _page_score(page: TrainingPage, scorer: Scorer) -> float | None:
    scores = [scorer.raw_score(labelled.features) for labelled in page.groups if not is_first_step(labelled.features)]
    return max(scores, default=None)


def _calibrated(
    examples: list[Example], recipe: Recipe, folds: dict[str, int]
) -> tuple[list[Scorer], list[tuple[float, float]]]:
    scorers = fit_fold_scorers(examples, recipe, folds)
    scores = [scorers[folds[each.site]].raw_score(each.features) for each in examples]
    return scorers, fit_points(scores, [bool(each.truth) for each in examples], [each.weight for each in examples])


def _with_points(scorer: Scorer, points: list[tuple[float, float]]) -> Scorer:
    return Scorer(
        intercept=scorer.intercept, weights=scorer.weights, points=tuple(points),
    )  # fmt: skip


def _version_of(text: str) -> str:
    import hashlib  # noqa: PLC0415 - only here

    return hashlib.sha256(text.encode()).hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main())
