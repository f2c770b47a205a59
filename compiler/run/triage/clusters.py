"""Clusters of like traces: HDBSCAN over TF-IDF of character n-grams, which needs no model and reads any language.

A cluster only suggests a kind: people name it. The same traces give the same clusters.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence

from compiler.run.triage.labels import Label
from compiler.run.triage.sample import NO_CLUSTER
from compiler.run.triage.traces import Entry

MAX_CLUSTERED = 5_000  # traces, the first ones in random order
_LEAST = 4  # traces that can be a cluster
_DIMENSIONS = 50


def clusters_of(entries: Sequence[Entry]) -> dict[str, int]:
    """Return the cluster of each trace by digest, numbered from the largest one; `NO_CLUSTER` for outliers."""
    used = entries[:MAX_CLUSTERED]
    if len(used) < 2 * _LEAST:
        return {}
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # several threads add up in another order
    from sklearn.cluster import HDBSCAN
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    texts = [each.text or " " for each in used]
    try:
        words = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=50_000, sublinear_tf=True)
        matrix = words.fit_transform(texts)
    except ValueError:  # no n-gram at all
        return {}
    size = min(_DIMENSIONS, matrix.shape[1] - 1, len(used) - 1)
    if size < 2:
        return {}
    points = normalize(TruncatedSVD(n_components=size, random_state=0).fit_transform(matrix))
    found = HDBSCAN(min_cluster_size=_LEAST, n_jobs=1, copy=True).fit_predict(points)
    sizes = Counter(int(each) for each in found if each >= 0)
    order = {name: rank for rank, (name, _) in enumerate(sorted(sizes.items(), key=lambda each: (-each[1], each[0])))}
    return {each.digest: order.get(int(name), NO_CLUSTER) for each, name in zip(used, found, strict=True)}


def suggested_kinds(digest: str, clusters: Mapping[str, int], labelled: Mapping[str, Label]) -> list[str]:
    """Return the kinds of labelled traces in the same cluster, most frequent first."""
    cluster = clusters.get(digest, NO_CLUSTER)
    if cluster == NO_CLUSTER:
        return []
    kinds = Counter(label.kind for other, label in labelled.items() if label.kind and clusters.get(other) == cluster)
    return [name for name, _ in sorted(kinds.items(), key=lambda each: (-each[1], each[0]))]
