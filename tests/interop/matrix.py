"""The result: what both ends saw, compared, and as a table."""

import re

COLUMNS = ["text", "binary", "fragments", "ping", "close-ours", "close-theirs", "limit", "abrupt"]


class Row:
    """A peer in one role."""

    seconds = 0

    def __init__(self, peer, role, version, names, said, seen, problem):
        self.peer, self.role, self.version, self.problem = peer, role, version, problem
        lines = [line.split("\t") for line in said if line.count("\t") == 3]
        self.results = {name: ("failed", "did not happen") for name in names}
        closed = [line for line in seen if line.startswith("closed")]
        opened = [line for line in lines if line[2] != "?"]
        ends = iter(closed) if len(closed) == len(opened) else iter([])
        for name, verdict, expected, details in lines:
            end = next(ends, "") if expected != "?" else ""
            if verdict == "ok":
                code = end.split()[1:2]
                # Some interfaces have no code to report.
                if code and expected not in ("-", code[0]):
                    verdict, details = "failed", f"reports {code[0]}, not {expected}"
            self.results[name] = (verdict, details)
        if len(closed) != len(opened):
            self.results["ends"] = ("failed", f"reports {len(closed)} of {len(opened)} ends")
        for name, (verdict, details) in self.results.items():
            reason = self.known(name)
            if reason:
                self.results[name] = (("known", reason) if verdict == "failed" else
                                      ("failed", f"the known defect is gone: {reason}"))

    def note(self, need, without):
        """Take over whether a setting is needed: what happened without it."""
        said = " ".join([*without.results[need.scenario], without.problem])
        shows = re.search(need.shows, said)
        self.results[f"without {need.setting}"] = (
            ("known", need.reason) if shows else
            ("failed", f"the documented failure does not show: {said}"))

    def known(self, name):
        matching = (reason for pattern, reason in self.peer.known.items()
                    if re.fullmatch(pattern, f"{self.role} {name}"))
        return next(matching, None)

    def failed(self):
        return sum(verdict == "failed" for verdict, _ in self.results.values())

    def deflate(self):
        """How many of the compressed scenarios passed, and of how many."""
        all_ = [result for name, result in self.results.items() if name.startswith("deflate")]
        return sum(verdict == "ok" for verdict, _ in all_), len(all_), all_

    def windows(self):
        """The windows that were agreed to, over all scenarios."""
        found = {int(bits) for _, details in self.deflate()[2]
                 for bits in re.findall(r"\d+", details if "windows" in details else "")}
        return f"{min(found)}-{max(found)}" if found else ""

    def summary(self):
        bad = [f"    {verdict} {name}: {details}" for name, (verdict, details) in
               self.results.items() if verdict in ("failed", "known")]
        passed, count, _ = self.deflate()
        head = (f"{'FAILED' if self.failed() else 'ok':7} {self.peer.name} {self.version} as a "
                f"{self.role}: deflate {passed}/{count} {self.windows()}, {self.seconds:.1f} s")
        if self.failed() and self.problem:
            bad.append(f"    it printed: {self.problem[-400:]}")
        return "\n".join([head, *bad])


class Check:
    """Something else that passes if it has no problems."""

    def __init__(self, name):
        self.name, self.problems = name, []

    def passed(self):
        return not self.problems

    def summary(self):
        verdict = "ok" if self.passed() else "FAILED"
        return "\n    ".join([f"{verdict:7} {self.name}", *self.problems])


def write(path, rows, checks, left_out, seconds):
    """Write the matrix as Markdown."""
    notes, lines = [], []

    def mark(row, name):
        verdict, details = row.results.get(name, ("none", ""))
        if verdict == "known":
            if details not in notes:
                notes.append(details)
            return f"[{notes.index(details) + 1}]"
        return {"ok": "yes", "none": "-", "failed": "**no**"}[verdict]

    for row in rows:
        passed, count, all_ = row.deflate()
        known = [name for name in row.results if name.startswith("deflate")
                 and row.results[name][0] == "known"]
        deflate = f"{passed} of {count}, {row.windows()} bits" if passed else "-"
        if known:
            deflate += " " + mark(row, known[0])
        cells = [row.peer.name, row.peer.language, row.version, row.role,
                 *(mark(row, name) for name in COLUMNS), deflate]
        lines.append("| " + " | ".join(cells) + " |")
    head = ["peer", "language", "version", "as a", "text", "binary", "fragments", "Ping",
            "our Close", "its Close", "1009", "cut off", "compressed"]
    browsers = {row.peer.name for row in rows if row.peer.language == "browser"}
    names = {row.peer.name for row in rows} - browsers
    languages = sorted({row.peer.language for row in rows} - {"browser"})
    text = [
        "# Matrix", "",
        f"`tests/interop/run --matrix` wrote this in {seconds / 60:.0f} minutes, with "
        f"{len(names)} implementations in {len(languages)} languages ({', '.join(languages)}) "
        f"and {len(browsers)} browsers. [README.md](README.md) says what the columns mean.", "",
        "| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines, ""]
    if notes:
        text += ["Defects of the peers, which each run expects:", ""]
        text += [f"{number}. {note}" for number, note in enumerate(notes, 1)] + [""]
    needs = [f"- {row.peer.name} {row.version} as a {row.role}, {name}: {details}"
             for row in rows for name, (verdict, details) in row.results.items()
             if name.startswith("without") and verdict == "known"]
    if needs:
        text += ["What happens without the settings that peers need, which each run expects:", "",
                 *needs, ""]
    if checks:
        text += ["Browsers and proxies:", ""]
        text += [f"- {check.name}: {'passed' if check.passed() else '**failed**'}"
                 for check in checks]
        text += [""]
    if left_out:
        text += ["Left out, because it could not be had:", ""]
        text += [f"- {name}: {problem.splitlines()[0]}" for name, problem in left_out.items()]
        text += [""]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(text))
