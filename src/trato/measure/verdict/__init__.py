"""Does it pay to treat customers differently? One judgement of a whole policy, from a log of treatments."""

from trato.measure.verdict.checks import Check, check_log, differing
from trato.measure.verdict.intervals import EveryLook, fixed_look
from trato.measure.verdict.judge import Verdict, judge
from trato.measure.verdict.live import Watched, watch
from trato.measure.verdict.log import Log, Question
from trato.measure.verdict.scores import Scores, scores_of

__all__ = [
    "Check",
    "EveryLook",
    "Log",
    "Question",
    "Scores",
    "Verdict",
    "Watched",
    "check_log",
    "differing",
    "fixed_look",
    "judge",
    "scores_of",
    "watch",
]
