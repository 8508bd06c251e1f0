"""Makes, on moto, what divides traffic by weights, and reads the weights back.

usage: weights.py ENDPOINT alias-make|alias-read
"""

import io
import json
import sys
import zipfile

import boto3


def archive(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as code:
        code.writestr("app.py", text)
    return file.getvalue()


def alias_make(session: boto3.session.Session, endpoint: str) -> None:
    iam = session.client("iam", endpoint_url=endpoint)
    role = iam.create_role(RoleName="receipts", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = session.client("lambda", endpoint_url=endpoint)
    functions.create_function(
        FunctionName="receipts", Runtime="python3.13", Role=role, Handler="app.handler", Code={"ZipFile": archive("1")}
    )
    first = functions.publish_version(FunctionName="receipts")["Version"]
    functions.update_function_code(FunctionName="receipts", ZipFile=archive("2"))
    second = functions.publish_version(FunctionName="receipts")["Version"]
    functions.create_alias(
        FunctionName="receipts",
        Name="live",
        FunctionVersion=first,
        RoutingConfig={"AdditionalVersionWeights": {second: 0.2}},
    )


def alias_read(session: boto3.session.Session, endpoint: str) -> None:
    functions = session.client("lambda", endpoint_url=endpoint)
    alias = functions.get_alias(FunctionName="receipts", Name="live")
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    print(json.dumps({"version": alias["FunctionVersion"], "weights": weights}))


def main() -> None:
    session = boto3.session.Session("AKIAEXAMPLE", "secret", region_name="eu-west-2")
    {"alias-make": alias_make, "alias-read": alias_read}[sys.argv[2]](session, sys.argv[1])


main()
