/** What both files are made to read: a page of prose in many languages, some figures, some code. Written for this. */
export const VERIFICATION_TEXT = `The ferry left the harbour a little after six, when the lamps along the quay were still burning. Nora had the
upper deck to herself. She had brought a flask of tea, a paper bag with two rolls, and the letter, which she did not intend to read again. "You
could have taken the bridge," the mate said, coiling a rope beside her. "It is free, and it takes ten minutes." She laughed and said that she
had taken the bridge every day for eleven years, and that she wanted to see the town from the side where the boats see it.

By the time the sun was up they had passed the lighthouse. The wind turned, gulls hung in the air beside the funnel, and somewhere below a
child was asking why the water was green near the ship and grey farther out. Because it is deep there, somebody answered, which was true, and
which explained nothing. On the other shore the road goes through a wood of birches for three miles before the first house comes in sight; it
has a blue door, number 27, and a dog that barks at postmen only.

Der Zug nach Norden fährt um 7.45 Uhr von Gleis 3. Wer ihn verpasst, wartet fast zwei Stunden, denn der nächste hält nicht in jedem Dorf.
Le marché ouvre à l'aube : on y trouve des pommes, du fromage de chèvre et, l'été, des abricots à 2,50 € le kilo.
La abuela decía que el río nunca pasa dos veces por el mismo puente; ¿y quién iba a discutírselo?
Снег шёл всю ночь, и к утру дорога исчезла. Почтальон всё-таки пришёл, но только к обеду.
春天来了，河边的柳树都绿了。孩子们放学以后在那里放风筝，一直玩到天黑。
駅前の小さな本屋は、雨の日だけ遅くまで開いている。店主は猫が好きで、猫も店主が好きらしい。
خرج الصياد قبل الفجر وعاد ومعه سمكتان وحكاية طويلة.
बारिश रुकते ही बच्चे छत पर दौड़ गए और इंद्रधनुष गिनने लगे।

def mean(values: list[float]) -> float:
    """Arithmetic mean; 0.0 for an empty list."""
    return sum(values) / len(values) if values else 0.0

On 14 March 2019 the gauge read 1,013.25 hPa; by 18:30 it had fallen to 987.6, a drop of about 2.5 %.
`;
