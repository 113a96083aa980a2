"""Statistical disclosure control: what of a finished result may be shown, and how.

    checked = protect(result, plan, plan.k)

`checked.table` is what may leave; `checked.notes` is all that the author learns of it;
`checked.for_reviewer` is for those who decide about the release. `judge_table` does the same for
any table with a subject column, `judge_crossed` for counts by two columns and with totals.
"""

from gongshu.sdc.columns import read_table
from gongshu.sdc.crossed import judge_crossed
from gongshu.sdc.protection import MARKER, Checked, protect
from gongshu.sdc.review import CellReview, ForReviewer
from gongshu.sdc.tables import judge_table

__all__ = [
    "MARKER",
    "CellReview",
    "Checked",
    "ForReviewer",
    "judge_crossed",
    "judge_table",
    "protect",
    "read_table",
]
