"""English inflection: plurals, verb forms, comparatives, articles, numbers in words."""

import re

VOWELS = "aeiou"

_IRREGULAR_TEXT = """
be was been|become became become|begin began begun|bend bent bent|bite bit bitten|blow blew blown
break broke broken|bring brought brought|build built built|buy bought bought|catch caught caught
choose chose chosen|come came come|cut cut cut|dig dug dug|do did done|draw drew drawn
drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed fed|feel felt felt
fight fought fought|find found found|fly flew flown|forget forgot forgotten|forgive forgave forgiven
freeze froze frozen|get got got|give gave given|go went gone|grow grew grown|hang hung hung
have had had|hear heard heard|hide hid hidden|hit hit hit|hold held held|keep kept kept
know knew known|lay laid laid|lead led led|leave left left|lend lent lent|let let let|lie lay lain
light lit lit|lose lost lost|make made made|mean meant meant|meet met met|pay paid paid|put put put
read read read|ride rode ridden|ring rang rung|rise rose risen|run ran run|say said said
see saw seen|sell sold sold|send sent sent|set set set|sew sewed sewn|shake shook shaken
shine shone shone|show showed shown|shut shut shut|sing sang sung|sit sat sat|sleep slept slept
speak spoke spoken|spend spent spent|stand stood stood|steal stole stolen|sweep swept swept
swim swam swum|take took taken|teach taught taught|tear tore torn|tell told told
think thought thought|throw threw thrown|understand understood understood|wake woke woken
wear wore worn|win won won|write wrote written|spread spread spread|stick stuck stuck
creep crept crept|swing swung swung|sink sank sunk|weep wept wept|overhear overheard overheard
"""
IRREGULAR: dict[str, tuple[str, str]] = {
    base: (past, participle)
    for base, past, participle in (
        entry.split() for entry in _IRREGULAR_TEXT.replace("\n", "|").split("|") if entry
    )
}
DOUBLING = set(
    "stop plan hop hug beg drop chat shop grab pat nod trip wrap step clap slip hum admit jog rub "
    "begin cut dig get hit let put run set shut sit swim win forget chop knit pin rob skip tap "
    "travel drag mop spot stir scrub unwrap".split()
)


def plural(noun: str) -> str:
    """Regular plural; the first noun of an `of` phrase takes the ending."""
    head, of, rest = noun.partition(" of ")
    if of:
        return plural(head) + of + rest
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun + "s"


def third_person(verb: str) -> str:
    """`go` -> `goes`: the form after he, she or it in the present."""
    if verb == "be":
        return "is"
    if verb == "have":
        return "has"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh|o)$", verb):
        return verb + "es"
    return verb + "s"


def _stem(verb: str) -> str:
    return verb + verb[-1] if verb in DOUBLING else verb


def past(verb: str) -> str:
    """Simple past."""
    if verb in IRREGULAR:
        return IRREGULAR[verb][0]
    if verb.endswith("e"):
        return verb + "d"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ied"
    return _stem(verb) + "ed"


def participle(verb: str) -> str:
    """Past participle."""
    return IRREGULAR[verb][1] if verb in IRREGULAR else past(verb)


def gerund(verb: str) -> str:
    """The -ing form."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe")) and verb != "be":
        return verb[:-1] + "ing"
    return _stem(verb) + "ing"


def verb_form(verb: str, form: str, third: bool) -> str:
    """Inflect `verb`; `form` is base, pres, past, ing or pp."""
    if form == "pres":
        return third_person(verb) if third else verb
    if form == "past":
        return past(verb)
    if form == "ing":
        return gerund(verb)
    return participle(verb) if form == "pp" else verb


_COMPARE = {"good": ("better", "best"), "bad": ("worse", "worst"), "far": ("farther", "farthest")}


def compare(adjective: str, superlative: bool = False) -> str:
    """Comparative or superlative of an adjective."""
    if adjective in _COMPARE:
        return _COMPARE[adjective][superlative]
    ending = "est" if superlative else "er"
    syllables = len(re.findall(r"[aeiouy]+", adjective.removesuffix("e")))
    if adjective.endswith("y") and syllables <= 2:
        return adjective[:-1] + "i" + ending
    if syllables > 1:
        return ("most " if superlative else "more ") + adjective
    if adjective.endswith("e"):
        return adjective + ending[1:]
    if re.search(r"[^aeiou][aeiou][bdgmnt]$", adjective):
        return adjective + adjective[-1] + ending
    return adjective + ending


_A_BEFORE_VOWEL = re.compile(r"(one|uni|use|usu|eu|ewe)", re.I)
_AN_BEFORE_CONSONANT = re.compile(r"(hour|honest|honour|honor|heir)", re.I)
_ARTICLE = re.compile(r"\b([Aa]) (?=([A-Za-z]+))")


def _fix_article(match: re.Match) -> str:
    word = match.group(2)
    if _AN_BEFORE_CONSONANT.match(word):
        vowel = True
    elif _A_BEFORE_VOWEL.match(word):
        vowel = False
    else:
        vowel = word[0].lower() in VOWELS
    return match.group(1) + ("n " if vowel else " ")


def fix_articles(text: str) -> str:
    """Turn `a` into `an` where the next word asks for it."""
    return _ARTICLE.sub(_fix_article, text)


_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def number_word(value: int) -> str:
    """Number in words, 0 to 999."""
    if value < 20:
        return _ONES[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    hundreds, rest = divmod(value, 100)
    return f"{_ONES[hundreds]} hundred" + (f" and {number_word(rest)}" if rest else "")
