"""Drives a running Glossa with the published `booste` package (PyPI, 0.1.6 to 0.3.1), unmodified.

    python scripts/clients/booste_client.py --url http://127.0.0.1:8080 [--api-key KEY]

Prints a line for each call and exits with 1 if an answer is not what the client's users were promised.
"""

import argparse
import importlib.metadata
import os
import sys
import time

PROMPT = "The little dog"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--api-key", default="any")
    return parser.parse_args()


def import_booste(url):
    """The package reads its server's address when it is imported; its oldest versions know only their own."""
    base = url.rstrip("/") + "/"
    os.environ["BoosteURL"] = base
    os.environ["BOOSTE_URL"] = base
    import booste
    from booste import package

    if hasattr(package, "endpoint"):
        package.endpoint = base
    return booste


def check(name, condition, shown):
    print(f"{'ok  ' if condition else 'FAIL'} {name}: {shown}", flush=True)
    return condition


def check_words(name, words, length):
    fits = isinstance(words, list) and len(words) == length and all(" " not in word for word in words)
    return check(name, fits, repr(words))


def wait_for(check_once, done, seconds=60):
    """Asks until `done(answer)`, as a user of the asynchronous functions does."""
    end = time.monotonic() + seconds
    answer = check_once()
    while not done(answer) and time.monotonic() < end:
        time.sleep(0.2)
        answer = check_once()
    return answer


def check_synchronous(booste, key):
    results = [
        check_words("gpt2(key, text)", booste.gpt2(key, PROMPT), 5),
        check_words("gpt2(key, text, 8)", booste.gpt2(key, PROMPT, 8, temperature=0.5, window_max=50), 8),
    ]
    if hasattr(booste, "gpt2_xl"):
        results.append(check_words("gpt2_xl(key, text, 3)", booste.gpt2_xl(key, PROMPT, 3), 3))
    return results


def check_asynchronous(booste, key):
    task_id = booste.gpt2_async_start(key, PROMPT, 6)
    answer = wait_for(
        lambda: booste.gpt2_async_check(key, task_id), lambda answer: answer["Status"] in ("Finished", "Failed")
    )
    return [
        check("gpt2_async_start", isinstance(task_id, str) and len(task_id) == 36, task_id),
        check("gpt2_async_check Status", answer["Status"] == "Finished", answer["Status"]),
        check_words("gpt2_async_check Output", answer["Output"], 6),
    ]


def check_generic(booste, key):
    parameters = {"string": PROMPT, "length": 4, "temperature": 0.8, "windowMax": 100}
    words = booste.run(key, "gpt2", parameters)
    task_id = booste.start(key, "gpt2", parameters)
    status = wait_for(lambda: booste.check(key, task_id), is_over)
    return [
        check_words('run(key, "gpt2", ...)', words, 4),
        check('start(key, "gpt2", ...)', isinstance(task_id, str), task_id),
        check("check(key, task_id)", is_over(status), status),
    ]


def is_over(answer):
    """0.2.x has {status}, 0.3.x {data: {taskStatus}}."""
    return answer.get("status") == "finished" or answer.get("data", {}).get("taskStatus") == "Done"


def main():
    arguments = parse_arguments()
    booste = import_booste(arguments.url)
    print(f"booste {importlib.metadata.version('booste')} against {arguments.url}")
    results = check_synchronous(booste, arguments.api_key)
    if hasattr(booste, "gpt2_async_start"):
        results += check_asynchronous(booste, arguments.api_key)
    if hasattr(booste, "run"):
        results += check_generic(booste, arguments.api_key)
    print(f"{sum(results)} of {len(results)} as promised")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
