"""Names of the formats that diagnostics are written in, apart from their code, which few commands need."""

FORMAT_NAMES = ("text", "concise", "json", "sarif", "github")
STREAMED = ("text", "concise", "github")  # written as diagnostics come; the others are one document at the end
