"""GuardDuty's findings: criteria, order and pages of the simulator, against the same done here on all findings.

A part of check.py: `run` is called with clients and the simulator's time.
"""

import datetime

import boto3
from __main__ import expect, flat, pages, say
from botocore.exceptions import ClientError

KEY = "AKIAEXAMPLEREPORTS00"
ADDRESS = "203.0.113.77"


def time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def dig(finding: dict, *path: str):
    for step in path:
        finding = (finding or {}).get(step)
    return finding


def address(finding: dict):
    return dig(finding, "Service", "Action", "AwsApiCallAction", "RemoteIpDetails", "IpAddressV4")


def conditions(since: datetime.datetime) -> list[tuple[dict, object]]:
    """Criteria as the API takes them, and the same as a test of a finding."""
    return [
        ({"service.archived": {"Equals": ["false"]}}, lambda it: not it["Service"]["Archived"]),
        ({"severity": {"GreaterThanOrEqual": 7}}, lambda it: it["Severity"] >= 7),
        (
            {"type": {"NotEquals": ["Recon:EC2/PortProbeUnprotectedPort", "Exfiltration:S3/AnomalousBehavior"]}},
            lambda it: it["Type"] not in {"Recon:EC2/PortProbeUnprotectedPort", "Exfiltration:S3/AnomalousBehavior"},
        ),
        (
            {"resource.accessKeyDetails.accessKeyId": {"Equals": [KEY]}, "severity": {"LessThan": 8}},
            lambda it: dig(it, "Resource", "AccessKeyDetails", "AccessKeyId") == KEY and it["Severity"] < 8,
        ),
        (
            {"updatedAt": {"GreaterThanOrEqual": int(since.timestamp() * 1000)}},
            lambda it: time(it["UpdatedAt"]) >= since,
        ),
        (
            {"service.action.awsApiCallAction.remoteIpDetails.ipAddressV4": {"Equals": [ADDRESS]}},
            lambda it: address(it) == ADDRESS,
        ),
        ({"resource.s3BucketDetails.name": {"Eq": ["shop-orders-export"]}}, lambda it: "S3BucketDetails" in it["Resource"]),
        ({"severity": {"Gt": 4, "Lte": 8}}, lambda it: 4 < it["Severity"] <= 8),
    ]


def refused(client, operation: str, **arguments) -> bool:
    try:
        getattr(client, operation)(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] == "BadRequestException"
    return False


def run(clients, now: datetime.datetime) -> None:
    clients.session = boto3.session.Session("AKIAEXAMPLE", "secret", region_name="us-east-1")
    guard = clients("guardduty")
    (detector,) = guard.list_detectors()["DetectorIds"]
    about = guard.get_detector(DetectorId=detector)
    account = guard.get_administrator_account(DetectorId=detector)["Administrator"]["AccountId"]
    say("guardduty get_detector", f"{about['Status']}, administered by {account}")

    everything = flat(pages(guard, "list_findings", DetectorId=detector), "FindingIds")
    findings = {it["Id"]: it for it in guard.get_findings(DetectorId=detector, FindingIds=everything)["Findings"]}
    expect(set(findings) == set(everything), "get_findings knows every id")
    expect(len(findings) >= 7, f"{len(findings)} findings")
    asked = conditions(now - datetime.timedelta(minutes=30))
    for criterion, fits in asked:
        wanted = {id for id, finding in findings.items() if fits(finding)}
        arguments = {"DetectorId": detector, "FindingCriteria": {"Criterion": criterion}}
        whole = guard.list_findings(**arguments)["FindingIds"]
        expect(set(whole) == wanted, f"{criterion}: {len(whole)} instead of {len(wanted)}")
        expect(0 < len(wanted) < len(findings), f"{criterion} picks {len(wanted)} of {len(findings)}")
        paged = pages(guard, "list_findings", **arguments, PaginationConfig={"PageSize": 2})
        expect(flat(paged, "FindingIds") == whole, f"{criterion}: pages differ from the whole")
    say("guardduty list_findings", f"{len(asked)} criteria agree")

    def ordered(attribute: str, order: str) -> list[str]:
        sort = {"AttributeName": attribute, "OrderBy": order}
        return flat(pages(guard, "list_findings", DetectorId=detector, SortCriteria=sort), "FindingIds")

    severities = [findings[id]["Severity"] for id in ordered("severity", "DESC")]
    expect(severities == sorted(severities, reverse=True), f"by severity: {severities}")
    times = [time(findings[id]["UpdatedAt"]) for id in ordered("updatedAt", "ASC")]
    expect(times == sorted(times), "by time")

    sequence = next(it for it in findings.values() if it["Type"].startswith("AttackSequence:"))
    signals = dig(sequence, "Service", "Detection", "Sequence", "Signals")
    say("guardduty get_findings", f"a sequence of {len(signals)} signals")

    expect(refused(guard, "list_findings", DetectorId="0" * 32), "another detector is refused")
    wrong = {"Criterion": {"weather": {"Equals": ["rain"]}}}
    expect(refused(guard, "list_findings", DetectorId=detector, FindingCriteria=wrong), "an unknown field is refused")
    expect(refused(guard, "list_findings", DetectorId=detector, NextToken="nonsense"), "a wrong token is refused")
    many = ["0" * 32] * 51
    expect(refused(guard, "get_findings", DetectorId=detector, FindingIds=many), "51 ids are refused")
    worst = [findings[id]["Type"] for id in ordered("severity", "DESC") if not findings[id]["Service"]["Archived"]]
    say("guardduty types", " ".join(worst))

    clients.session = boto3.session.Session("AKIAEXAMPLE", "secret", region_name="sa-east-1")
    expect(clients("guardduty").list_detectors()["DetectorIds"] == [], "a region without a detector")
