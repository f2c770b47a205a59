"""What an evaluation found beside its score, in a few words for the plan and its explanation."""

from collections.abc import Iterator

from compiler.spec.schema.evidence import StageResultBody


def notes_of(result: StageResultBody) -> tuple[str, ...]:
    """One phrase for each finding; nothing where an evaluation did not look for it."""
    return tuple(_notes(result))


def _notes(result: StageResultBody) -> Iterator[str]:
    if result.badcases is not None:
        yield f"{result.badcases.fixed} of {result.badcases.total} badcases fixed"
    if result.broken is not None:
        yield f"{result.broken.count} answers newly wrong, {result.broken.fixed} newly right"
    for each in result.general:
        if each.gain is not None:
            gain = each.gain
            yield f"general {each.measure} {gain.value:+.3f} (95 % {gain.low:+.3f} to {gain.high:+.3f})"
    if result.without_chain is not None:
        chain = result.without_chain
        yield f"the chain is worth {chain.chain_gain.value:+.3f} (p = {chain.p_value:.3g})"
