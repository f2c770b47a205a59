"""The augmentation stage: questions and answers from a corpus, aimed at what the model does not know."""
