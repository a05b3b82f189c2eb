"""Renders the conversations of test/chat/goldens with transformers' own Jinja, for test/chat/goldens.test.ts.

    python scripts/goldens/chat/make_chat.py

needs transformers and jinja2; writes test/chat/goldens/renderings.json.
"""

import json
from pathlib import Path

import transformers
from transformers.utils.chat_template_utils import render_jinja_template

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "test" / "chat"
VARIANTS = {
    "plain": {},
    "tools": {"tools": True},
    "thinking": {"enable_thinking": False},
    "closed": {"add_generation_prompt": False},
}


def templates():
    for path in sorted((FOLDER / "templates").glob("*.jinja")):
        yield path.stem, path.read_text(encoding="utf-8")
    shipped = ROOT / "models" / "glossa-sprout-alpaca" / "chat_template.jinja"
    yield "alpaca", shipped.read_text(encoding="utf-8")


def with_text_arguments(messages):
    """DeepSeek's templates join the arguments of a call to other text."""
    copies = json.loads(json.dumps(messages))
    for message in copies:
        for call in message.get("tool_calls", []):
            call["function"]["arguments"] = json.dumps(call["function"]["arguments"], ensure_ascii=False)
    return copies


def render(template, messages, variant):
    arguments = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True, **variant}
    tools = arguments.pop("tools", None)
    generate = arguments.pop("add_generation_prompt")
    try:
        rendered, _ = render_jinja_template(
            conversations=[messages],
            chat_template=template,
            tools=tools,
            add_generation_prompt=generate,
            **arguments,
        )
        return {"text": rendered[0]}
    except Exception as error:  # what the template raises is part of its behaviour
        return {"error": type(error).__name__, "message": str(error)}


def main():
    data = json.loads((FOLDER / "goldens" / "conversations.json").read_text(encoding="utf-8"))
    cases = []
    for name, template in templates():
        for conversation, messages in data["conversations"].items():
            given = with_text_arguments(messages) if name == "deepseek" else messages
            for label, variant in VARIANTS.items():
                tools = {"tools": data["tools"]} if variant.get("tools") else {}
                result = render(template, given, {**variant, **tools})
                cases.append({"template": name, "conversation": conversation, "variant": label, **result})
    output = {"transformers": transformers.__version__, "cases": cases}
    text = json.dumps(output, ensure_ascii=False, indent=1) + "\n"
    (FOLDER / "goldens" / "renderings.json").write_text(text, encoding="utf-8")
    print(len(cases), "renderings,", sum("error" in case for case in cases), "refused")


main()
