"""Names beside the raw words of components and modules, in the language that was asked for."""

from trato.customize.names import Names
from trato.server.api import answers


def labelled(known: answers.Known, names: Names, language: str) -> answers.Known:
    """The same answer with every `label` filled in."""
    wants = known.wants.shown if known.wants else None
    for need in wants.needs if wants else ():
        for moved in need.evidence:
            moved.label = names.module(moved.component, moved.module, language)
    timeline = known.said_and_did.shown if known.said_and_did else None
    for one in (*(wants.statements if wants else ()), *(timeline.events if timeline else ())):
        one.labels = [names.choice(component, module, language) for component, module in one.choices]
    proposal = known.proposal.shown if known.proposal else None
    for part in proposal.components if proposal else ():
        part.label = names.component(part.component, language)
        for module in part.modules:
            module.label = names.module(part.component, module.module, language)
    return known
