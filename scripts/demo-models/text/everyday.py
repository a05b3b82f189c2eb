"""Everyday scenes of grown-ups and children, told in the first or third person, letters, diaries."""

import random

from .engine import I_SELF, WE, Entity, Scene, other_person, person, relative, rule
from .stories import render

rule(
    "smalltalk",
    """
    "[How are you?|How have you been?|How is your family?]" asked {o}. "[Fine, thank you|Not too bad|I can't complain|Busy, as always]," {h.he} said.
    "[Have you heard the news|Did you see the {job} yesterday|Do you have a minute]?" asked {o}.
    "[It looks like rain|It is getting colder|What a lovely day|The {ride} is late again]," said {o}.
    {b.he} talked about {topic} [for a while|until it was time to go|over a cup of tea].
    "[I haven't seen you for ages|You look tired|You haven't changed at all]," said {o} [with a smile|{moodsaid}].
    {o} told {h.him} about {o.his} new [job|flat|dog|neighbours|car].
    "[Don't worry|Take your time|It doesn't matter|That's life]," said {o}.
    {o} only [nodded|smiled|looked at {o.his} watch|sighed|laughed].
    """,
)
rule(
    "endday",
    """
    It had been a [long|good|strange|hard|quiet] day.
    {h.he} went to bed [early|late|tired, but {goodfeeling}] and [slept well|could not sleep for a long time|dreamed of {city}].
    Tomorrow would be another day.
    <proverb>
    {h.he} closed the door and [smiled|turned off the light|listened to the rain].
    Outside, it had begun to [rain|snow|get dark].
    {h.he} never spoke about it again.
    And that was that.
    Perhaps it was better that way.
    {h.he} {h!past:home+food} and {h!past:home+mind}.
    For the first time in weeks, {h.he} felt {goodfeeling}.
    Even years later, {h.he} thought about it sometimes.
    Nothing was quite the same after that.
    """,
)

PLOTS: dict[str, str] = {}
PLOTS["morning"] = """
[In the morning, {h}|At {clock}, {h}|Every morning, {h}|That morning, {h}|On {weekday} morning, {h}] {h!past:wake+wake+routine} [and {h!past:routine}|and then {h!past:routine}|].
? <weatherpast>
[Then|After that|Before leaving the house|As usual], {h.he} {h!past:routine} and {h!past:routine}.
? {h.he} {h:was} {feeling}, because [it was {weekday}|{h.he} had slept badly|there was so much to do|a new week was beginning|the coffee was cold].
[On the way to work, {h.he} {h!past:town+travel}.|The {ride} was [late|full|almost empty], so {h.he} {h!past:travel+mind}.|{h.he} {h!past:travel}.]
? <sensepast>
At {clock}, {h.he} {h!past:work}. [It was the same every day.|Nobody noticed.|It was going to be a long day.]
? <endday>
"""
PLOTS["train"] = """
[The train to {city} was|The last train was|The evening train was] [late|full|almost empty|about to leave]. {h} [found a seat by the window|stood near the door|ran along the platform|sat down next to {job.a}] and {h!past:mind}.
? <weatherpast>
Opposite {h.him} sat [a {personadj} {noun.o}|a young {noun.o}|{o} from next door] with a {thingadj} {smallthing} on {o.his} knees.
"[Is this seat free?|Does this train stop in {townname}?|Excuse me, do you have the time?|Would you like {fruit.a}?]" {o.he} asked.
"[Yes, of course|I think so|I'm not sure|Thank you]," {h.he} [said|answered]. "[Are you going far?|Are you from here?|It is a long journey.|I am going home.]"
? <smalltalk>
Outside, the [fields|houses|hills|lights of {townname}] went by. [{b.he} talked about {topic}.|After a while, neither of them spoke.|{o.he} took out a book and began to read.]
At the next station, {o.he} [got off|stood up and said goodbye|forgot {o.his} {smallthing} on the seat|waved from the platform].
? [{h} never learned {o.his} name.|{h} looked after {o.obj} until the train left the station.]
<endday>
"""
PLOTS["office"] = """
[It was {clock} when {h} arrived at the office.|The office was empty when {h} came in.|{h} had worked there for {number} years.|On {weekday}, {h} had a meeting with the manager.] [The telephone was ringing.|There was a note on the desk.|The computer did not start.|Nobody said hello.]
? {h.he} {h!past:work} and {h!past:work}.
"[Can I talk to you for a moment?|Have you finished the report?|Could you come into my office?]" asked {o}.
"[Almost|Of course|Just a minute|Not yet]," {h.he} said. {h.he} {h:was} [{feeling}|a little {feeling}|too {badfeeling} to argue].
"[We need it by {weekday}|I have good news|There has been a mistake|Somebody has to go to {city}]," said {o}. "[Can you do it?|What do you think?|I am sorry.|You have earned it.]"
{h} [thought for a moment|looked out of the window|did not know what to say|read the letter twice]. [Then {h.he} nodded.|"I will do my best," {h.he} said.|"Let me think about it," {h.he} said.]
? At lunch, {h.he} {h!past:food}.
[In the afternoon|After work|That evening], {h.he} {h!past:town+leisure+mind}.
<endday>
"""
PLOTS["shopping"] = """
{h} {h!past:routine} and went to the {shop}, because there was no [bread|milk|coffee|soap] left in the house.
? <weatherpast>
The shop was [full of people|almost empty|about to close]. {h.he} bought [{number} {fruit.s}, {vegetable.s} and some {dish}|some {dish} and {smallnumber} {vegetable.s}|{thingadj.a2} {smallthing}].
"[Anything else?|Is that all?|Would you like a bag?]" asked the [cashier|young man|woman behind the counter].
"[No, thank you|That's all|Yes, a newspaper, please]," {h.he} said. "[How much is that?|What do I owe you?|Here you are.]"
"[{cnumber} pounds, please|That will be {number} dollars|{cnumber} euros and {number} cents]."
{h.he} [looked for {h.his} wallet, but it was not there|counted the coins|had just enough money]. [{h.he} must have left it at home.|The cashier smiled.|The people behind {h.him} were getting impatient.]
? "[Don't worry, you can pay tomorrow|Let me help you|It happens to everyone]," said {o}, who was standing behind {h.him}.
On the way home, {h.he} {h!past:town+travel}.
<endday>
"""
PLOTS["cooking"] = """
{h} wanted to [make|cook] {savoury} for {o}. {h.he} [washed|peeled|cut] the {vegetable.s} and [put a big pot on the stove|lit the oven|opened the cookbook].
? "[Can I help you?|What smells so wonderful?|When will it be ready?]" asked {o}.
"[You could set the table|Not yet|Taste this]," {h.he} said. "[It needs more salt.|Where is the pepper?|It only takes {number} minutes.]"
Then [the phone rang|somebody knocked at the door|the lights went out], and [{h} forgot all about the pot|{h.he} left the kitchen for a moment|when {h.he} came back, the kitchen was full of smoke].
[The {vegetable.s} were as black as coal.|The soup was far too salty.|In the end, everything turned out well.|Half of it was burnt.]
? "[Never mind|It tastes better than it looks|Next time, I will cook]," said {o} and laughed.
So {b.he} [ate bread and cheese|went to a little restaurant around the corner|ate it anyway|shared {snack.a}] and talked about {topic}.
<endday>
"""
PLOTS["meeting"] = """
{h} {h!past:travel+town} when {h.he} [heard somebody call {h.his} name|saw a familiar face|bumped into someone]. It was {o}, [an old friend from school|whom {h.he} had not seen for {number} years|{h.his} old neighbour].
"[I can't believe it|What a surprise|It is really you]!" said {o}. "[What are you doing here?|How have you been?|You haven't changed a bit.]"
"[I live here now|I am only visiting|I was just thinking of you]," {h.he} said. "[And you?|Do you have time for a coffee?|Let's sit down somewhere.]"
{b.he} went to a [small|quiet|crowded] café near the {townplace} and ordered {drink.a} and {drink.a}.
{o} [worked as {job.a} now|had moved to {city}|had {smallnumber} children|had just lost {o.his} job|was writing a book]. [{b.he} remembered the old days.|{b.he} laughed about {b.his} old teacher.|It was as if no time had passed.]
? <smalltalk>
"[We should do this more often|Call me some time|I have to go now]," said {o} and [paid the bill|wrote a number on a piece of paper|put on {o.his} {wear}].
{h} [promised to write|watched {o.obj} disappear in the crowd|walked home slowly].
<endday>
"""
PLOTS["letter"] = """
[On {weekday}|One {partofday} in {month}|Two weeks before {h.his} birthday], {h} {h!past:routine} and found a letter [under the door|in the letterbox|on the kitchen table]. It was from [{o}|{h.his} {femalekin}|a lawyer in {city}|somebody {h.he} did not know].
{h.he} [opened it with a knife|put it on the table and looked at it for a long time|sat down before reading it].
"[Dear friend|My dear]," it said, "[I am coming to see you|I have to tell you something|you have won a prize|I am sorry that I have not written for so long]. [Please write back.|Please meet me at the {townplace} on {weekday}.|Do not tell anybody.]"
{h.he} read it [again and again|twice|until {h.he} knew it by heart]. [What did it mean?|{h.his} hands were shaking.|{h.he} had waited for this for years.|It must be a mistake.]
? {h.he} called {o}. "[You won't believe what has happened|I need your advice|Please come over]," {h.he} said.
That night, {h.he} {h!past:home+mind}. [In the morning, {h.he} had made up {h.his} mind.|The next day, {h.he} wrote an answer.|{h.he} could not sleep.]
? {h.he} [bought a ticket to {city}|threw the letter into the fire|packed a small suitcase].
<endday>
"""
PLOTS["rain"] = """
[It was raining|It had been raining for days|The rain started in the afternoon], and {h} {h:was} [at home|in the {room}|standing at the window|waiting for the {ride}]. <sensepast>
{h.he} {h!past:home+food}. Then {h.he} {h!past:home+mind}.
? {h.his} {x=pet} [slept on the {furniture}|watched the drops on the window|wanted to go out].
[There was nothing to do.|It was the kind of day when nothing happens.|{h.he} {h:was} {feeling} and a little {feeling}.]
? Then the [doorbell|phone] rang. It was {o}. "[Are you busy?|What are you doing?|Come to the window!]" {o.he} said.
[Towards evening|Later|After an hour], the rain stopped, and [a rainbow stood over the {settlement}|the sun came out|everything smelled of wet grass].
{h} {h!past:routine} and went out. <endday>
"""
PLOTS["hospital"] = """
{h} did not feel well. {h.he} had had [a cold|a headache|a sore throat|a pain in {h.his} knee] [for days|since {weekday}|since the morning], so {h.he} went to see the doctor.
The waiting room was [full|cold|quiet]. {job.a} was reading an old magazine, and a child was playing with {toy.a}.
? {h.he} {h!past:mind}.
"[What seems to be the problem?|Where does it hurt?|How long have you had this?]" asked the doctor.
"[It started on {weekday}|I can't sleep at night|It hurts when I walk]," {h.he} said.
The doctor [looked into {h.his} eyes|listened to {h.his} heart|asked a lot of questions] and said, "[It is nothing serious|You work too much|You need to rest for {smallnumber} days]. [Drink a lot of water.|Take this three times a day.|Come back next week.]"
{h} {h:was} {goodfeeling}. At home, {h.he} made {drink.a} and {h!past:home}.
? {o} came to visit and brought [{fruit.s}|some soup|a book|{flower.s}].
<endday>
"""
PLOTS["moving"] = """
{h} had moved to {c=city} [in {month}|only a week before|because of a new job]. [The flat was small, but it had a view of the {townplace}.|There were boxes everywhere.|{h.he} did not know anybody there.]
{h.he} {h!past:home} and {h!past:home}.
? At night, {h.he} could hear [the trains|the neighbours' radio|the wind|the bells of the church].
On the first {weekday}, somebody knocked at the door. It was {o} from the flat next door. "[Welcome to {c}|Do you need any help|I heard you moving the {furniture}]," {o.he} said and held out [a plate of biscuits|a bottle of milk|a {plant}].
"[That is very kind of you|Please come in|I was just making coffee]," {h.he} said.
{b.he} sat on two boxes and [talked about {topic}|drank {liquid}|laughed like old friends].
? "[You will like it here|The {shop} around the corner is the best in town|It was hard for me, too]," said {o}.
From then on, {h.he} [felt at home|{h:was} no longer a stranger there|knew where to go when {h.he} {h:was} {badfeeling}].
<endday>
"""
PLOTS["argument"] = """
{pair} had argued again, [this time about {topic}|about nothing at all|because somebody had broken the {gadget}]. {o} had [left without a word|closed the door loudly|gone for a walk].
<sensepast> {h} {h!past:home+mind} and tried not to think about it.
? "[I was wrong|It was not my fault|Why does it always end like this]," {h.he} thought.
[An hour later|When it got dark|The next morning], {o} came back. {o.his} {wear} was wet.
"[I'm sorry|I didn't mean it|Let's not fight any more]," {o.he} said {moodsaid}.
"[I'm sorry, too|It's all right|I know]," {h.he} answered. "[Are you hungry?|Come in, it's cold.|I made some tea.]"
{b.he} [sat down at the table|looked at each other and laughed|said nothing for a while]. [There was {dish} for dinner.|The soup was still warm.]
<endday>
"""
PLOTS["trip"] = """
Last [summer|year|spring|winter], {h} went to {c=city} with {o}. {b.he} [stayed at a small hotel near the {townplace}|travelled by train|had saved money for {number} months].
On the first day, {b.he} [got lost|visited the museum|walked along the river|climbed a tower with {number} hundred steps].
? {h} took photographs of the {townplace} and the {townplace}.
In the evening, {b.he} ate {savoury} in a [small|cheap|noisy] restaurant, and {o} [spilled {o.his} {liquid}|tried to speak the language|wrote postcards].
? The weather was [wonderful|terrible|hot and dry|cold for {month}], but {b.he} did not mind.
On the last day, {o} said, "[I don't want to go home|Let's stay another week|We should come back one day|I have lost my passport]."
{h} [laughed|nodded|agreed]. [{b.he} bought {smallnumber} postcards and a {thingadj} {smallthing}.|{b.he} missed the train and had to stay another night.]
? [When {b.he} came home, the {plant} was dry and the {pet} was happy to see {b.him}.|{b.he} still talk about that trip.]
"""
PLOTS["child"] = """
When {h} {h:was} {cnumber2} years old, {h.he} lived in [a small house near the {natureplace}|{townname}|a village by the sea]. {h.his} father was {job.a}, and {h.his} mother worked at the {townplace}.
In the summer, {h.he} {h!past:child+leisure} all day. In the winter, {h.he} {h!past:child+leisure}.
? There was a {tree} behind the house, and nobody was allowed to climb it.
? {h.his} best friend was called {o.name}. Together, {b.he} {o.pl}.
One day, {h.he} [broke a window|found a {thingadj} {smallthing}|ran away from home|fell into the {natureplace2}]. [{h.his} mother was angry, but {h.his} father only laughed.|Nobody ever found out.|{h.he} told nobody except {o}.]
[{h.he} remembered that day for the rest of {h.his} life.|It seemed very important then.|That was the end of the summer.]
? Later, {h.he} became {job.a}.
"""

PLOTS["school"] = """
[It was the first day of school|The lesson had just begun|On {weekday}, the class had {x=subject}|The bell rang at {clock}], and {h} {h:was} {feeling}. [The teacher wrote a long word on the board.|Everybody was talking at the same time.|A new pupil stood at the door.|There was an empty chair in the first row.]
"[Who can tell me the answer?|Have you done your homework?|Who was not here yesterday?]" asked the teacher.
{h} [looked at the floor|knew the answer, but said nothing|had forgotten {h.his} book]. "[I think it is {number}|I don't know|I'm sorry, I was not listening]," {h.he} said.
? [Somebody laughed.|The teacher smiled.|{o} whispered something.]
In the break, {pair} sat [under the {tree}|on the stairs|by the window] and shared {snack.a}. "[I will never understand this|That was easy|Don't worry, I'll help you]," said {o}.
? After school, {b.he} {o!past:child+leisure}.
<endday>
"""
PLOTS["match"] = """
It was the [last match of the year|final|biggest match of the season], and [the whole {settlement} had come to watch|it was raining|{h} {h:was} very {feeling}]. [After half an hour, it was still nil to nil.|The other team was stronger.|Nobody had expected them to win.]
? "[Come on|Run|Pass the ball]!" shouted {o}.
{h} [got the ball|ran as fast as {h.he} could|looked up] and [passed it to {o.obj}|kicked it with all {h.his} strength|slipped on the wet grass]. [The ball hit the post.|The crowd held its breath.|The goalkeeper jumped.]
Then [the whistle blew|it was over|everybody cheered]. [They had won by two goals to one.|They had lost, but nobody was sad.|It was a draw.]
"[Next time we will win|That was the best match of my life|I can't feel my legs any more]," said {o}.
That evening, {h.he} {h!past:food+home} and {h!past:mind}.
"""
PLOTS["ghost"] = """
[Nobody had lived in the old {x=home} for {number} years.|People said that the old {x=home} was haunted.|The {x=home} at the end of the road had always been empty.] {h} did not believe in ghosts, but [that night {h.he} {h:was} not so sure|{h.he} did not like the dark].
? <weatherpast>
{h.he} pushed open the door. [It was not locked.|It creaked.] <sensepast>
On the {furniture} lay a {thingadj} {smallthing}. [It was covered with dust.|Somebody had used it not long ago.|It was still warm.]
Suddenly, {h.he} heard [steps on the stairs|a voice in the {room}|somebody laughing|music]. <feelbody>.
"Who is there?" {h.he} asked. [There was no answer.|"Only me," said a quiet voice.|"Don't be afraid," somebody said.]
[It was only {o}, who had been looking for {h.him}.|A cat jumped from the cupboard and ran away.|In the doorway stood {o} with a lantern.|The window was open, and the wind moved the curtain.]
? "[You look as if you had seen a ghost|You should not be here|Let's go home]," said {o}.
{h} [laughed|ran all the way home|never went back|took a deep breath]. <endday>
"""
PLOTS["interview"] = """
{h} put on {h.his} best {wear} and went to the {townplace}. {h.he} {h:was} [nervous|excited|worried|afraid], because [{h.he} needed the job|it was {h.his} first interview|{h.he} had not slept all night].
"[Please sit down|You must be our visitor|Come in]," said {o}, [who was the manager|behind a large desk|without looking up].
"[Why do you want to work here?|What can you do?|Tell me about yourself.]"
"[I am {personadj} and {personadj}|I like {doing}|I have worked as {job.a} for {number} years|I need the money]," {h.he} answered. [It was not a very good answer.|{h.his} voice was shaking.|{o} wrote something down.]
? "[Can you start on {weekday}|Do you have any questions|Have you ever been late]?" asked {o}.
[A week later, a letter came. {h} had got the job.|Two days later, the phone rang.|{h} never heard from them again.] {h.he} {h:was} {feeling}.
<endday>
"""
PLOTS["restaurant"] = """
[The restaurant was full|There was only one free table|The little restaurant had just opened], and {pair} [sat down in the corner|had to wait for half an hour|were very hungry]. The waiter brought the menu.
"[What would you like to eat?|Are you ready to order?|What can I bring you?]" he asked.
"[I'd like the {savoury}, please|Just some {savoury}|The same as always]," said {o}. "[And {drink.a}.|And for me the {savoury}.|Thank you.]"
? At the next table, {job.a} and {job.a} were talking about {topic}.
The {x=savoury} was [too salty|cold|delicious|better than at home], [and {h} asked for more|so {b.he} did not eat much|but nobody complained].
"[I have something to tell you|I have found a new job|I am going to move to {city}|This was the best meal of my life]," said {o} {moodsaid}.
{h} [put down the fork|did not know what to say|smiled|looked out of the window]. [The candle had almost burned down.|Outside, it was raining.]
? {o} paid the bill, and {b.he} walked home [through the empty streets|in the rain|without a word].
<endday>
"""

DIARY = """
[Dear diary, today was|Dear diary, I had|{weekday}, {cday} {month}. Today was|{weekday}, {cday} {month}. I had|Today was|It was|I had] a [long|wonderful|terrible|quiet|strange|busy] day. <openi>
<openi>
? <openi>
? [I saw {bird.a} in the garden.|It rained all {partofday}.|We had {savoury} for dinner.|Nobody called.]
I feel {feeling} [tonight|now|and {feeling}]. [Tomorrow I will {h!base:work+travel+town+leisure}.|I hope that tomorrow will be better.|I must not forget to {h!base:home+work}.|Good night.]
"""
rule(
    "openi",
    """
    In the morning, I {h!past:wake+routine} and {h!past:routine}.
    I {h!past:work} and {h!past:work}.
    In the afternoon, I {h!past:town+leisure}.
    My {malekin} {h!past:town+leisure+food}.
    In the evening, I {h!past:home+leisure} with {o}.
    {o} {o!past:social+town}.
    I wanted to {h!base:leisure+travel}, but I was too {badfeeling}.
    At school, we {h!past:child}.
    I met {o} at the {townplace}, and we {h!past:leisure+food}.
    I forgot my {smallthing} [on the [bus|train|tram]|at home|at the {townplace}].
    """,
)
LETTER = """
Dear {o.name},

[Thank you for your [letter|postcard|parcel].|How are you?|I hope that you are well.|I am sorry that I have not written for so long.|Greetings from {city}!] [Here, everything is fine.|Here in {townname}, it has been [raining|snowing] for days.|We miss you.]
Last week, I {h!past:travel+town+leisure} and {h!past:town+leisure}. [It was [wonderful|terrible|very interesting].|You would have liked it.|I thought of you.]
? My {femalekin} {h!past:work+travel}, and my {malekin} {h!past:home+leisure}.
? Do you remember {topic2}? [I often think of it.|It seems so long ago.]
[When will you come to see us?|Please write soon.|Tell me about your new job.|What is the weather like in {city}?] [You can stay with us as long as you like.|I have so much to tell you.|Give my love to your {femalekin}.]

[Your friend,|With love,|Best wishes,|Yours,]
{sender}
"""


def scene_text(rng: random.Random) -> str:
    """One of the plots above with a random narrator."""
    roll = rng.random()
    if roll < 0.42:
        hero = I_SELF
    elif roll < 0.50:
        hero = WE
    elif roll < 0.60:
        hero = relative(rng)
    else:
        hero = person(rng)
    name = rng.choice(list(PLOTS))
    if hero is WE and name in (
        "hospital",
        "child",
        "argument",
        "letter",
        "meeting",
        "trip",
        "interview",
        "restaurant",
    ):
        hero = I_SELF
    other = other_person(rng, hero)
    both = WE if hero.kind in ("I", "we") else Entity("they")
    scene = Scene(rng, h=hero, o=other, s=hero, b=both)
    cap = rng.choice(("Three", "Five", "Nine", "Twelve", "Twenty", "Six"))
    together = rng.choice(
        (
            "climbed trees and caught frogs",
            "built a boat of paper and wood",
            "collected shells on the beach",
            "told each other everything",
            "walked to school every morning",
        )
    )
    text = render(
        scene,
        PLOTS[name],
        {
            "{noun.o}": other.noun,
            "{thingadj.a2}": "a {thingadj}",
            "{pair}": "{o} and {h}" if hero.pronoun_only else "{h} and {o}",
            "{cnumber}": cap,
            "{cnumber2}": rng.choice(("five", "six", "seven", "eight", "nine", "ten", "twelve")),
            "{o.pl}": together,
            "{natureplace2}": rng.choice(("river", "lake", "pond", "stream")),
        },
    )
    return text


def diary(rng: random.Random) -> str:
    """A page of a diary."""
    scene = Scene(rng, h=I_SELF, o=person(rng), s=I_SELF)
    return render(scene, DIARY, {"{cday}": str(rng.randint(1, 28))})


def letter(rng: random.Random) -> str:
    """A letter to a friend."""
    scene = Scene(rng, h=I_SELF, o=person(rng), s=I_SELF)
    memory = rng.choice(
        ("our first day at school", "the old house by the river", "that summer at the lake",
         "our trip to the mountains", "the dog with the white ears", "the night of the storm")
    )  # fmt: skip
    parts = {"{topic2}": memory, "{sender}": person(rng).name}
    head, body, foot = LETTER.strip().split("\n\n")
    blocks = [render(scene, block, parts) for block in (head, body)]
    close, name = foot.split("\n")
    return "\n\n".join(blocks) + "\n\n" + scene.text(close) + "\n" + parts["{sender}"]


MAKERS = [(scene_text, 26), (diary, 3), (letter, 3)]
