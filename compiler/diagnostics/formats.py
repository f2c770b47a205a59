"""Names of the output formats, without their code: few commands need the code."""

FORMAT_NAMES = ("text", "concise", "json", "sarif", "github")
STREAMED = ("text", "concise", "github")  # written diagnostic by diagnostic; the others are one document at the end
