"""RUN760 to RUN769: what a stage or command brings from elsewhere: packages, a teacher's answers, models and data."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RUN704": Code(
        "error",
        "model is not there, and the hub may not be asked",
        "`HF_HUB_OFFLINE` forbids what `trainspec-runtime fetch` would need to bring the model.",
        "Unset `HF_HUB_OFFLINE`, or copy the model's folder from a machine that has it.",
    ),
    "RUN760": Code(
        "error",
        "package cannot be fetched",
        "The package registry cannot be reached.",
        "Check the network, or copy the model by hand.",
    ),
    "RUN761": Code(
        "error",
        "package differs from the pinned one",
        "Its digest differs, so it is not used.",
        "Clear the package cache and fetch it again.",
    ),
    "RUN762": Code(
        "error",
        "reference names no pinned model",
        "A hub's model is pinned by a commit; other references are the packages of a table.",
        "Use a known name, or copy the model to the models folder.",
    ),
    "RUN763": Code(
        "error",
        "licence forbids training on the teacher's output",
        "The stage does not even query the teacher.",
        "Use a teacher whose licence allows it.",
    ),
    "RUN764": Code(
        "error",
        "endpoint rejects the request",
        "The endpoint does not accept the key, the model's name or the request; a retry would not help.",
        "Correct the teacher or judge of the spec, or the secret with its key.",
    ),
    "RUN765": Code(
        "error",
        "endpoint of a teacher or judge fails",
        "It cannot be reached, or failed repeatedly; the answers so far are kept.",
        "Make sure that it is up, then run the stage again.",
    ),
    "RUN766": Code(
        "error",
        "vocabularies differ from the plan",
        "Token probabilities of two models can be compared only if both have the same tokens.",
        "Correct `sharesVocabulary` of the teacher.",
    ),
    "RUN780": Code(
        "error",
        "budget ends before a probe's first look",
        "A probe looks at a quarter of the prompts first; with fewer answers it can tell nothing.",
        "Raise `spec.serving.budget`; the answers so far are kept and not paid for again.",
    ),
    "RUN781": Code(
        "error",
        "endpoint answers nothing",
        "Every answer is empty: a fault of the endpoint or a token limit that leaves no room, not a gap of the model.",
        "Correct the endpoint or the limit, remove the journal that the message names, then run the stage again.",
    ),
    "RUN782": Code(
        "error",
        "endpoint counts no tokens",
        "A budget in US dollars is computed from the tokens that the endpoint counts, so it would limit nothing.",
        "Limit the calls instead, or use an endpoint that returns `usage`.",
    ),
    "RUN767": Code(
        "error",
        "source of models and data denies access",
        "The bucket or the volume does not accept the keys, the service account or the permissions.",
        "Correct the Secret or the permissions that the message names.",
    ),
    "RUN768": Code(
        "error",
        "source of models and data fails",
        "It cannot be reached, or failed repeatedly; whole files are kept.",
        "Make sure that it is up, then run the stage again.",
    ),
    "RUN769": Code(
        "error",
        "name leaves its folder",
        "A source is untrusted: its files are written below the claims, and nowhere else.",
        "Rename or remove the object that the message names.",
    ),
}
