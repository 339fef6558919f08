"""The tasks of the audit log: is it whole, and how a log that lost its witness gets a new one."""

from genesis.app.commands import command
from genesis.app.invoking import Context, Exit
from genesis.ports.errors import InputError


@command("audit.verify", help={"json": "Print one JSON object: path, whole, lines, witnessed, problem."})
def verify(_: Context, json: bool = False) -> None:
    """Check that no line of the audit log was changed, dropped, moved or cut off.

    Exits 1 and names the first bad line, if there is one, or says that nothing witnesses the end.
    """
    from genesis.app.audit import LOG, verify_audit
    from genesis.app.home import home
    from genesis.app.json_output import print_json
    from genesis.domain.audit import BadLine

    path, verdict = home() / LOG, verify_audit(home())
    lines = None if isinstance(verdict.found, BadLine) else verdict.found.seq
    problem = verdict.problem
    if json:
        facts = {"lines": lines, "witnessed": verdict.is_witnessed, "problem": problem or None}
        print_json({"path": str(path), "whole": not problem, **facts})
    else:
        print(f"{path}: {problem or f'{lines} lines, whole'}")
    if problem:
        raise Exit(code=1)


@command("audit.adopt", help={"reason": "Why the witness is gone; it is kept in the log."})
def adopt(_: Context, reason: str = "") -> None:
    """Make a new witness for a whole audit log that has lost its own."""
    from genesis.app.audit import adopt_audit
    from genesis.app.home import home

    if not reason.strip():
        raise InputError("say why the witness is gone: audit.adopt --reason TEXT")
    head = adopt_audit(home(), reason.strip())
    print(f"the audit log has a witness again, from line {head.seq} on")
