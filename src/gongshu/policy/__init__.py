"""Usage control: one evaluator for every use, by owners, operators, the public and the node alike.

    index = GrantIndex.build(grants)
    decision = decide(index, use, spent)

A `Grant` states limits, a `Use` is one attempt with the facts that the platform observed, and
`decide` is the only way to a yes. It denies by default, names every limit that is broken with its
clause, and knows no exception.
"""

from gongshu.policy.containment import contained
from gongshu.policy.decisions import Decision, Reason
from gongshu.policy.evaluation import decide
from gongshu.policy.grants import NODE, PUBLIC, Grant, Quota, Undertaking
from gongshu.policy.index import GrantIndex
from gongshu.policy.limits import LIMITS
from gongshu.policy.merging import merge
from gongshu.policy.proposals import refuse_unevaluable
from gongshu.policy.uses import Use

__all__ = [
    "LIMITS",
    "NODE",
    "PUBLIC",
    "Decision",
    "Grant",
    "GrantIndex",
    "Quota",
    "Reason",
    "Undertaking",
    "Use",
    "contained",
    "decide",
    "merge",
    "refuse_unevaluable",
]
