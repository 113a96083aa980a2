"""The one way in which a run can fail, as far as its author is concerned.

Out of memory, too slow, too large, an engine error and a result that shows too much look the same:
which of them it was depends on the data (S13).
"""

from __future__ import annotations

from gongshu.vocabulary.errors import Unavailable


class RunFailed(Unavailable):
    """A run gave no result. `cause` is for the node's operators and reviewers only."""

    default_code = "run_failed"

    def __init__(self, cause: str) -> None:
        super().__init__(
            "任务运行没有成功，没有产生任何结果；请缩小数据范围或改用更粗的分组后重新提交。"
        )
        self.cause = cause
