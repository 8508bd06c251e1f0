"""Writes a GuardDuty finding for every resource, action and service detail that botocore's model knows.

Each leaf has a value of its own, so that a test can look for all of them. Run it where boto3 is installed;
what it writes is checked in.
"""

import json
import pathlib

import botocore.session

MODEL = botocore.session.get_session().get_service_model("guardduty")
HERE = pathlib.Path(__file__).parent


def leaf(shape, path):
    name = path[-1]
    if getattr(shape, "enum", None):
        return shape.enum[0]
    if name.lower().endswith("arn"):
        return f"arn:aws:guardduty-test:us-east-1:111122223333:{'/'.join(path[-3:])}"
    if name == "ipAddressV4":
        return f"203.0.113.{sum(map(ord, '.'.join(path))) % 250 + 1}"
    if name.endswith(("At", "Time", "Seen")):
        return "2026-11-22T03:04:05.000Z"
    return f"{'.'.join(path[-2:])} value"


def fill(shape, path, above=()):
    if shape.type_name == "structure":
        if shape.name in above:
            return {}
        members = {}
        for member, inner in shape.members.items():
            key = inner.serialization.get("name", member)
            members[key] = fill(inner, [*path, key], (*above, shape.name))
        return members
    if shape.type_name == "list":
        one = fill(shape.member, path, above)
        if shape.member.type_name == "string" and not getattr(shape.member, "enum", None):
            return [one, f"{one} 2"]
        return [one]
    if shape.type_name == "map":
        return {f"{path[-1]} key": fill(shape.value, [*path, "entry"], above)}
    if shape.type_name in ("integer", "long"):
        return sum(map(ord, ".".join(path))) % 60000
    if shape.type_name in ("float", "double"):
        return sum(map(ord, ".".join(path))) % 900 / 10
    if shape.type_name == "boolean":
        return len(path) % 2 == 0
    if shape.type_name == "timestamp":
        return 1795316645
    return leaf(shape, path)


def finding(name, kind, resource=None, service=None):
    return {
        "schemaVersion": "2.0",
        "accountId": "111122223333",
        "region": "us-east-1",
        "partition": "aws",
        "id": name,
        "arn": f"arn:aws:guardduty:us-east-1:111122223333:detector/d/finding/{name}",
        "type": kind,
        "title": f"Title of {name}",
        "description": f"Description of {name}.",
        "severity": 5,
        "createdAt": "2026-11-22T03:00:00.000Z",
        "updatedAt": "2026-11-22T03:30:00.000Z",
        "resource": resource or {"resourceType": "Instance"},
        "service": {
            "serviceName": "guardduty",
            "detectorId": "d",
            "archived": False,
            "count": 7,
            "eventFirstSeen": "2026-11-22T02:00:00.000Z",
            "eventLastSeen": "2026-11-22T03:25:00.000Z",
            "resourceRole": "TARGET",
            **(service or {}),
        },
    }


def write(name, document):
    (HERE / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def members(shape):
    for member, inner in MODEL.shape_for(shape).members.items():
        yield inner.serialization.get("name", member), inner


for key, shape in members("Resource"):
    if shape.type_name != "string":
        kind = key.removesuffix("Details")
        resource = {"resourceType": kind[0].upper() + kind[1:], key: fill(shape, [key])}
        write(f"resource-{key}", finding(f"resource-{key}", "UnauthorizedAccess:EC2/Test", resource))

for key, shape in members("Action"):
    if shape.type_name != "string":
        action = {"actionType": "TEST_" + key.upper(), key: fill(shape, [key])}
        write(f"action-{key}", finding(f"action-{key}", "Discovery:S3/Test", None, {"action": action}))

PLAIN = {"action", "archived", "count", "detectorId", "eventFirstSeen", "eventLastSeen", "resourceRole", "serviceName"}
for key, shape in members("Service"):
    if key in PLAIN:
        continue
    document = finding(f"service-{key}", "Execution:Runtime/Test", None, {key: fill(shape, [key])})
    if key == "detection":
        anomaly = {"detection": {"anomaly": document["service"]["detection"].pop("anomaly")}}
        write("service-anomaly", finding("service-anomaly", "Discovery:IAMUser/AnomalousBehavior", None, anomaly))
        document["type"] = "AttackSequence:EKS/CompromisedCluster"
    write(f"service-{key}", document)

# Newer than botocore's model: written from the Rust SDK's types.
write(
    "resource-bedrockGuardrailDetails",
    finding(
        "resource-bedrockGuardrailDetails",
        "Impact:Bedrock/Test",
        {
            "resourceType": "BedrockGuardrail",
            "bedrockGuardrailDetails": {
                "guardrailArn": "arn:aws:bedrock:us-east-1:111122223333:guardrail/g1",
                "guardrailVersion": "DRAFT",
                "guardrails": [{"arn": "arn:aws:bedrock:us-east-1:111122223333:guardrail/g2", "version": "7"}],
                "guardrailAction": "GUARDRAIL_INTERVENED",
                "guardrailSource": "INPUT",
                "contentPolicyFilters": [
                    {"type": "PROMPT_ATTACK", "confidence": "HIGH", "action": "BLOCKED"},
                    {"type": "VIOLENCE", "confidence": "LOW", "action": "NONE"},
                ],
            },
            "modelDetails": [{"modelId": "amazon.nova-pro-v1:0"}, {"modelId": "amazon.titan-text-v1"}],
        },
    ),
)

# Newer than anybody's model.
write(
    "unknown",
    finding(
        "unknown",
        "Quantum:TimeMachine/ParadoxLoop.C!Echo",
        {
            "resourceType": "TimeMachine",
            "timeMachineDetails": {
                "machineName": "delorean",
                "fluxCapacitor": {"gigawatts": 1.21, "parts": [{"serial": "fc-1"}, {"serial": "fc-2"}]},
            },
        },
        {
            "action": {"actionType": "TIME_TRAVEL", "timeTravelAction": {"to": "1955", "passengers": ["marty", "doc"]}},
            "paradoxDetails": {"severityOfParadox": "grandfather"},
            "eventHorizon": "crossed",
        },
    ),
)
