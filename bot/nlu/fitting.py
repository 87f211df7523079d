"""Fits the classifier: scikit-learn and scipy are needed here alone."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bot.nlu.classifier import WEIGHTS, softmax, tokens
from bot.nlu.noise import misspelt
from bot.nlu.text import canonical

PENALTY = 0.25
FOLDS = 5
UNKNOWN = 0.3  # the temperature where a label with one example leaves nothing to hold out
MANY = 2000  # sentences from which a feature must stand in several of them to count
LEAST = {"c": 2, "s": 2, "p": 4}

Pairs = Sequence[tuple[str, str]]


class Fitted(NamedTuple):
    """Everything a classifier predicts with."""

    vocabulary: dict[str, int]
    idf: Any
    labels: list[str]
    weights: Any
    bias: Any
    temperature: float


def fitted(pairs: Pairs) -> Fitted:
    """Fit on (canonical sentence, label) pairs; a fold that a second fit does not see gives the temperature."""
    data = _prepared(pairs)
    count = len(data.labels)
    # One after the other: liblinear draws from one generator for the whole process, and two fits at once would never be the same again.
    weights, bias = _fit(data.matrix, data.wanted, count)
    temperatures = [_temperature(_held_out(data, rows), data.wanted[rows]) for rows in _folds(data)[:1]]
    temperature = temperatures[0] if temperatures else UNKNOWN
    return Fitted(data.vocabulary, data.idf, data.labels, weights.astype(np.float16), bias, temperature)


def held_out(examples: Pairs) -> list[tuple[str, str, str, float]]:
    """(sentence, its label, the label read by a classifier that has not seen it, the probability of that)."""
    as_said = {(canonical(text), label): (text, label) for text, label in reversed(examples)}
    data = _prepared(list(as_said))
    pairs = list(as_said.values())
    folds = _folds(data)
    scores, rows = np.vstack([_held_out(data, fold) for fold in folds]), np.concatenate(folds)
    probabilities = softmax(scores, _temperature(scores, data.wanted[rows]))
    best = probabilities.argmax(axis=1)
    return [(*pairs[row], data.labels[at], float(p[at])) for row, at, p in zip(rows, best, probabilities, strict=True)]


class Prepared(NamedTuple):
    """Sentences as rows of features; misspelt copies stand behind them, and ``source`` says of which sentence each row is."""

    vocabulary: dict[str, int]
    idf: Any
    labels: list[str]
    wanted: Any
    source: Any
    matrix: Any


def _prepared(pairs: Pairs) -> Prepared:
    texts = [text for text, _ in pairs]
    copies = misspelt(texts)
    labels = sorted({label for _, label in pairs})
    number = {label: at for at, label in enumerate(labels)}
    source = np.array([*range(len(pairs)), *(at for at, _ in copies)])
    wanted = np.array([number[label] for _, label in pairs])[source]
    texts += [copy for _, copy in copies]
    features = [tokens(text) for text in texts]
    vocabulary, idf = _vocabulary(features)
    return Prepared(vocabulary, idf, labels, wanted, source, _matrix(features, vocabulary, idf))


def _vocabulary(texts: Sequence[Sequence[list[str]]]) -> tuple[dict[str, int], Any]:
    seen: Counter[str] = Counter()
    for blocks in texts:
        for block in blocks:
            seen.update(set(block))
    kept = sorted(token for token, count in seen.items() if len(texts) < MANY or count >= LEAST[token[0]] or len(token) == 2)
    idf = np.array([math.log((1 + len(texts)) / (1 + seen[token])) + 1 for token in kept], dtype=np.float32)
    return {token: at for at, token in enumerate(kept)}, idf


def _matrix(features: Sequence[Sequence[list[str]]], vocabulary: dict[str, int], idf: Any) -> Any:
    """The rows that ``Classifier.vector`` makes, all at once."""
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    kinds = []
    for blocks, weight in zip(zip(*features, strict=True), WEIGHTS, strict=True):
        columns = [[vocabulary[token] for token in block if token in vocabulary] for block in blocks]
        ends = np.cumsum([0, *map(len, columns)])
        at = np.fromiter((column for row in columns for column in row), dtype=np.int32, count=ends[-1])
        counts = csr_matrix((np.ones(len(at), dtype=np.float32), at, ends), shape=(len(features), len(vocabulary)))
        counts.sum_duplicates()
        counts.data = (1 + np.log(counts.data)) * idf[counts.indices]
        kinds.append(normalize(counts) * weight)
    return sum(kinds[1:], kinds[0]).tocsr()


def _fit(matrix: Any, wanted: Any, count: int) -> tuple[Any, Any]:
    from sklearn.svm import LinearSVC

    shares = np.bincount(wanted) * len(np.unique(wanted)) / len(wanted)
    # Rarer labels weigh more, but none less than one: the many sentences out of scope are there to be heard.
    weights_of = {label: max(1.0, 1 / share) for label, share in enumerate(shares) if share}
    model = LinearSVC(C=PENALTY, class_weight=weights_of, random_state=0, tol=0.1).fit(matrix, wanted)
    weights = np.zeros((matrix.shape[1], count), dtype=np.float32)
    bias = np.full(count, -9.0, dtype=np.float32)
    rows = model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_, model.coef_])
    offsets = model.intercept_ if len(model.classes_) > 2 else np.concatenate([-model.intercept_, model.intercept_])
    for row, offset, label in zip(rows, offsets, model.classes_, strict=True):
        weights[:, label] = row
        bias[label] = offset
    return weights, bias


def _folds(data: Prepared) -> list[Any]:
    """Rows of sentences to hold out, fold by fold; none where a label has a single sentence."""
    from sklearn.model_selection import StratifiedKFold

    wanted = data.wanted[: data.source.max() + 1]
    rarest = int(np.bincount(wanted).min())
    if rarest < 2:
        return []
    return [rows for _, rows in StratifiedKFold(min(FOLDS, rarest), shuffle=True, random_state=0).split(wanted, wanted)]


def _held_out(data: Prepared, rows: Any) -> Any:
    """Scores of the rows by a classifier that has seen the other sentences (without misspelt copies, to be quicker)."""
    seen = np.setdiff1d(np.arange(data.source.max() + 1), rows)
    weights, bias = _fit(data.matrix[seen], data.wanted[seen], len(data.labels))
    return data.matrix[rows] @ weights + bias


def _temperature(scores: Any, labels: Any) -> float:
    """The softmax temperature under which held-out sentences get honest probabilities."""

    def loss(temperature: float) -> float:
        return float(-np.log(softmax(scores, temperature)[np.arange(len(labels)), labels] + 1e-12).mean())

    return float(min(np.linspace(0.05, 1.0, 39), key=loss))
