"""State diagrams of procedures in Mermaid, drawn from the tables themselves."""

from __future__ import annotations

from gongshu.workflow.procedure import Procedure


def mermaid(procedure: Procedure) -> str:
    """Return the procedure's state diagram (Mermaid `stateDiagram-v2`), without a final newline.

    Several steps between the same two states share one arrow.
    """
    lines = ["stateDiagram-v2"]
    lines += [f"    {_id(code)} : {zh}" for code, zh in procedure.states.items()]
    lines.append(f"    [*] --> {_id(procedure.initial)}")
    arrows: dict[tuple[str, str], list[str]] = {}
    for transition in procedure.transitions:
        for source in transition.source:
            arrows.setdefault((source, transition.target), []).append(transition.zh)
    for (source, target), names in arrows.items():
        lines.append(f"    {_id(source)} --> {_id(target)} : {'／'.join(names)}")
    lines += [f"    {_id(c)} --> [*]" for c in procedure.states if c in procedure.terminal]
    return "\n".join(lines)


def _id(state: str) -> str:
    # A state may be called like a Mermaid keyword ("state", "end"); the prefix keeps them apart.
    return f"s_{state}"
