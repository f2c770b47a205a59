"""Services of every stage: context, events, report, page, gate, curves, stop requests."""
