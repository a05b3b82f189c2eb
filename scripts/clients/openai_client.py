"""Calls a running server with the Python clients of OpenAI's API.

    pip install openai litellm
    python scripts/clients/openai_client.py --url http://127.0.0.1:8080 --key KEY

Prints what it checks; ends with 1 if something is wrong. --chat-model must have a chat template.
"""

import argparse
import json
import math
import os
import sys

import openai

# litellm would fetch its prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm  # noqa: E402

failures = 0


def check(what, holds, shown=""):
    global failures
    failures += not holds
    print(f"{'ok    ' if holds else 'FAILED'} {what}{f': {shown}' if shown != '' else ''}")


def refused(what, expected, call):
    try:
        call()
        check(what, False, "was not refused")
    except expected as error:
        check(what, True, f"{type(error).__name__}: {str(error)[:90]}")


def check_completions(client, model):
    prompt = "Once upon a time"
    plain = client.completions.create(model=model, prompt=prompt, max_tokens=12, temperature=0)
    check("completion", len(plain.choices[0].text) > 0, plain.choices[0].text)
    check("usage", plain.usage.completion_tokens == 12 or plain.choices[0].finish_reason == "stop", plain.usage.completion_tokens)

    stream = client.completions.create(
        model=model, prompt=prompt, max_tokens=12, temperature=0, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(choice.text for chunk in chunks for choice in chunk.choices)
    check(f"streamed in {len(chunks)} chunks", text == plain.choices[0].text and chunks[-1].usage is not None)

    several = client.completions.create(model=model, prompt=[prompt, "The cat"], n=3, max_tokens=8, seed=7)
    check("2 prompts x n=3", [choice.index for choice in several.choices] == list(range(6)))

    best = client.completions.create(model=model, prompt=prompt, n=1, best_of=4, max_tokens=8, seed=7)
    check("best_of=4", len(best.choices) == 1, best.usage.completion_tokens)

    scored = client.completions.create(model=model, prompt=prompt, max_tokens=0, echo=True, logprobs=2)
    logprobs = scored.choices[0].logprobs
    check("echo with logprobs", "".join(logprobs.tokens) == prompt, logprobs.token_logprobs)
    check("the first token has none", logprobs.token_logprobs[0] is None and all(p < 0 for p in logprobs.token_logprobs[1:]))

    stopped = client.completions.create(model=model, prompt=prompt, max_tokens=60, temperature=0, stop=["."])
    check("stop", "." not in stopped.choices[0].text and stopped.choices[0].finish_reason == "stop", stopped.choices[0].text)


def check_chat(client, model):
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    plain = client.chat.completions.create(model=model, messages=messages, temperature=0, max_tokens=40)
    check("chat", "Paris" in plain.choices[0].message.content, plain.choices[0].message.content)

    chunks = list(client.chat.completions.create(model=model, messages=messages, temperature=0, max_tokens=40, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    check(f"chat streamed in {len(chunks)} chunks", text == plain.choices[0].message.content)

    told = client.chat.completions.create(
        model=model, messages=messages, temperature=0, max_tokens=5, logprobs=True, top_logprobs=3
    )
    first = told.choices[0].logprobs.content[0]
    check("chat logprobs", len(first.top_logprobs) == 3 and first.logprob <= 0, [top.token for top in first.top_logprobs])

    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "size": {"enum": ["small", "large"]}},
        "required": ["city", "size"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": schema}}
    made = client.chat.completions.create(model=model, messages=messages, max_tokens=100, seed=3, response_format=wanted)
    value = json.loads(made.choices[0].message.content)
    check("json_schema", set(value) == {"city", "size"} and value["size"] in ("small", "large"), value)


def check_responses(client, model):
    plain = client.responses.create(model=model, input="What is the capital of Spain?", temperature=0, max_output_tokens=40)
    check("responses", "Madrid" in plain.output_text, plain.output_text)
    events = list(
        client.responses.create(model=model, input="What is the capital of Spain?", temperature=0, max_output_tokens=40, stream=True)
    )
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    check(f"responses streamed in {len(events)} events", text == plain.output_text and events[-1].type == "response.completed")


def check_embeddings(client, model):
    texts = ["A cat sat on the mat.", "The dog ran."]
    packed = client.embeddings.create(model=model, input=texts)
    floats = client.embeddings.create(model=model, input=texts, encoding_format="float")
    same = all(
        math.isclose(a, b, abs_tol=1e-6)
        for one, other in zip(packed.data, floats.data)
        for a, b in zip(one.embedding, other.embedding)
    )
    check(f"embeddings of {len(floats.data[0].embedding)}", same and len(packed.data) == 2)
    short = client.embeddings.create(model=model, input=texts[0], dimensions=16).data[0].embedding
    check("16 dimensions of length 1", len(short) == 16 and math.isclose(sum(x * x for x in short), 1, rel_tol=1e-4))


def check_errors(client, model):
    refused("unknown model", openai.NotFoundError, lambda: client.completions.create(model="no-such", prompt="a"))
    refused("wrong field", openai.BadRequestError, lambda: client.completions.create(model=model, prompt="a", temperature=3))
    refused("too long", openai.BadRequestError, lambda: client.completions.create(model=model, prompt="a " * 5000))
    refused(
        "unknown field",
        openai.BadRequestError,
        lambda: client.completions.create(model=model, prompt="a", extra_body={"temprature": 1}),
    )


def check_litellm(url, key, model, chat_model):
    common = {"api_base": f"{url}/v1", "api_key": key, "temperature": 0}
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    answer = litellm.completion(model=f"openai/{chat_model}", messages=messages, max_tokens=40, **common)
    check("litellm chat", "Paris" in answer.choices[0].message.content, answer.choices[0].message.content)
    parts = litellm.completion(model=f"openai/{chat_model}", messages=messages, max_tokens=40, stream=True, **common)
    text = "".join(part.choices[0].delta.content or "" for part in parts)
    check("litellm stream", text == answer.choices[0].message.content)
    done = litellm.text_completion(model=f"text-completion-openai/{model}", prompt="Once upon a time", max_tokens=8, **common)
    check("litellm text_completion", len(done.choices[0].text) > 0, done.choices[0].text)
    vectors = litellm.embedding(model=f"openai/{model}", input=["A cat."], api_base=f"{url}/v1", api_key=key, encoding_format="float")
    check("litellm embedding", len(vectors.data) == 1, len(vectors.data[0]["embedding"]))
    refused(
        "litellm error",
        litellm.NotFoundError,
        lambda: litellm.completion(model="openai/no-such", messages=messages, **common),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key", default="none")
    parser.add_argument("--model", default="glossa-tales-q8_0")
    parser.add_argument("--chat-model", default="glossa-sprout-alpaca-q8_0")
    args = parser.parse_args()
    client = openai.OpenAI(base_url=f"{args.url}/v1", api_key=args.key, max_retries=0)
    check("models", args.model in [model.id for model in client.models.list()])
    check_completions(client, args.model)
    check_chat(client, args.chat_model)
    check_responses(client, args.chat_model)
    check_embeddings(client, args.model)
    check_errors(client, args.model)
    check_litellm(args.url, args.key, args.model, args.chat_model)
    print(f"openai {openai.__version__}: {failures} failed")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
