"""Fairy tales, fables and adventures: plots of which every sentence has several forms.

A plot is a block of lines, one sentence or two each; `?` marks a line that may be left out and an
empty line ends a paragraph. {h} is the hero, {o} a friend, {e} an elder; see `engine.py`.
"""

import random

from .engine import RULES, Entity, Scene, animal, other_person, person, rule

rule(
    "once",
    """
    Once upon a time, there was {h.a} {named}who lived <place_in>.
    Once upon a time, {h.a} {named}lived <place_in>.
    Once upon a time, <place_in>, there lived {h.a} {named}.
    Long ago, there lived {h.a} {named}<place_in>.
    Long, long ago, {h.a} {named}lived <place_in>.
    There once was {h.a} {named}who lived <place_in>.
    <place_in>, there lived {h.a} {named}.
    Many years ago, there was {h.a} {named}who lived <place_in>.
    {h} {h:was} {h.a} who lived <place_in>.
    {h.a} {named}lived <place_in>.
    {h} lived <place_in>.
    Once there was {h.a} {named}who had [no friends|many friends|a big secret|a strange dream|a kind heart].
    In a faraway {kingdom}, there lived {h.a} {named}.
    """,
)
rule(
    "daily",
    """
    Every {partofday}, {h.he} {h!past:{act}}.
    {h.he} liked to {h!base:{act}} and to {h!base:{act}}.
    {h.he} {h:was} {personadj} and {personadj}, and everybody [liked|knew|loved] {h.him}.
    {h.he} was very {personadj}, but sometimes {h.he} felt {badfeeling}.
    {h.his} best friend was {o.a}.
    More than anything else, {h.he} wanted {goal}.
    {h.he} loved {hobby} more than anything in the world.
    People said that {h.he} was the [bravest|kindest|cleverest|laziest|happiest] {h.noun} in the whole {kingdom}.
    {h.his} favourite thing was a {thingadj} {smallthing} that had belonged to {h.his} grandmother.
    {h.he} had a {thingadj} {smallthing} that {h.he} never let out of {h.his} sight.
    On warm days, {h.he} {h!past:{act}}.
    """,
)
rule(
    "oneday",
    """
    One day
    One morning
    One fine morning
    One {partofday} in {season}
    One cold winter {partofday}
    One sunny day
    One rainy {partofday}
    On a [warm|quiet|windy|foggy|bright] {weekday}
    Then one day
    Early one morning
    Late one evening
    One night
    """,
)
rule(
    "ending",
    """
    And they [were friends|lived happily|told this story] ever after.
    From that day on, {h} and {o} were the best of friends.
    That {partofday}, {h} fell asleep with a smile on {h.his} face.
    And {h} never forgot that day.
    And if you go there today, you can still [see the {treasure}|hear them laugh|find their {home}].
    {h} went home, {goodfeeling} and tired, and slept until noon.
    And that is how {h} learned that <morallow>.
    Since that day, {h} has never been {badfeeling} again.
    Everyone in the {kingdom} still tells the story of {h} and the {treasure}.
    They all sat down together and ate {dish} until the moon came up.
    {h} laughed, and everyone laughed with {h.him}.
    The moral of the story is simple: <morallow>.
    And so the day ended well after all.
    {h} smiled. It had been a good day.
    """,
)
rule(
    "morallow",
    """
    it is better to share than to keep everything
    a good friend is worth more than gold
    even the smallest friend can be a great help
    kindness costs nothing
    patience brings the best reward
    it is never too late to say sorry
    one should not judge others by their looks
    being brave does not mean never being afraid
    those who help others are never alone
    pride comes before a fall
    a promise must be kept
    the truth always comes to light
    """,
)
rule(
    "cry",
    """
    "Help! Help!" [cried|called|shouted] a voice.
    "Please help me," said a small voice.
    "Is anybody there?" called somebody.
    "Who is there?" asked {h}.
    "Don't be afraid," said a voice from the dark.
    """,
)
rule(
    "whywrong",
    """
    "What is the matter?" asked {h}.
    "What's wrong?" {h} asked.
    "Why are you [crying|so sad|sitting here all alone]?" asked {h}.
    "Are you all right?" asked {h}.
    "Can I help you?" asked {h}.
    "What happened?" {h} asked {moodsaid}.
    """,
)
rule(
    "thanks",
    """
    "Thank you[ so much|, {h.name}|, my friend|]!" said {o}.
    "How can I ever thank you?" asked {o}. "You don't have to," said {h}.
    "You are a true friend," said {o} [with a smile|and smiled|].
    "I will never forget this," said {o}.
    {o} thanked {h.him} again and again.
    "You saved [my life|the day]!" cried {o}.
    """,
)
rule(
    "search",
    """
    {h.he} looked under the {furniture} and behind the {tree}, but [it was not there|there was nothing to be seen].
    {h.he} looked everywhere: in the {natureplace}, near the {townplace}, even [under|behind] the {furniture}.
    First, {h.he} asked the {storyanimal}, but the {storyanimal} had not seen anything.
    {h.he} asked everyone {h.he} met, but nobody could help {h.him}.
    {h.he} walked for {number} days and {number} nights.
    {h.he} climbed over the hills and swam across the river.
    {h.he} searched from morning until night.
    In the {natureplace}, {h.he} met {job.a} who [pointed to the north|could not help|laughed at the question].
    """,
)

PLOTS: dict[str, str] = {}
PLOTS["lost thing"] = """
<once>
? <daily>
? <daily>

<oneday>, {h} noticed that {h.his} {x=treasure} was [gone|missing|no longer there].
[{h.he} was very {badfeeling}.|"Oh no!" cried {h}. "Where is my {x}?"|"Who has taken my {x}?" {h.he} asked.]
<search>
? <search>

[At last|Finally|In the end], {h.he} came to {o.poss} house. "[Have you seen my {x}?|Do you know where my {x} is?]" asked {h}.
["No," said {o}, "but I will help you look for it."|"Come in," said {o}. "We will look for it together."|"I think I saw something shiny in the {natureplace}," said {o}.]
[They looked|The two of them searched|Together they looked] until [the sun went down|it was almost dark|their feet hurt].
There, [under a pile of leaves|between two stones|in the nest of a {bird}|at the bottom of a basket|in the tall grass], lay the {x}!
? "Here it is!" [shouted|cried|said] {o}.

{h} was so {goodfeeling} that {h.he} [danced around the {tree}|hugged {o}|laughed out loud|invited {o.obj} to dinner].
? <thanks>
<ending>
"""
PLOTS["helped animal"] = """
<once>
? <daily>

<oneday>, {h} was [walking through the {walkplace}|on {h.his} way to the {natureplace}|looking for {fruit.s}] when {h.he} heard a [small|strange|sad|weak] voice.
<cry>
It was {o.a}, [and {o.he} was caught in a net|and {o.his} foot was stuck under a stone|who had fallen into a deep hole|who was lost and {badfeeling}].
<whywrong>
"[I cannot get out|I can't move|I have lost my way]," said {o}. "[Please don't leave me here|Please help me|I have been here all night]."

[{h.he} did not think twice.|{h.he} thought for a moment.|{h.he} was afraid, but {h.he} wanted to help.] {h.he} [pulled with all {h.his} strength|found a long branch|cut the rope with {h.his} teeth|ran to get help], and soon {o} was [free|safe|on {o.his} feet again].
<thanks>

[Some weeks later|Not long after that|When winter came], {h} [was in trouble|fell into the river|got lost in the snow|could not find anything to eat].
[Suddenly,|Just then,] {o} [appeared|stood beside {h.him}|came running]. "You helped me once," {o.he} said. "Now I will help you."
? And so {o.he} did.
? [{o} showed {h.him} the way home.|{o} gave {h.him} half of {o.his} {dish}.|{o} pulled {h.him} out of the water.]
<ending>
"""
PLOTS["boaster"] = """
<once>
{h} was very proud of {h.his} [beautiful voice|long tail|strong legs|golden {clothes}|clever head].
? "[I am the best|Nobody is as good as I am|I am better than all of you]!" {h.he} said every day.

<oneday>, {o} said, "[Let us have a race|Let us see who is faster|Let us see who can climb that hill first]."
{h} laughed. "[You? You will never win|That will be easy|I could beat you in my sleep]!"
All the animals came to watch. The {bird} gave the sign, and they ran off.
{h} was soon far ahead. "There is plenty of time," {h.he} thought, and [lay down under {tree.a}|stopped to eat some {fruit.s}|sat down to admire {h.himself} in the lake].
But {o} did not stop. {o.he} went on, [step by step|slowly but surely|without a break].

When {h} [woke up|looked up again|stood up], {o} was already [at the top of the hill|at the goal|near the finish].
{h} ran as fast as {h.he} could, but it was too late. {o} had won.
? Everybody cheered.
"[Well done|I was wrong|You were better than I thought]," said {h} {moodsaid}.
[From that day on, {h} did not boast any more.|{h.he} had learned {h.his} lesson.]
The moral of the story is simple: <morallow>.
"""
PLOTS["storm"] = """
<once>
? <daily>
<oneday>, [dark clouds came up|the sky turned black|a great storm began]. The wind [howled|blew harder and harder|tore the leaves from the trees], and the rain [fell in sheets|beat against the windows|would not stop].
{h} [sat by the fire|closed all the windows|hid under the {furniture}] and listened to the wind.
Then there was a knock at the door. [Who could it be?|{h.he} listened.|{h.he} was afraid to open it.]
"[Please let me in|May I come in|Open the door]," said a voice. "[I am cold and wet|The river has taken my house|I have lost my way]."
{h} opened the door. It was {o.a}, wet to the bone.
"Come in and sit by the fire," said {h}. {h.he} gave {o.obj} [a dry blanket|a bowl of soup|{drink.a}|some {dish}].

They [talked|told stories|sang songs|played cards] all night, while the storm went on outside.
In the morning, [the sun was shining|everything was quiet|the sky was blue again].
["You can stay as long as you like," said {h}.|"I must go now," said {o}, "but I will come back."|{o} looked out of the window and smiled.]
? <thanks>
<ending>
"""
PLOTS["wish"] = """
<once>
{h} had only one wish: {goal}.
? "[You are too small|That is impossible|Nobody has ever done that]," said the others, and they laughed.

<oneday>, {h} met {e.a} [at the edge of the {walkplace}|by the well|on the road to {townname}].
"[I can see that you have a wish|You look like someone with a dream|Tell me your wish]," said the old {e.noun}. "[Tell me|I will listen|Do not be afraid]."
{h} told {e.him} everything.
"[You must find the {x=treasure}|Bring me the {x=treasure}|You must be patient]," {e.he} said, "[and then your wish will come true|and you will have what you want|for only those who try will find a way]."

So {h} [set out at once|packed {h.his} bag|said goodbye to {h.his} family and left].
<search>
? On the way, {h.he} met {o}, who [was {feeling}|had lost {o.his} way|wanted to come along]. {h} shared {h.his} {dish} with {o.obj}.
After [many weeks|a long journey|{number} days], {h.he} [reached the sea|came to a high tower|found what {h.he} was looking for].
[It was more beautiful than {h.he} had ever dreamed.|{h.he} could hardly believe {h.his} eyes.|{h.his} heart was beating fast.]
? "I did it!" {h.he} cried.

<ending>
"""
PLOTS["new friend"] = """
<once>
{h} was [lonely|often alone|new there]. {h.he} had nobody to [play with|talk to|laugh with].
? Every evening, {h.he} sat [by the window|on the wall|under the {tree}] and watched the others.

<oneday>, {o.a} [moved into the house next door|came along the road|sat down beside {h.him}|asked {h.him} the way].
"Hello," said {o}. "[What is your name?|Do you live here?|Would you like to play with me?|What are you doing?]"
"[My name is {h.name}|I'm {h.name}|They call me {h.name}]," said {h} {moodsaid}. "[And who are you?|What's yours?|Where do you come from?]"
"I'm {o.name}," said {o}. "[I have just come here|I don't know anybody here|I like your {smallthing}]."

They [played all afternoon|talked until it got dark|went to the {natureplace} together|built a little house of leaves].
? {o} [knew a lot of stories|could whistle like a {bird}|was not afraid of anything|laughed at everything].
When it was time to go home, {h} asked, "[Will you come again tomorrow?|Are we friends now?]"
"Of course," said {o}[ and smiled|, and they shook hands|].
<ending>
"""
PLOTS["sharing"] = """
<once>
? <daily>
{h} had a big [basket|box|bag|pot] of {x=fruit.s}. "[These are all mine|I will not give any of them away|I will eat them all by myself]," {h.he} said.
{o} came by. "[I am so hungry|I have not eaten all day|Those {x.s} smell wonderful]," said {o}. "[Could I have one|May I have a few|Would you share them with me]?"
"No," said {h}. "[Find your own|They are mine|Go away]!"
{o} went away, {badfeeling} and hungry.

That night, {h} [ate and ate until {h.his} stomach hurt|could not sleep|felt very ill|thought about {o}].
In the morning, {h.he} [took the {x.s} that were left|filled a little basket|went to {o.poss} house] and [knocked at {o.poss} door|said, "I am sorry"|looked for {o.obj} everywhere].
"[I was selfish|I am sorry about yesterday|Please forgive me]," {h.he} said. "[Take as many as you want|Let us eat them together|These are for you]."
{o} smiled. "[Thank you|Come in|Let us make a pie]," {o.he} said.
? And the {x.s} tasted much better than the day before.
<ending>
"""
PLOTS["afraid"] = """
<once>
{h} was afraid of [the dark|water|the big {wildanimal}|thunder|high places|the old mill]. [Everybody knew it.|{h.he} told nobody about it.|The others laughed at {h.him}.]
? "[There is nothing to be afraid of|You will get used to it|I was afraid too when I was young]," said {h.his} [mother|father|grandmother].

<oneday>, {h} and {o} went to the {natureplace}. [They were playing|They were looking for {fruit.s}|They were having a picnic] when suddenly {o} [fell|disappeared|slipped and cried out].
"Help me, {h.name}!" [cried|shouted|called] {o}.
{h} [looked around|stood still|waited], but [there was nobody else|they were alone|no one came].
<feelbody>. But {h.he} [took a deep breath|closed {h.his} eyes for a moment|thought of {h.his} friend] and [went on|jumped|climbed down|ran into the dark].
? Step by step, {h.he} came closer.
{h.he} [threw {o.obj} a rope|held out a long branch|pulled as hard as {h.he} could], and [soon they were both safe|a moment later it was over].

"[You were so brave!|That was very brave of you!|I thought that I was lost!]" said {o}.
"[I was afraid|I was very much afraid]," said {h}, "but [you are my friend|I had no time to think about it]."
<ending>
"""
PLOTS["king"] = """
[Once upon a time|Long ago|Many years ago|Once], there was a [king|queen|prince|princess|rich merchant] who [had everything, but was never happy|could not sleep|owned the largest {x=treasure} in the world|wanted to know the truth about everything].
? The [castle|palace] had {number} towers and {number} gardens.
"Whoever can [make me laugh|bring me something new|answer my question|tell me a story without an end]," said the ruler, "will get [half of my kingdom|a bag of gold|whatever he wants]."
Many people came. {job.a} [brought {treasure.a}|told a joke|danced]. {job.a} [played the {instrument}|sang a song|showed a trick]. But nothing helped.

<oneday>, {h.a} {named}came to the gate. "[What do you have there|What do you want|What can you do]?" asked the guard.
"[Only a loaf of bread|Nothing but a story|A {smallthing} and a good idea]," said {h}.
[The guards laughed, but they let {h.him} in.|"Then come in," said the guard and opened the gate.]
{h} [sat down|bowed|looked around] and said, "[The people outside are hungry|You have everything, but you have no friend|Come with me, and I will show you something]."
? Nobody had ever spoken like that in the palace.
The ruler [was silent for a long time|stood up|thought about it] and then [began to smile|laughed out loud|opened the doors of the palace].

[From that day on, the doors were open for everyone.|The people talked about it for many years.|{h} went home with a bag of gold and shared it with the whole village.]
? And the ruler slept well [at last|again].
The moral of the story is simple: <morallow>.
"""
PLOTS["door"] = """
<once>
? <daily>
<oneday>, {h} found [a small door behind the {furniture}|an old key in the {room}|a letter without a name|a map in an old book].
[{h.he} had never seen it before.|{h.he} wondered where it had come from.|{h.he} turned it over in {h.his} hands.]
["Where does it lead?" {h.he} whispered.|"I have to show this to {o}," {h.he} thought.|"What could it mean?" {h.he} asked {h.himself}.]
{h.he} ran to {o}. "[Look what I have found|You must come with me|I have found something]!" {h.he} said.
{o} [looked at it for a long time|scratched {o.his} head|was just as curious as {h}]. "[We should be careful|Let us go and see|I have heard stories about this]," {o.he} said.

Together they went [down a dark stair|through a long tunnel|to the old tower|into the {natureplace}]. [It was cold and quiet.|Their steps echoed.|The lantern gave only a little light.]
? "Did you hear that?" asked {o}. "It was only [the wind|a mouse|an owl]," said {h}.
At the end, there was [a room full of books|a garden full of {flower.s}|a wooden box|an old {job}, fast asleep].
{h} [took a step forward|held {h.his} breath|opened it slowly]. [Inside was {treasure.a}.|Something moved.|"I have been waiting for you," said a voice.]
? <exclaim>

[They promised to tell nobody about it.|They went back there every summer.|They took nothing with them but the memory.|They never found the way there again.]
<ending>
"""
PLOTS["snow"] = """
It was a [cold|dark|long|snowy|cold winter] {partofday}, and [the snow lay deep on the ground|the wind howled around the houses|the whole {kingdom} was white and silent|a thin moon stood above the trees].
{h.a} {named}was [walking home through the {walkplace}|sitting by the fire|looking out of the window|out looking for wood]. {h.he} {h:was} {feeling} and {feeling}.
? There was not much to eat that winter.
Suddenly, {h.he} [saw a light between the trees|heard a soft cry|noticed small tracks in the snow].
{h.he} followed [it|the sound|the path] and found {o.a}, who [was shaking with cold|had lost {o.his} way|could not walk any further].
"[You cannot stay here|Come with me|You will freeze]," said {h}. "[I have a warm place for you|There is room for two|My house is not far away]."
{o} was too tired to answer.

At home, {h} [made some hot soup|lit a fire|put {o.obj} to bed], and soon {o} [opened {o.his} eyes|felt better|could smile again].
"[Why did you help me?|But you don't even know me, do you?|Why are you so kind to me?]" asked {o}.
"[Because it is winter, and nobody should be alone|Somebody helped me once, too|Anyone would do the same]," said {h}.
They shared the last piece of {dish}. [It tasted better than any meal before.|Outside, the snow went on falling.]
<ending>
"""
PLOTS["plan"] = """
<once>
? <daily>
In winter, there was [little to eat|nothing left in the cupboard|a hungry {wildanimal} near the village]. "We need a plan," said {h}.
"[I know what to do|Let us ask the {storyanimal}|We could build a {building}]," said {o}.
"[Will that work|Is that a good idea|Are you sure]?" asked the {storyanimal}.
They [met under the big {tree}|sat around the table|talked all night], and at last they had [an idea|a plan].
{h} [brought a rope|fetched a {tool}|collected wood], {o} [dug a deep hole|carried the stones|kept watch], and the {storyanimal} [sang a song|slept|made {drink.a}].
? It was hard work, but nobody complained.
After {number} days, [it was done|everything was ready|the work was finished].

[That night, the {wildanimal} came again, but it could not get in.|When the first snow fell, everybody had enough to eat.|It was the most beautiful {building} in the whole {kingdom}.]
"[We did it|It worked|Together we are strong]!" [cried|shouted|said] {h}, and {o} [danced with joy|laughed|clapped].
<ending>
"""
PLOTS["birthday"] = """
It was {h.poss} birthday, and {h.he} {h:was} [so excited that {h.he} woke up before sunrise|a little {badfeeling}, because nobody had said a word|waiting for {h.his} friends].
? <weatherpast>
[{h.his} mother had baked a cake with {number} candles.|On the table lay a parcel with {colour.a} ribbon.|There was no cake and no parcel on the table.]
At breakfast, {h.his} father asked, "[Did you sleep well|What would you like to do today|Are you hungry]?" [But he said nothing about the birthday.|{h} did not know what to say.|"Very well," said {h}.]
{h} went to see {o}, but [nobody was at home|the door was locked|{o.he} had no time]. "[They have all forgotten|Nobody remembers my birthday]," {h.he} thought.

In the afternoon, {h} came home. The house was [dark|quiet|silent]. {h.he} opened the door, and then the lights went on. "Surprise!" [cried|shouted|called] everyone.
There were [{number} friends|all {h.his} friends|{o} and all the others], and on the table stood [a huge cake|{dish}, {dish} and {fruit.s}|a mountain of parcels].
"[We could never forget your birthday|Happy birthday, {h.name}|Make a wish]!" said {o}.
{o} gave {h.him} {treasure.a}. "[It is beautiful|I have always wanted one|Thank you]!" said {h}.
They [danced|played games|ate and sang] until late in the evening.
<ending>
"""
PLOTS["sea"] = """
[Captain {o.name}|{h}|Old {h.name}] had spent [half a life|{number} years|a whole summer] at sea. [The ship was old, but strong.|The crew was small: {smallnumber} sailors and a cat.|The ship was called the {bird}.]
? <weatherpast>
<oneday>, {h} saw [an island that was not on any map|a light on the water|a bottle in the waves|a strange ship without a flag].
"[Land|Look over there|All hands on deck]!" [shouted|cried|called] {h}. [Everybody ran to the side of the ship.|The captain came with a telescope.]
"[We should turn back|Let us go closer|I don't like this]," said {o}, but {h} [wanted to see it|had already made up {h.his} mind|did not listen].
They [rowed to the shore|came closer and closer|pulled it out of the water]. [The sand was warm and white.|There was not a sound.|Birds flew up from the trees.]

There they found [{treasure.a}|an old box|a letter|the tracks of {wildanimal.a}]. [It must have been there for many years.|Nobody knew what it meant.]
In the box was [a map|a bag of coins|nothing but sand|a story, written by hand].
? "[Is that all|What does it say|Who left it here]?" asked {o}.
{h} read [it aloud|it twice|every word] and then [looked at the sea|laughed|fell silent]. "[We are not the first|Somebody wants to be found|We have to sail north]," {h.he} said.
[The next morning, they set sail again.|They stayed until the tide turned.|That was the beginning of a much longer journey.]
? <ending>
"""
PLOTS["mystery"] = """
[Something strange was happening|There was a thief|Things were disappearing] in {t=townname}. First, the {job}'s {x=smallthing} [was gone|had disappeared|was missing]. Then it was the turn of the {job}: somebody had taken his {thingadj} {smallthing}.
[Nobody had seen anything.|Nobody talked about anything else.|The police did not know what to do.]
"[I will find out who did it|This is a case for us|There must be an explanation]," said {h} to {o}.
{o} [nodded|took out a notebook|was not so sure]. "[We must begin somewhere|We need to be quick|Let us look for tracks]," {o.he} said.

They [went to the {townplace}|talked to everyone in the street|looked at the window]. On the ground, {h} found [a black feather|a piece of {colour} cloth|some crumbs|a small footprint].
"[Look at this|Now I understand|Interesting]," said {h}. "[It was not a person at all|The thief came through the window|We have to wait until tonight]."
That night, they hid behind the {furniture} and waited. [The clock struck {number}.|It was so quiet that they could hear the clock.]
Suddenly, [something moved|the window opened|there was a soft noise]. {h} switched on the lamp. It was [a magpie|a raven|the {job}'s cat|a little monkey from the circus]!
? "[So it was you|Caught you]!" cried {o}.

[In the attic, they found everything again|In its nest lay all the missing things]: the {x}, {smallnumber} spoons and {treasure.a}.
[Everyone in {t} was relieved.|The newspaper wrote about {h} and {o}.|"Well done," said the {job}.]
? <proverb>
"""
PLOTS["bed"] = """
It was [late|time for bed|already dark|past {clock}], but {h} [could not sleep|was not tired|did not want to go to bed]. 
? {h.he} counted sheep. {h.he} counted {number} sheep, but it did not help.
"[Why are you still awake|Can't you sleep]?" asked {h.his} [grandmother|grandfather|mother|father].
"[There is a monster under my bed|I can hear a noise|I am not tired at all|I am thinking about tomorrow]," said {h}.
"[Shall we have a look?|Then I will tell you a story.|Shall I stay a little?]" 
[They looked under the bed together, but there was only an old {smallthing} and a sleeping cat.|So {h} heard the story of {storyanimal.a} who wanted {goal}.|They listened. It was only the rain on the roof.]
? "[There, there|You see|Well]," said the voice beside the bed. "[There is nothing to be afraid of|It is only the wind]."
[The lamp was turned down.|The moon looked in at the window.|The house grew quiet.] {h} [closed {h.his} eyes|yawned|pulled up the blanket], and soon {h.he} {h:was} [fast asleep|dreaming of {natureplace.s}|asleep].
"Good night," whispered the voice, and the door closed softly.
"""
PLOTS["garden"] = """
{h} had a [small|little|large|wild] garden [behind the {home}|on a hill|near the {natureplace}]. In spring, {h.he} planted {x=vegetable.s} and {flower.s}.
Every day, {h.he} [watered them|looked at them|pulled out the weeds]. [At first, nothing happened.|Soon, the first green leaves came up.|They grew and grew.]
? "[You must be patient|Good things take time]," said {o}.
But one morning, [half of the {x.s} were gone|there were holes everywhere|somebody had eaten the leaves]. "[Who has been in my garden|Who did this]?" cried {h}.
? {h} {h:was} {badfeeling}. {o} was {feeling}, too.
The next night, {h} [stayed awake|hid behind the {tree}|sat by the window with a lantern]. At midnight, [something rustled|a shadow crept through the fence|there was a soft noise]. It was [a family of {storyanimal.s}|{storyanimal.a} with {smallnumber} children].
"[We are so hungry|Please don't be angry|We did not know that it was your garden]," they said.
{h} [thought about it|looked at the little ones|was not angry any more]. "[There is enough for all of us|If you help me in the garden, you may eat with me|Next time, just ask]," {h.he} said.

[So they worked together all summer.|That autumn, the harvest was better than ever.] There were {number} baskets of {x.s}, and [everyone had enough|nobody went hungry|they cooked a great pot of soup].
<ending>
"""
PLOTS["space"] = """
In the year [two thousand and ninety|three thousand|when people had learned to travel to the stars], [a small ship|a robot|the ship {bird}] left the earth. On board were {h} and {o}.
? The journey to the [red|blue|third|silent] planet took {number} months.
"[Can you see it|How far is it|Are we there yet]?" asked {o}.
"[Only a few more hours|I can see it now|Look out of the window]," said {h}. [Outside, it was black and full of stars.|The planet was as round and bright as {fruit.a}.]
Then a red lamp [began to flash|went on]. "[Something is wrong with the engine|We are losing air|There is something out there]," said {h} {moodsaid}.
{o} [took a {tool}|ran to the computer|put on the suit] and [repaired the engine|went outside|turned the ship around]. [It took {number} hours.|Neither of them spoke.]
? <feelbody>.
At last, the lamp went out. "[That was close|Well done|I think we are safe]," said {h}.

They landed [softly|in the middle of a red desert|at sunrise]. [There was no wind and no sound.|In the distance, they saw a light.|Strange plants grew between the stones.]
"[We are the first people here|I wish my mother could see this|Let us go]," said {o}[, and they opened the door|].
? And then, slowly, [something waved back|the light came closer|they took the first step].
"""


def render(scene: Scene, plot: str, replace: dict[str, str] | None = None) -> str:
    """Render a plot: its lines become sentences, its blocks become paragraphs."""
    paragraphs: list[list[str]] = [[]]
    for line in plot.strip().splitlines():
        line = line.strip()
        if not line:
            paragraphs.append([])
            continue
        if line.startswith("?"):
            if scene.rng.random() < 0.5:
                continue
            line = line[1:].strip()
        for key, value in (replace or {}).items():
            line = line.replace(key, value)
        paragraphs[-1].append(scene.text(line))
    merge = scene.rng.random() < 0.3
    return (" " if merge else "\n\n").join(" ".join(p) for p in paragraphs if p)


def cast(rng: random.Random, animals: bool, named: bool | None) -> tuple[Entity, Entity, Entity]:
    """A hero, a friend and an elder."""
    elder = person(rng)
    elder = Entity(elder.kind, elder.noun, f"the old {elder.noun}", "old")
    if animals:
        hero, friend = animal(rng, named), animal(rng, named)
        while friend.noun == hero.noun or (friend.name and friend.name == hero.name):
            friend = animal(rng, named)
        friend.known = False
        return hero, friend, elder
    hero = person(rng, young=rng.random() < 0.7, job=rng.random() < 0.5)
    if rng.random() < 0.4:
        friend = animal(rng, named)
        friend.known = False
    else:
        friend = other_person(rng, hero, young=hero.noun in KIDS)
    return hero, friend, elder


KIDS = ("boy", "girl")
HUMAN_ONLY = ("birthday", "bed", "space", "mystery", "sea")
ANIMAL_ONLY = ("boaster",)


def story(rng: random.Random) -> str:
    """One story of a random plot."""
    name = rng.choice(list(PLOTS))
    animals = name in ANIMAL_ONLY or (name not in HUMAN_ONLY and rng.random() < 0.5)
    hero, friend, elder = cast(rng, animals, True if name == "new friend" else None)
    scene = Scene(rng, h=hero, o=friend, e=elder, s=hero)
    named = "" if not hero.name else rng.choice((f"named {hero.name} ", f"called {hero.name} "))
    act = "animaldo" if animals else "child+leisure" if hero.noun in KIDS else "home+leisure"
    for rule_name in ("once", "daily"):
        scene.local[rule_name] = [
            line.replace("{named}", named).replace("{act}", act) for line in RULES[rule_name]
        ]
    text = render(scene, PLOTS[name], {"{named}": named})
    return text


MAKERS = [(story, 30)]
