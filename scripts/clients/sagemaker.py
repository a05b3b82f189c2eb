"""Calls a running server with the Python clients of the sagemaker API, as its document does.

    pip install boto3 requests aws-requests-auth awscli
    python scripts/clients/sagemaker.py --url http://127.0.0.1:8080 --key KEY_ID --secret SECRET

Without --key the server must have no credentials configured. Prints what it checks; ends with 1 if something is wrong.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit

import boto3
import requests
from aws_requests_auth.aws_auth import AWSRequestsAuth
from aws_requests_auth.boto_utils import BotoAWSRequestsAuth
from botocore.exceptions import ClientError

REGION = "us-east-1"
failures = 0


def check(what, holds, shown=""):
    global failures
    failures += not holds
    print(f"{'ok    ' if holds else 'FAILED'} {what}{f': {shown}' if shown else ''}")


def check_texts(what, texts, prompt, count=3):
    good = isinstance(texts, list) and len(texts) == count
    good = good and all(isinstance(text, str) and text.startswith(prompt) for text in texts)
    check(what, good, json.dumps(texts)[:110])


def boto_client(url):
    return boto3.client("sagemaker-runtime", endpoint_url=url, region_name=REGION)


def check_boto3(url, name):
    client = boto_client(url)
    payload = json.dumps({"input": "This is the input of the algorithm"})
    response = client.invoke_endpoint(EndpointName=name, ContentType="application/json", Body=payload)
    check_texts("boto3 invoke_endpoint", json.loads(response["Body"].read()), "This is the input of the algorithm")

    response = client.invoke_endpoint(EndpointName=name, Body=payload, CustomAttributes="trace 7", TargetVariant="blue")
    check("boto3 headers come back", (response["CustomAttributes"], response["InvokedProductionVariant"]) == ("trace 7", "blue"))

    stream = client.invoke_endpoint_with_response_stream(EndpointName=name, Body=payload)
    parts = [event["PayloadPart"]["Bytes"] for event in stream["Body"]]
    check_texts(f"boto3 response stream in {len(parts)} parts", json.loads(b"".join(parts)), "This is the input of the algorithm")

    try:
        client.invoke_endpoint(EndpointName="no-such", Body=payload)
        check("boto3 unknown endpoint", False)
    except ClientError as error:
        check("boto3 unknown endpoint", error.response["Error"]["Code"] == "ValidationError", str(error))


def check_environment(url, name):
    os.environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = url
    client = boto3.client("sagemaker-runtime", region_name=REGION)
    del os.environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"]
    body = json.loads(client.invoke_endpoint(EndpointName=name, Body='{"input": "A", "mode": "greedy"}')["Body"].read())
    check_texts("boto3 by AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", body, "A")


def check_requests(url, name):
    auth = BotoAWSRequestsAuth(aws_host=urlsplit(url).netloc, aws_region=REGION, aws_service="sagemaker")
    data = {"input": "Now we are using Python requests"}
    response = requests.post(f"{url}/endpoints/{name}/invocations", json=data, auth=auth, timeout=60)
    check_texts("requests with aws-requests-auth", response.json(), "Now we are using Python requests")


def check_wrong_secret(url, name, key):
    auth = AWSRequestsAuth(
        aws_access_key=key,
        aws_secret_access_key="wrong",
        aws_host=urlsplit(url).netloc,
        aws_region=REGION,
        aws_service="sagemaker",
    )
    response = requests.post(f"{url}/endpoints/{name}/invocations", json={"input": "A"}, auth=auth, timeout=60)
    kind = response.headers.get("x-amzn-errortype")
    check("a wrong secret", (response.status_code, kind) == (403, "InvalidSignatureException"), response.text)


def check_command(what, command, output, prompt):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        check(what, False, done.stderr.strip())
        return
    with open(output, encoding="utf-8") as file:
        check_texts(what, json.load(file), prompt)


def check_cli(url, name, folder):
    if shutil.which("aws") is None:
        print("skipped AWS CLI: there is no aws")
        return
    output = os.path.join(folder, "output.json")
    command = ["aws", "sagemaker-runtime", "invoke-endpoint", "--endpoint-url", url, "--region", REGION]
    command += ["--endpoint-name", name, "--content-type", "application/json"]
    command += ["--body", '{"input": "Now we use the AWS CLI"}', output]
    version = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=False).stdout
    if version.startswith("aws-cli/2"):
        command += ["--cli-binary-format", "raw-in-base64-out"]
    check_command("AWS CLI", command, output, "Now we use the AWS CLI")


def check_curl(url, name, folder, credentials):
    output = os.path.join(folder, "curl.json")
    command = ["curl", "-sS", "-o", output, "-X", "POST", f"{url}/endpoints/{name}/invocations"]
    command += ["-H", "Content-Type: application/json", "--data", '{"input": "Querying the model using curl."}']
    if credentials:
        command += ["--aws-sigv4", f"aws:amz:{REGION}:sagemaker", "--user", ":".join(credentials)]
    check_command("curl", command, output, "Querying the model using curl.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--endpoint", default="gpt-2")
    parser.add_argument("--key", help="access key id; default: the server wants no signature")
    parser.add_argument("--secret", help="secret access key")
    options = parser.parse_args()
    # Clients sign whether the server looks or not, and refuse to start without something to sign with.
    os.environ["AWS_ACCESS_KEY_ID"] = options.key or "AKIDUNCHECKED0000"
    os.environ["AWS_SECRET_ACCESS_KEY"] = options.secret or "unchecked"
    os.environ.pop("AWS_SESSION_TOKEN", None)

    check_boto3(options.url, options.endpoint)
    check_environment(options.url, options.endpoint)
    check_requests(options.url, options.endpoint)
    if options.key:
        check_wrong_secret(options.url, options.endpoint, options.key)
    with tempfile.TemporaryDirectory() as folder:
        check_cli(options.url, options.endpoint, folder)
        check_curl(options.url, options.endpoint, folder, options.key and (options.key, options.secret))
    sys.exit(1 if failures else 0)


main()
