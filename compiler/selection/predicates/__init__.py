"""The predicates of the rules, one module a part of the method. Each takes facts and gives a finding; all are pure."""
