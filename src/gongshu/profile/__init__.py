"""The first profile of a snapshot: one scan gives statistics, findings and a proposal to confirm.

A profile never holds a value of the data, only counts, lengths and sentences, so that it may be
shown and stored outside the lake. Its proposals bind nobody until a person confirms them. A study
adds values, keys and quantiles for the owner; `protect` withholds what others may not read.
"""

from gongshu.profile.grading import Harm, Impact, level_of
from gongshu.profile.model import (
    ColumnProfile,
    Finding,
    FindingKind,
    Profile,
    Proposal,
)
from gongshu.profile.scan import profile
from gongshu.profile.study import Study, protect, study

__all__ = [
    "ColumnProfile",
    "Finding",
    "FindingKind",
    "Harm",
    "Impact",
    "Profile",
    "Proposal",
    "Study",
    "level_of",
    "profile",
    "protect",
    "study",
]
