"""Statistical disclosure control: what of a finished result may be shown, and how.

    checked = protect(result, plan, plan.k)

`checked.table` is what may leave; `checked.notes` is all that the author learns of it;
`checked.for_reviewer` is for those who decide about the release.
"""

from gongshu.sdc.protection import MARKER, Checked, protect
from gongshu.sdc.review import CellReview, ForReviewer

__all__ = ["MARKER", "CellReview", "Checked", "ForReviewer", "protect"]
