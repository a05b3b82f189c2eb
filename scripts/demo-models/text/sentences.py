"""Sentences put together from subjects, verb phrases and adverbials, and paragraphs of them.

This is the part with the widest coverage: statements, questions, negations, wishes, plans, habits,
comparisons and relative clauses about all kinds of people, animals and things.
"""

import random

from . import lexicon
from .engine import (
    I_SELF,
    WE,
    Entity,
    Scene,
    animal,
    couple,
    lines,
    nameless,
    person,
    relative,
    rule,
)

# Actions, and all that a person can do, feel or think.
ACT = "routine+home+work+travel+town+food+leisure+social"
EVERYDAY = ACT + "+mind"

# Sentences about a subject {h} in the past, written so that they can follow one another.
PAST = lines(
    f"""
    {{h.r}} {{h!past:{EVERYDAY}}} <whenpast>.
    {{h.r}} {{h!past:{EVERYDAY}}} <reasonpast>.
    {{h.r}} {{h!past:{EVERYDAY}}}.
    {{h.r}} {{h!past:{EVERYDAY}}} and {{h!past:{EVERYDAY}}}.
    {{h.r}} {{manner}} {{h!past:travel+home+town+social}}.
    <whenpast>, {{h.he}} {{h!past:{EVERYDAY}}}.
    After that, {{h.he}} {{h!past:{EVERYDAY}}}.
    Then {{h.r}} {{h!past:{EVERYDAY}}}.
    {{h.r}} {{h:was}} {{h!ing:home+work+travel+town+leisure}} when [the phone rang|it began to rain|somebody knocked at the door|the lights went out|a stranger came in|the clock struck {{smallnumber}}].
    {{h.r}} had {{h!pp:{EVERYDAY}}} before [the others came|the sun came up|anyone noticed|{{h.he}} {{h!past:travel+town}}].
    {{h.r}} wanted to {{h!base:{ACT}}}, but [there was no time|{{h.he}} had no money|it was too late|nobody would help {{h.him}}|the {{shop}} was closed|{{h.he}} {{h:was}} too {{badfeeling}}].
    {{h.r}} tried to {{h!base:home+work+leisure}}, but [it was too difficult|it did not work|{{h.he}} soon gave up|something was wrong].
    {{h.r}} did not {{h!base:{ACT}}} [that day|any more|after all|because {{h.he}} {{h:was}} {{feeling}}|].
    {{h.r}} never {{h!past:{EVERYDAY}}} again.
    {{h.r}} could not {{h!base:{ACT}}} [because of the noise|without help|that {{partofday}}|any longer].
    {{h.r}} decided to {{h!base:{ACT}}} instead.
    Instead of going to the {{townplace}}, {{h.he}} {{h!past:{EVERYDAY}}}.
    Before {{h.he}} {{h!past:home+travel}}, {{h.he}} {{h!past:routine+home+town}}.
    While {{h.he}} {{h:was}} {{h!ing:home+travel+town+leisure}}, {{h.he}} thought about {{topic}}.
    {{h.r}} {{h:was}} {{feeling}}, so {{h.he}} {{h!past:{EVERYDAY}}}.
    {{h.r}} {{h:was}} {{feeling}} and a little {{feeling}}.
    {{h.r}} had always wanted to {{h!base:travel+work+leisure}}.
    {{h.r}} knew that {{h.he}} had to {{h!base:{ACT}}}.
    It took {{h.him}} [an hour|two hours|all day|a long time] to {{h!base:home+work+travel}}.
    Nobody knew why {{h.he}} {{h!past:{EVERYDAY}}}.
    {{h.r}} promised to {{h!base:home+work+travel+social}} the next day.
    {{h.r}} would rather {{h!base:leisure+home}} than {{h!base:work+home}}.
    If {{h.he}} had had more time, {{h.he}} would have {{h!pp:{EVERYDAY}}}.
    """
)

# The same in the present: habits, character, plans.
PRESENT = lines(
    f"""
    {{h.r}} {{h!pres:{EVERYDAY}}} {{habittime}}.
    {{h.r}} {{often}} {{h!pres:{EVERYDAY}}}.
    {{h.r}} {{h!pres:{EVERYDAY}}} and {{h!pres:{EVERYDAY}}} {{habittime}}.
    {{h.r}} {{h:be}} going to {{h!base:{ACT}}} {{futuretime}}.
    {{h.r}} will {{h!base:{ACT}}} {{futuretime}}.
    {{h.r}} {{h:want}} to {{h!base:{ACT}}} {{futuretime}}.
    {{h.r}} {{h:be}} {{h!ing:home+work+travel+town+leisure}} [at the moment|right now|again|with a friend|].
    {{h.r}} {{h:have}} to {{h!base:home+work+travel}} {{futuretime}}.
    {{h.r}} {{h:doesn't}} like to {{h!base:{ACT}}}.
    {{h.r}} {{h:doesn't}} {{h!base:{ACT}}} very often.
    {{h.r}} can {{h!base:work+home+leisure}} better than anyone else.
    {{h.r}} cannot {{h!base:{ACT}}} without [a cup of coffee|help|complaining|music|{{h.his}} glasses].
    {{h.r}} {{h:have}} [never|just|often|already] {{h!pp:{EVERYDAY}}}.
    When it rains, {{h.he}} {{h!pres:home+leisure+mind}}.
    When {{h.he}} {{h:be}} {{feeling}}, {{h.he}} {{h!pres:home+leisure+food+mind}}.
    If the weather is good, {{h.he}} will {{h!base:travel+town+leisure}} {{futuretime}}.
    {{h.r}} {{h:like}} {{doing}} more than {{doing}}.
    {{h.r}} {{h:enjoy}} {{doing}} and {{doing}}.
    {{h.r}} {{h:be}} good at {{doing}}, but not at {{doing}}.
    {{h.his}} favourite food is {{dish}}.
    {{h.his}} favourite colour is {{colour}}.
    {{h.r}} {{h:have}} {{colour}} {{clothes.s}} and a {{thingadj}} {{smallthing}}.
    On {{weekday}}, {{h.he}} {{h!pres:{EVERYDAY}}}.
    """
)

# Openings that introduce the subject, most often in its first words.
OPEN_PAST = lines(
    f"""
    {{h}} {{h!past:{EVERYDAY}}} <whenpast>.
    {{h}} {{h!past:{EVERYDAY}}} <reasonpast>.
    {{h}} {{h:was}} {{h!ing:home+work+travel+town+leisure}} when [the phone rang|it began to rain|{{h.he}} heard a strange noise|somebody called {{h.his}} name|{{h.he}} saw a {{thingadj}} {{smallthing}} on the floor].
    In the {{partofday}}, {{h}} {{h!past:{EVERYDAY}}} [and {{h!past:{EVERYDAY}}}|<reasonpast>|].
    In the morning, {{h}} {{h!past:wake+routine}} [and {{h!past:routine}}|and then {{h!past:routine+work+travel}}|as always].
    On {{weekday}}, {{h}} {{h!past:{EVERYDAY}}} <reasonpast>.
    Last [week|night|summer|{{weekday}}], {{h}} {{h!past:{EVERYDAY}}}.
    Yesterday {{h}} {{h!past:{EVERYDAY}}}.
    When {{h}} came home, {{h.he}} {{h!past:home+food+mind}}.
    After {{h}} had {{h!pp:routine+home+work}}, {{h.he}} {{h!past:travel+town+leisure}}.
    It was a [cold|warm|quiet|rainy|cold winter|hot summer] {{partofday}}, and {{h}} {{h!past:{EVERYDAY}}}.
    It was {{clock}} when {{h}} {{h!past:{EVERYDAY}}}.
    Every {{partofday}}, {{h}} {{h!past:{EVERYDAY}}}.
    {{h}} had never {{h!pp:work+travel+leisure+town}} before.
    {{h}} had just {{h!pp:{EVERYDAY}}} when [the phone rang|the doorbell rang|the storm began|a friend called].
    {{h}} did not want to {{h!base:{ACT}}}.
    {{h}} looked [tired|happy|at the clock|out of the window|at the empty street|at {{h.his}} watch|very pale] and {{h!past:{EVERYDAY}}}.
    For {{number}} years, {{h}} had {{h!pp:work}}.
    """
)
OPEN_PRESENT = lines(
    f"""
    {{h}} {{h!pres:{EVERYDAY}}} {{habittime}}.
    {{h}} {{often}} {{h!pres:{EVERYDAY}}}.
    {{h}} {{h:be}} {{personadj}} and {{personadj}}.
    {{h}} {{h:be}} very {{personadj}}, but [sometimes|not always|often] a little {{personadj}}.
    {{h}} {{h:live}} <place_in>.
    {{h}} {{h:like}} {{doing}} and {{doing}}.
    {{h}} {{h:want}} to {{h!base:{ACT}}} {{futuretime}}.
    {{h}} {{h:be}} going to {{h!base:{ACT}}} {{futuretime}}.
    {{h}} {{h:work}} [in a {{townplace}}|at the {{townplace}}|for a big company|as {{job.a}}].
    Every {{partofday}}, {{h}} {{h!pres:{EVERYDAY}}}.
    {{h}} {{h:be}} {{h!ing:home+work+travel+town+leisure}}.
    {{h}} {{h:have}} a {{pet}} and {{number}} {{bird.s}}.
    {{h}} {{h:know}} [everything|a lot|nothing] about {{hobby}}.
    """
)

rule(
    "justanother",
    f"""
    {{d}} is just another {{role}} who {{h!pres:{EVERYDAY}}} {{habittime}}.
    {{d}} is just another {{role}} who wants to {{h!base:{ACT}}}.
    {{d}} is just another {{role}} who {{h!past:{EVERYDAY}}} {{pasttime}}.
    {{d}} is just another {{job}} [from {{city}}|on {{h.his}} way to work|with too much to do|in a long line of {{job.s}}].
    {{d}} is just another {{role}}, but [everybody knows {{h.him}}|{{h.he}} has a big heart|nobody knows {{h.his}} name].
    {{d}} is [my {{malekin}}'s friend|our new neighbour|the new {{job}}|a friend of mine|not {{job.a}}].
    {{d}} looks {{feeling}} and {{feeling}}.
    {{d}} looks like {{job.a}}.
    {{d}} over there {{h!pres:work+town+leisure}} {{habittime}}.
    {{d}} with the {{colour}} {{wear}} is [my teacher|our new neighbour|the {{job}}|waiting for somebody].
    {{d}} in the {{colour}} {{wear}} {{h!past:town+travel+social}} {{pasttime}}.
    {{d}} has been here [since {{weekday}}|for {{number}} days|all {{partofday}}].
    {{d}} never {{h!pres:{EVERYDAY}}}.
    {{d}} is {{h!ing:work+town+leisure}}.
    """,
)
rule(
    "favourite",
    """
    {h.his} favourite food is {dish}, [especially with {vegetable.s}|because it is so {foodadj}|but {h.he} also {h:like} {dish}|and {h.he} could eat it every day|just as {h.his} {femalekin} makes it].
    {h.his} favourite food is {dish}.
    {h.his} favourite dish is {savoury} with {vegetable.s}.
    {h.his} favourite drink is {liquid}[, and {h.he} {h:drink} it {habittime}|].
    {h.his} favourite colour is {colour}, [like the sea in the evening|because it makes {h.him} happy|but {h.his} {wear} is {colour}].
    {h.his} favourite animal is the {wildanimal}, because it is so [clever|strong|fast|beautiful|funny].
    {h.his} favourite season is {season}.
    {h.his} favourite book is about a {job} who [goes to sea|finds a treasure|lives in a lighthouse|becomes a king|gets lost in the mountains].
    {h.his} favourite place is the [{natureplace}|{townplace}], where {h.he} can {h!base:leisure}.
    {h.his} favourite day of the week is {weekday}, because {h.he} can {h!base:leisure+home}.
    {h.his} favourite subject at school [is|was] {subject}.
    {h.his} favourite hobby is {hobby}.
    {h.his} favourite room is the {room}, because it is so [quiet|warm|bright|comfortable].
    {h.his} favourite {clothes} is {colour} and made of {cloth}.
    {h.his} favourite song is about a {bird} that cannot fly.
    {h.his} favourite game is [chess|tennis|hide and seek|cards].
    """,
)
# {is} and {are} become the present or the past.
THINGS = lines(
    """
    The {smallthing} {is} {thingadj} and {thingadj}.
    The {smallthing} on the {furniture} {is} {thingadj}.
    There {is} a {thingadj} {smallthing} [on|under|behind|next to] the {furniture}.
    There {are} {smallnumber} {fruit.s} and {vegetable.a} in the basket.
    The {building} {is} [older|higher|bigger|smaller] than the {building}.
    The {home} near the {natureplace} {is} {placeadj} and {placeadj}.
    The {dish} {is} {foodadj}, but the {dish} {is} {foodadj}.
    The {townplace} {is} next to the {townplace}.
    The road to {townname} {is} [long|narrow|closed|full of holes|covered with snow].
    The {x=storyanimal} {is} {petadj}, and its eyes {are} {eyecolour}.
    The {gadget} in the {room} {is} broken again.
    The {vehicle} {is} {colour} and very [fast|slow|old|new|noisy].
    The {natureplace} {is} {placeadj} in {season}.
    The {clothes} {is} made of {cloth}.
    This {smallthing} {is} [bigger|smaller|older|heavier|prettier|cheaper|more useful|more expensive] than the other one.
    Between the {townplace} and the {townplace} there {is} a [small park|narrow street|little garden|stone bridge|row of trees|quiet square].
    The {job}'s {smallthing} {is} made of {material}.
    The door of the {room} {is} [open|closed|locked|half open].
    The {tree} in front of the {building} {is} [very old|very tall|full of {bird.s}|more than a hundred years old].
    The {plant} by the window {is} [dry|green and healthy|in bloom].
    """
)
rule(
    "opinion",
    """
    I think that {doing} is {judgement}.
    In my opinion, {doing} is {judgement.er} than {doing}.
    It is {judgement} to {s!base:work+travel+home+social} {habittime}.
    {doing} is {judgement}, but {doing} is [even better|not|much worse].
    Most people like {doing}, but I prefer {doing}.
    I have always believed that {virtue} is more important than [money|success|being right].
    Nothing is {judgement.er} than {doing} on a {season} {partofday}.
    People who like {doing} are often {personadj}.
    Some people like {dish}; others cannot live without {dish}.
    You can learn a lot from {doing}.
    If you want to be happy, [learn to wait|be kind|take a long walk|do what you love].
    The best thing about {season} is that you can {s!base:leisure}.
    I don't understand why people {p!base:work+home+town} [at night|in this weather|on Sundays|at all].
    """,
)
rule(
    "question",
    """
    Why did {h} {h!base:acts}?
    Did {h} {h!base:acts} {pasttime}?
    What did {h} do after that?
    Where was the {smallthing}?
    Who had {h!pp:home+town}?
    Could {h} {h!base:acts} {futuretime}?
    How could {h} {h!base:acts} without help?
    """.replace("everyday", EVERYDAY).replace("acts", ACT),
)
rule(
    "imperative",
    """
    Please [close the door|open the window|come in|sit down|wait here|be quiet|help me|listen to me|follow me].
    Don't [forget your {smallthing}|be late|touch the {furniture}|be afraid|run in the house|worry].
    Bring me the {smallthing}, please.
    Put the {smallthing} on the {furniture}.
    Go to the {shop} and buy some {dish}.
    Take the {ride} to the {townplace} and then turn [left|right] at the {townplace}.
    Tell me about {topic}.
    Give the {pet} some water.
    Turn left at the {townplace}, then go straight on until you see the {townplace}.
    Never {s!base:travel+work+home} without [a good reason|a plan|asking first].
    """,
)
rule(
    "thereis",
    """
    There is a {placeadj} {townplace} in {townname}.
    There was a {thingadj} {smallthing} on the {furniture}.
    There were {number} {fruit.s} in the basket and {number} {vegetable.s} on the table.
    There is nothing better than {drink.a} on a [cold|rainy|quiet] {partofday}.
    There are {number} {storyanimal.s} [on the farm|in the field|in this story|behind the house].
    There was no one in the {room}.
    There was a knock at the door.
    There is always {job.a} at the {townplace}.
    There used to be a {building} where the {building} stands now.
    There was once a time when people {s!past:travel+leisure}.
    """,
)
rule(
    "compare",
    """
    {h} {h:be} [taller|older|younger|stronger|kinder|more patient|more careful|faster] than {o}.
    {h} {h:be} almost as {personadj} as {o}.
    {h} {h:like} {dish}, but {o} {o:prefer} {dish}.
    {h} {h!past:everyday}, and {o} {o!past:everyday}.
    While {h} {h:was} {h!ing:home+work}, {o} {o:was} {o!ing:leisure+town}.
    {h} {h!past:everyday} before {o} {o!past:everyday}.
    {h} asked {o.obj} to {o!base:home+work+town}, but {o.he} {o!past:everyday}.
    {h} told {o.obj} about {topic}.
    {h} gave {o.obj} a {thingadj} {smallthing}.
    {h} met {o.obj} at the {townplace} {pasttime}.
    {h} wanted to {h!base:acts}, but {o} wanted to {o!base:acts}.
    {h} helped {o.obj} to {o!base:home+work}.
    {h} talked with {o.obj} about {topic}.
    """.replace("everyday", EVERYDAY).replace("acts", ACT),
)


def subject(rng: random.Random) -> Entity:
    """Any person that a text can be about."""
    roll = rng.random()
    if roll < 0.30:
        return person(rng)
    if roll < 0.46:
        return I_SELF
    if roll < 0.52:
        return WE
    if roll < 0.62:
        return relative(rng)
    if roll < 0.72:
        return pronoun(rng)
    if roll < 0.76:
        return couple(rng)
    if roll < 0.82:
        return Entity("they", "", rng.choice(lexicon.CLASSES["group"]))
    return nameless(rng)


def pronoun(rng: random.Random) -> Entity:
    """He, she or they, not introduced before."""
    kind = rng.choice(("he", "she", "she", "they"))
    return Entity(kind, "", {"he": "he", "she": "she", "they": "they"}[kind])


def demonstrative(rng: random.Random) -> Entity:
    """That man, this old woman."""
    entity = nameless(rng)
    return Entity(entity.kind, entity.noun, f"{rng.choice(('that', 'this', 'that'))} {entity.noun}")


def article_subject(rng: random.Random) -> Entity:
    """A or another person: "A young woman", "Another student"."""
    entity = nameless(rng)
    word = rng.choice(("a", "a", "another", "some"))
    return Entity(entity.kind, entity.noun, f"{word} {entity.noun}")


def describe_again(entity: Entity) -> Entity:
    """The entity as it is mentioned after its introduction."""
    first_word = entity.name.split(" ")[0]
    if first_word in ("that", "this", "a", "another", "some") or entity.name in (
        "he",
        "she",
        "they",
    ):
        name = f"the {entity.noun}" if entity.noun else entity.name
        return Entity(entity.kind, entity.noun, name)
    if first_word == "my":
        return Entity(entity.kind, "", entity.name)
    return entity


def paragraph(rng: random.Random) -> str:
    """A paragraph about one person: an opening and up to five sentences that follow it."""
    hero = subject(rng) if rng.random() < 0.8 else article_subject(rng)
    scene = Scene(rng, h=hero)
    past = rng.random() < 0.65
    out = [scene.text(scene.line(OPEN_PAST if past else OPEN_PRESENT))]
    scene.bound["h"] = describe_again(hero)
    if past and rng.random() < 0.25:
        out.append(scene.text("[<weatherpast>|<sensepast>]"))
    for _ in range(rng.randint(1, 5)):
        out.append(scene.text(scene.line(PAST if past else PRESENT)))
    if past and rng.random() < 0.15:
        scene.bound["s"] = scene.bound["h"]
        out.append(scene.text("[<sensepast>|<proverb>|<question>|But that is another story.]"))
    return " ".join(out)


def that_person(rng: random.Random) -> str:
    """ "That man is just another ..." and what follows."""
    hero = demonstrative(rng)
    scene = Scene(rng, h=hero, d=hero)
    out = [scene.text("<justanother>")]
    scene.bound["h"] = describe_again(hero)
    for _ in range(rng.randint(1, 4)):
        out.append(scene.text(scene.line(PRESENT)))
    return " ".join(out)


def favourites(rng: random.Random) -> str:
    """My favourite food, colour, place."""
    hero = rng.choice((I_SELF, I_SELF, I_SELF, person(rng), relative(rng), pronoun(rng)))
    scene = Scene(rng, h=hero, s=hero)
    out = []
    if hero is not I_SELF and hero.noun:
        out.append(scene.text(scene.line(OPEN_PRESENT)))
    scene.bound["h"] = describe_again(hero)
    for _ in range(rng.randint(1, 4)):
        out.append(scene.text("<favourite>"))
        if rng.random() < 0.5:
            out.append(scene.text(scene.line(PRESENT)))
    return " ".join(out)


def things(rng: random.Random) -> str:
    """Where things are and what they look like."""
    scene = Scene(rng, s=WE)
    verbs = (" is ", " are ") if rng.random() < 0.5 else (" was ", " were ")
    out = []
    for _ in range(rng.randint(2, 5)):
        template = scene.line(THINGS).replace(" {is} ", verbs[0]).replace(" {are} ", verbs[1])
        out.append(scene.text(template))
    return " ".join(out)


def opinions(rng: random.Random) -> str:
    """What the writer thinks, advice, orders."""
    scene = Scene(rng, s=Entity("you"), p=Entity("they"))
    kind = rng.choice(("<opinion>", "<opinion>", "<imperative>", "<thereis>"))
    out = [scene.text(kind) for _ in range(rng.randint(1, 4))]
    if rng.random() < 0.3:
        out.append(scene.text("<proverb>"))
    return " ".join(out)


def two_people(rng: random.Random) -> str:
    """Two people compared, or doing things together."""
    first = rng.choice((person(rng), person(rng), relative(rng), I_SELF))
    second = other = person(rng, kind="he" if first.kind == "she" else "she")
    scene = Scene(rng, h=first, o=second, s=other)
    out = [scene.text("<compare>") for _ in range(rng.randint(1, 3))]
    for _ in range(rng.randint(0, 2)):
        scene.bound["h"] = first
        out.append(scene.text(scene.line(OPEN_PAST)))
    return " ".join(out)


def animal_paragraph(rng: random.Random) -> str:
    """ "The little dog ..." in a few sentences."""
    group = rng.choice(("storyanimal", "storyanimal", "pet", "farmanimal", "wildanimal"))
    beast = animal(rng, named=rng.random() < 0.2, group=group)
    beast.noun = rng.choice((beast.noun, f"{beast.adjective} {beast.noun}"))
    openings = ["the", "the", "the", "the", "a", "a", "that", "this"]
    opening = rng.choice(openings + ["my", "our"] if group in ("pet", "farmanimal") else openings)
    if not beast.name:
        beast.name = f"{opening} {beast.noun}"
    scene = Scene(rng, h=beast)
    out = [scene.text(scene.line(ANIMAL_OPEN))]
    scene.bound["h"] = describe_again(beast)
    for _ in range(rng.randint(1, 5)):
        out.append(scene.text(scene.line(ANIMAL_NEXT)))
    return " ".join(out)


ANIMAL_OPEN = lines(
    """
    {h} {h!past:animaldo}.
    {h} {h!past:animaldo} and {h!past:animaldo}.
    {h} {h:was} {petadj} and [always|very|a little|often] {feeling}.
    {h} {h:was} {h!ing:animaldo} when [it began to rain|a {bird} landed beside {h.him}|{h.he} heard a noise|a child came along the path].
    {h} lived <place_in>.
    {h} wanted to {h!base:animaldo}, but [it was too cold|the gate was closed|the {storyanimal} was already there|{h.he} {h:was} too tired].
    {h} ran [up to the boy and wagged its tail|through the open door|away when it saw the {storyanimal}|out of the {home}].
    {h} sat [by the door and waited|on the wall and watched the street|alone in the rain|under the {tree}].
    {h} {h:was} [sleeping|hungry|very clever|not afraid of anything|older than the {storyanimal}].
    {h} liked to {h!base:animaldo}.
    {h} looked at the {job} with big {eyecolour} eyes.
    One {partofday}, {h} {h!past:animaldo}.
    {h} could not {h!base:animaldo} any more.
    {h} {h:was} lost, and [night was coming|nobody knew where {h.he} had come from|it was getting cold].
    """
)
ANIMAL_NEXT = lines(
    """
    {h.r} {h!past:animaldo}.
    {h.r} {h!past:animaldo} and {h!past:animaldo}.
    Then {h.he} {h!past:animaldo}.
    Suddenly, {h.he} heard [a strange noise|a loud voice|the sound of wings|somebody laughing].
    {h.r} {h:was} {feeling}.
    {h.r} {h:was} not {feeling} any more.
    In the evening, {h.he} {h!past:animaldo}.
    {h.r} did not {h!base:animaldo}, because {h.he} {h:was} {feeling}.
    {storyanimal.a} came and sat down beside {h.him}.
    The {storyanimal} asked {h.him} to come along, but {h.he} wanted to {h!base:animaldo}.
    A [boy|girl|kind woman|farmer] gave {h.him} [some water|a piece of bread|something to eat|a warm blanket].
    After a while, {h.he} {h!past:animaldo}.
    {h.r} {h!past:animaldo} until it got dark.
    {h.his} fur was wet, and {h.his} feet were cold.
    From that day on, {h.he} {h!past:animaldo} every day.
    <weatherpast>
    """
)
HAPPENINGS = lines(
    """
    The [door|window|gate] [opened|closed|flew open] [slowly|suddenly|with a loud noise|], and {h} [came in|looked out|was gone].
    The {ride} [stopped|was late|turned the corner|left] [in front of the {townplace}|without a sound|at {clock}|again].
    The sun [rose|went down|disappeared] behind the [hills|houses|clouds|{building}].
    The telephone [rang|was silent] [all {partofday}|again and again|at {clock}].
    The {smallthing} [fell|rolled|dropped] [under the {furniture}|on the floor|into the water|down the stairs].
    The {pet} [slept|was sitting] [on the {furniture}|by the window|in front of the door].
    The news [came|spread|reached {townname}] [in the evening|slowly|like fire|on {weekday}].
    The wind [blew through the {natureplace}|turned the pages of the book|took {h.his} hat].
    The {building} [was built|burned down|was sold|stood empty] [many years ago|in {month}|for {number} years].
    The meeting [began|ended|lasted] [late|two hours|at {clock}|with a song].
    The {job} who lives next door {x!past:town+leisure+social} {pasttime}.
    The man in the {colour} {wear} {x!past:town+travel} and {x!past:town+mind}.
    The woman who sold {fruit.s} at the market {w!past:social+home}.
    The first thing that {h} noticed was the [silence|smell of {liquid}|{colour} {furniture}|cold].
    The only thing that mattered was [the truth|to get home|the letter|the next step].
    The reason was simple: {h} had {h!pp:mind+travel+social}.
    The problem was that {h} [had no money|could not {h!base:work+home}|{h!past:mind}|was too {badfeeling}].
    The next day, {h} {h!past:work+travel+town}.
    The last time {h} was in {city}, {h.he} {h!past:travel+town+leisure}.
    The best day of the week was {weekday}, when {h} {h!past:leisure+food}.
    Sometimes {h} {h!past:leisure+mind} for hours.
    Nobody {x!past:mind+social}.
    Somebody {x!past:town+home} {pasttime}.
    Everybody {x!past:town+leisure} that {partofday}.
    At first, {h} {h!past:mind}. Then {h.he} {h!past:home+travel}.
    Two days later, {h} {h!past:travel+social}.
    A few minutes later, {h} {h!past:home+mind+travel}.
    At the end of the [street|day|week], {h} {h!past:town+leisure+mind}.
    In front of the {townplace} stood {job.a} with a {thingadj} {smallthing}.
    On the {furniture} lay a {thingadj} {smallthing} and some {fruit.s}.
    With a {smallthing} in {h.his} hand, {h} {h!past:travel+town}.
    Although {h} {h!past:mind}, {h.he} {h!past:work+social}.
    Because of the [rain|snow|noise|fog], {h} {h!past:home+mind}.
    Thanks to {job.a}, {h} {h!past:travel+leisure}.
    """
)


def happenings(rng: random.Random) -> str:
    """Things happen to a person: sentences that mostly do not begin with the person."""
    hero = person(rng)
    scene = Scene(rng, h=hero, x=Entity("he", "", "he"), w=Entity("she", "", "she"), s=hero)
    out = []
    for index in range(rng.randint(1, 4)):
        out.append(scene.text(scene.line(HAPPENINGS)))
        if index and rng.random() < 0.5:
            out.append(scene.text(scene.line(PAST)))
    return " ".join(out)


MAKERS = [
    (paragraph, 14),
    (happenings, 7),
    (that_person, 3),
    (favourites, 3),
    (things, 3),
    (opinions, 2),
    (two_people, 3),
    (animal_paragraph, 5),
]
