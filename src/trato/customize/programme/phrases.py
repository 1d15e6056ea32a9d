"""What is said of decisions, in English, Spanish and Portuguese: reasons, facts and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Language = Literal["en", "es", "pt"]

REASONS: Mapping[str, Mapping[Language, str]] = {
    "not_permitted": {
        "en": "the customer did not permit it",
        "es": "el cliente no lo ha permitido",
        "pt": "o cliente não o permitiu",
    },
    "not_running": {
        "en": "the programme is not running",
        "es": "el programa no está en marcha",
        "pt": "o programa não está a decorrer",
    },
    "said_no": {
        "en": "the customer said otherwise",
        "es": "el cliente dijo otra cosa",
        "pt": "o cliente disse outra coisa",
    },
    "not_eligible": {
        "en": "it is not meant for this customer",
        "es": "no está pensado para este cliente",
        "pt": "não se destina a este cliente",
    },
    "unknown": {
        "en": "it is not known whether it is meant for this customer",
        "es": "no se sabe si está pensado para este cliente",
        "pt": "não se sabe se se destina a este cliente",
    },
    "contact_cap": {
        "en": "the customer was contacted as often as may be",
        "es": "ya se contactó al cliente tantas veces como se puede",
        "pt": "o cliente já foi contactado tantas vezes quantas se pode",
    },
    "no_stock": {"en": "there is none left", "es": "no queda ninguno", "pt": "não há mais nenhum"},
    "no_budget": {
        "en": "the budget does not allow it any more",
        "es": "el presupuesto ya no lo permite",
        "pt": "o orçamento já não o permite",
    },
    "no_capacity": {
        "en": "no more can be given today",
        "es": "hoy no se pueden dar más",
        "pt": "hoje não se podem dar mais",
    },
    "held_back": {
        "en": "held back, to measure what the programme is worth",
        "es": "se reserva, para medir lo que vale el programa",
        "pt": "fica de reserva, para medir o que o programa vale",
    },
}

FACTS: Mapping[str, Mapping[Language, str]] = {
    "everybody": {
        "en": "what it does for anybody",
        "es": "lo que aporta a cualquiera",
        "pt": "o que traz a qualquer um",
    },
    "tier": {"en": "tier", "es": "categoría", "pt": "categoria"},
    "need": {"en": "what they want", "es": "lo que quiere", "pt": "o que quer"},
    "weight": {"en": "how sure that is", "es": "lo seguro que es", "pt": "a certeza disso"},
    "evidence": {"en": "how much they told us", "es": "cuánto nos ha dicho", "pt": "quanto nos disse"},
    "expected_value": {"en": "expected value", "es": "valor esperado", "pt": "valor esperado"},
    "actual_value": {"en": "value so far", "es": "valor hasta hoy", "pt": "valor até hoje"},
    "p_alive": {
        "en": "how likely they come back",
        "es": "lo probable que es que vuelva",
        "pt": "a probabilidade de voltar",
    },
    "potential": {"en": "potential", "es": "potencial", "pt": "potencial"},
    "days_since_purchase": {
        "en": "days since the last purchase",
        "es": "días desde la última compra",
        "pt": "dias desde a última compra",
    },
    "contacts": {"en": "recent contacts", "es": "contactos recientes", "pt": "contactos recentes"},
    "touchpoint": {"en": "touchpoint", "es": "punto de contacto", "pt": "ponto de contacto"},
    "channel": {"en": "channel", "es": "canal", "pt": "canal"},
    "weekday": {"en": "day of the week", "es": "día de la semana", "pt": "dia da semana"},
    "hour": {"en": "hour", "es": "hora", "pt": "hora"},
    "moment": {"en": "occasion", "es": "ocasión", "pt": "ocasião"},
    "lever": {
        "en": "the manager's lever",
        "es": "la palanca del responsable",
        "pt": "a alavanca do responsável",
    },
    "cost": {"en": "cost", "es": "coste", "pt": "custo"},
    "fatigue": {
        "en": "the price of bothering the customer",
        "es": "el precio de molestar al cliente",
        "pt": "o preço de incomodar o cliente",
    },
    "price": {
        "en": "the price of what is scarce",
        "es": "el precio de lo escaso",
        "pt": "o preço do que é escasso",
    },
    "price of budget": {
        "en": "the price of the budget",
        "es": "el precio del presupuesto",
        "pt": "o preço do orçamento",
    },
    "price of capacity": {
        "en": "the price of the day's capacity",
        "es": "el precio de la capacidad del día",
        "pt": "o preço da capacidade do dia",
    },
    "price of stock": {
        "en": "the price of the stock",
        "es": "el precio de las existencias",
        "pt": "o preço do stock",
    },
}
FAMILIES: Mapping[str, Mapping[Language, str]] = {
    "need": {"en": "need {}", "es": "necesidad {}", "pt": "necessidade {}"},
    "wants": {"en": "they want, of {}", "es": "quiere, de {}", "pt": "quer, de {}"},
    "avoids": {"en": "they avoid, of {}", "es": "evita, de {}", "pt": "evita, de {}"},
    "bought": {
        "en": "how often they bought {}",
        "es": "cuántas veces compró {}",
        "pt": "quantas vezes comprou {}",
    },
    "value": {"en": "{}", "es": "{}", "pt": "{}"},
    "context": {"en": "{}", "es": "{}", "pt": "{}"},
}
TIERS: Mapping[str, Mapping[Language, str]] = {
    "most_valuable": {"en": "most valuable", "es": "de más valor", "pt": "de mais valor"},
    "most_growable": {"en": "most growable", "es": "de más potencial", "pt": "de mais potencial"},
    "migrator": {"en": "migrator", "es": "intermedio", "pt": "intermédio"},
    "below_zero": {"en": "below zero", "es": "bajo cero", "pt": "abaixo de zero"},
}


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of one language; braces are filled in."""

    given: str
    likeliest: str
    nothing: str
    nothing_left: str
    nothing_better: str
    nothing_by_chance: str
    held_nothing: str
    held_same: str
    held_random: str
    by_person: str
    by_nobody: str
    person_else: str
    spoke: str
    worth: str
    less: str
    more: str
    alike: str
    explored: str
    bound_rule: str
    bound_price: str
    fell_out: str
    evidence: str
    one_outcome: str
    no_evidence: str
    lever: str
    levers_else: str


PHRASES: Mapping[Language, Phrases] = {
    "en": Phrases(
        given="Given: {what}, with a probability of {share}.",
        likeliest="Most likely: {what}, with a probability of {share}.",
        nothing="Nothing was given, with a probability of {share}.",
        nothing_left="Nothing else may be given.",
        nothing_better="Nothing that may be given is expected to bring more than it costs.",
        nothing_by_chance="Something else is expected to bring more.",
        held_nothing="The customer is one of those who get nothing, so that we learn what it brings.",
        held_same="The customer is one of those who get the same as all, so that we can compare.",
        held_random="The customer is one of those whose treatment is drawn by lot, so that we can compare.",
        by_person="A person chose: {what}.",
        by_nobody="A person is to choose, and none did, so this stands: {what}.",
        person_else="A small part of the choices is drawn by lot, and this was one.",
        spoke="What counted: {parts}.",
        worth="It is expected to bring {money} net, between {low} and {high} (90 %).",
        less="The next best is {what}, which is expected to bring {money} less.",
        more="{what} is expected to bring {money} more.",
        alike="{what} is expected to bring as much.",
        explored="It is not the likeliest choice: it was tried, so that we go on learning.",
        bound_rule="Were it not that {why}, {what} would have been better, by {money}.",
        bound_price="Without {why} {what} would have been better, by {money}.",
        fell_out="Not possible: {what}.",
        evidence="This rests on {count} outcomes.",
        one_outcome="This rests on one outcome.",
        no_evidence="No outcome is known yet: this rests on what was declared.",
        lever="A manager's lever multiplies its worth by {factor}.",
        levers_else="Without levers the likeliest would have been {what}.",
    ),
    "es": Phrases(
        given="Se dio: {what}, con una probabilidad del {share}.",
        likeliest="Lo más probable: {what}, con una probabilidad del {share}.",
        nothing="No se dio nada, con una probabilidad del {share}.",
        nothing_left="No se puede dar nada más.",
        nothing_better="De nada de lo que se puede dar se espera que aporte más de lo que cuesta.",
        nothing_by_chance="De otra cosa se espera que aporte más.",
        held_nothing="El cliente está entre los que no reciben nada, para saber lo que aporta el programa.",
        held_same="El cliente es de los que reciben lo mismo que todos, para saber lo que aporta elegir.",
        held_random="El cliente está entre aquellos cuyo trato se sortea, para aprender y comparar.",
        by_person="Lo eligió una persona: {what}.",
        by_nobody="Debe elegir una persona y ninguna eligió; rige: {what}.",
        person_else="Una pequeña parte de las elecciones se sortea, y esta fue una.",
        spoke="Lo que contó: {parts}.",
        worth="Se espera que aporte {money} netos, entre {low} y {high} (90 %).",
        less="Lo siguiente mejor es {what}, de lo que se espera {money} menos.",
        more="De {what} se espera {money} más.",
        alike="De {what} se espera lo mismo.",
        explored="No es la elección más probable: se probó para seguir aprendiendo.",
        bound_rule="Si no fuera porque {why}, habría sido mejor {what}, por {money}.",
        bound_price="Sin {why} habría sido mejor {what}, por {money}.",
        fell_out="No era posible: {what}.",
        evidence="Se basa en {count} resultados.",
        one_outcome="Se basa en un resultado.",
        no_evidence="Aún no se conoce ningún resultado: se basa en lo declarado.",
        lever="Una palanca del responsable multiplica su valor por {factor}.",
        levers_else="Sin palancas lo más probable habría sido {what}.",
    ),
    "pt": Phrases(
        given="Foi dado: {what}, com uma probabilidade de {share}.",
        likeliest="O mais provável: {what}, com uma probabilidade de {share}.",
        nothing="Não foi dado nada, com uma probabilidade de {share}.",
        nothing_left="Nada mais pode ser dado.",
        nothing_better="De nada do que pode ser dado se espera que traga mais do que custa.",
        nothing_by_chance="De outra coisa se espera que traga mais.",
        held_nothing="O cliente está entre os que não recebem nada, para sabermos o que o programa traz.",
        held_same="O cliente está entre os que recebem o mesmo que todos, para sabermos o que escolher traz.",
        held_random="O cliente está entre aqueles cujo tratamento é sorteado, para aprender e comparar.",
        by_person="Foi escolhido por uma pessoa: {what}.",
        by_nobody="Deve escolher uma pessoa e nenhuma escolheu; vale: {what}.",
        person_else="Uma pequena parte das escolhas é sorteada, e esta foi uma.",
        spoke="O que contou: {parts}.",
        worth="Espera-se que traga {money} líquidos, entre {low} e {high} (90 %).",
        less="O segundo melhor é {what}, de que se espera {money} a menos.",
        more="De {what} espera-se {money} a mais.",
        alike="De {what} espera-se o mesmo.",
        explored="Não é a escolha mais provável: foi experimentada para continuarmos a aprender.",
        bound_rule="Se não fosse porque {why}, teria sido melhor {what}, por {money}.",
        bound_price="Sem {why} teria sido melhor {what}, por {money}.",
        fell_out="Não era possível: {what}.",
        evidence="Baseia-se em {count} resultados.",
        one_outcome="Baseia-se num resultado.",
        no_evidence="Ainda não se conhece nenhum resultado: baseia-se no que foi declarado.",
        lever="Uma alavanca do responsável multiplica o seu valor por {factor}.",
        levers_else="Sem alavancas o mais provável teria sido {what}.",
    ),
}
