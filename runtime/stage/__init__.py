"""What every stage has: context, report, page, gate, stop signals."""
