"""Compares what `wedge hang` said of a case with what cases.json expects."""


def number(v):
    return int(v, 16) if isinstance(v, str) else v


def same_object(said, want, foreign):
    """Whether the object of a verdict is the one expected. A foreign log has no semantic ids: type and creator stand for them."""
    if want is None:
        return not said or not (said.get("hsid") or said.get("type"))
    if not said:
        return False
    if "path" in want:
        text = f"{said.get('name') or ''} {said.get('path') or ''}".lower()
        return want["path"].lower() in text
    if want.get("hsid") and said.get("hsid") == want["hsid"]:
        return True
    if want.get("guest_object") and said.get("guest_object") is not None:
        return number(said["guest_object"]) == want["guest_object"]
    if not foreign:
        return False
    kind, by = said.get("type"), said.get("created_by")
    return (kind in (None, "", want["type"])) and (by is None or "by" not in want or by == want["by"])


def renumbered(answer, offset):
    """The answer with the threads of a foreign file, which are numbered from another start, as the recording numbers them."""
    if isinstance(answer, list):
        return [renumbered(v, offset) for v in answer]
    if not isinstance(answer, dict):
        return answer
    return {k: v - offset if k in ("tid", "created_by") and isinstance(v, int) and v > offset else renumbered(v, offset) for k, v in answer.items()}


def tid_of(v):
    return v.get("tid") if isinstance(v, dict) else v


def weakened(row, form):
    """The row as a foreign form can be expected to show it: what that form lacks may take class or object away, never the thread."""
    weak = row.get("foreign", {}).get("reference" if form == "lying" else form, {}) if form else {}
    if form == "minimal":
        weak = {"class": None, "object": None, "thread": row["stuck"] + row.get("may", []) + row["thread"], "waits": [], "silent": True}
        row = {k: v for k, v in row.items() if k not in ("signaler", "owner")}
    return {**row, **weak}


class Judgement:
    """right: class and object of the root, as the corpus counts; thread, signaler, stuck: the rest of the answer."""

    def __init__(self, case, truth, answer, foreign=None):
        row, verdicts = case.row, answer.get("verdicts", [])
        self.said, self.wrong = None, []
        self.silent = bool(answer.get("healthy")) and not verdicts
        self.right = False
        if case.healthy:
            self.right = self.silent
            self.said = None if self.silent else verdicts[0]["class"] if verdicts else "not healthy"
            return
        want = weakened(row, foreign)
        if not verdicts:
            self.right = self.silent and want.get("silent", False)
            if not self.right:
                self.wrong.append("no verdict")
            return
        root = verdicts[0]
        self.said = root["class"]
        self._check("class", want["class"] is None or root["class"] in want["class"])
        self._check("object", want["object"] is None or any(same_object(root.get("object"), truth.object(o), foreign) for o in want["object"]))
        if foreign == "minimal":
            self._check("thread", root["tid"] in truth.threads(want["thread"]))
        self.right = not self.wrong
        if foreign == "minimal":
            return
        self._check("thread", root["tid"] in truth.threads(want["thread"]))
        self._check("root", root.get("root") is True)
        for key, field in (("signaler", "expected_signaler"), ("owner", "owner")):
            if key in want:
                self._check(key, tid_of(root.get(field)) in truth.threads(want[key]))
        self._threads(want, truth, verdicts)

    def _check(self, what, ok):
        if not ok:
            self.wrong.append(what)

    def _threads(self, want, truth, verdicts):
        named = {v["tid"] for v in verdicts}
        stuck, may = set(truth.threads(want["stuck"])), set(truth.threads(want.get("may", [])))
        missing, false = sorted(stuck - named), sorted(named - stuck - may - set(truth.threads(want["thread"])))
        if missing:
            self.wrong.append("not named: " + " ".join(map(str, missing)))
        if false:
            self.wrong.append("falsely named: " + " ".join(map(str, false)))
        for v in verdicts[1:]:
            if v["tid"] in truth.threads(want.get("waits", [])) and v["class"] != "waits-for-stuck":
                self.wrong.append(f"thread {v['tid']} is {v['class']}")


def text_agrees(text, answer):
    """The text's first line is the root's verdict, or says that all is well. `answer` as it was given."""
    first = text.split("\n", 1)[0]
    if not answer.get("verdicts"):
        return bool(first)
    root = answer["verdicts"][0]
    return f"thread {root['tid']}" in first
