"""What the fixtures' tokenizers are trained on, and the strings whose ids are stored."""

TRAINING = """\
The quick brown fox jumps over the lazy dog. She said that the river was cold, and they did not want to swim in it.
Once upon a time there was a little house by the sea. What is the capital of France? The capital of France is Paris.
It's what we'd call a story; you'll like it, I'm sure, and they've read it already. Nobody's perfect!
Add two and three: 2 + 3 = 5. In 1999 there were 365 days, 12 months and 1,234,567 people. 10 20 30 40 50 60 70.
Der Fluss ist breit, und die Straße führt über eine Brücke. Können wir später darüber sprechen? Natürlich.
Où est la bibliothèque ? L'été dernier, nous étions à la plage. Le garçon mange une pomme près de l'école.
El niño corre por la montaña. ¿Dónde está la estación? Mañana será otro día.
Привет, как дела? Сегодня хорошая погода, и мы идём гулять в парк. Это было давно.
Καλημέρα, τι κάνεις; Το σπίτι είναι κοντά στη θάλασσα.
你好,世界。今天天气很好,我们去公园散步。法国的首都是巴黎。请把下面的句子翻译成英文。
こんにちは世界。今日は天気がいいですね。東京は日本の首都です。
안녕하세요 세계. 오늘은 날씨가 좋습니다.
مرحبا بالعالم. كيف حالك اليوم؟
नमस्ते दुनिया। आज मौसम अच्छा है।
def add(a, b):
    return a + b

for (let i = 0; i < 10; i += 1) {
    console.log(`${i}: ${values[i]}`);
}
#include <stdio.h>
int main(void) { printf("hello, world\\n"); return 0; }
### Instruction:
Tell a story about a cat.

### Response:
The cat sat on the mat. The cat sat on the mat. 🙂 🐈 😀
"""

#: Strings that pull tokenizers apart: scripts, spaces, digits, emoji, code, controls.
AWKWARD = [
    "",
    " ",
    "  ",
    "    ",
    "\n",
    "\n\n\n",
    "\t",
    "\r\n",
    " \n \n",
    "\n hello\n\n  world \n",
    "Hello, world!",
    " Hello, world!",
    "Hello  world   with    runs",
    "trailing space ",
    "I'm sure they've said you'll see it's what we'd do. IT'S HERE",
    "don’t ‘quote’ “this” – or — that…",
    "3.14159 1234567890 1,234,567 2+2=4 0x1F",
    "٣٤٥ १२३ Ⅷ ½ x² ①",
    "Straße, Brücke, naïve café, À bientôt!",
    "cafe\u0301 e\u0301 A\u030a \u1100\u1161\u11a8",
    "Привет, мир! Ёлка",
    "Καλημέρα κόσμε",
    "你好,世界。今天天气很好!",
    "こんにちは世界 東京タワー",
    "안녕하세요 세계",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "ไม่มีช่องว่าง",
    "שלום עולם",
    "🙂 🐈 👩‍👩‍👧‍👦 🏳️‍🌈 🇫🇷 👍🏽",
    "a\u00a0b\u2003c\u3000d\u200be",
    "zero\u200dwidth\ufeffmark",
    "def f(x):\n    return {'a': [1, 2], \"b\": x ** 2}\n\n\n# end\n",
    '<div class="a">&nbsp;</div><!-- c -->',
    "https://example.com/path?q=1&r=%20#frag",
    "C:\\Users\\me\\file.txt",
    "!!!??...,,,;;;:::---___===+++***///",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "ÿþ\u0080\u0085\u2028\u2029 end",
    "\x01\x02\x7f",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 𠜎",
    "▁under▁score ▁",
    "### Instruction:\nTell a story about a cat.\n\n### Response:\n",
    "CamelCaseWord snake_case_word kebab-case-word ALLCAPS",
    "ſ ß ẞ İ ı ﬁ Ω Å",
    "<s>not </s> special<unk>",
    "a<|endoftext|>b <|im_start|>user\nhi<|im_end|>\n",
    "<|begin_of_text|> <|eot_id|>x<tool> y<tool>z",
    "[PAD]a [PAD] b<pad>",
    "<bos><start_of_turn>user\nhi<end_of_turn>\n<mask> <table>",
    "<|user|>\nhi<|end|>\n<|assistant|>",
]
