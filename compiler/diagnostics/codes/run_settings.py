"""RUN7xx about training settings, and about the weights that they give; a stage reports them."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RUN702": Code(
        "error",
        "trainer or peft field is rejected",
        "The installed libraries reject a field or its value.",
        "Change the training settings of the spec.",
    ),
    "RUN719": Code(
        "error",
        "weights cannot be loaded in 4 bits",
        "QLoRA needs a GPU and the package `bitsandbytes`.",
        "Run the stage where both are available, or set `tuning: lora`.",
    ),
    "RUN729": Code(
        "error",
        "merged weights answer otherwise than the trained ones",
        "Each merge and export is compared with the base model and its adapter, on rows of the stage that trained it.",
        "Train without adapters on embeddings and added modules, or train all weights.",
    ),
    "RUN731": Code(
        "error",
        "libraries cannot train with the settings",
        "A library failed while it built the trainer, or before the first step; a retry would fail in the same way.",
        "Change the setting that the library's sentence in the message is about.",
    ),
    "RUN732": Code(
        "error",
        "setting needs a GPU or a package",
        "The machine or the image lacks what a trainer setting needs.",
        "Use a profile and an image that have it, or remove the setting.",
    ),
    "RUN745": Code(
        "error",
        "tracker is not installed",
        "The image must contain each tracker of the spec; otherwise the stage would fail after it loads the model.",
        "Install `trainspec[tracking]`, or remove the tracker.",
    ),
    "RUN746": Code(
        "error",
        "saved weights differ from the trained ones",
        "After each save, the stage reads the weights back and compares them with the trained ones.",
        "Check the outputs volume, then run the stage again.",
    ),
    "RUN747": Code(
        "error",
        "export cannot be made",
        "An export copies weights from the folder of a finished stage to a new folder.",
        "Name both folders as the message says.",
    ),
}
