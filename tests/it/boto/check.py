"""Reads the simulator as any AWS program would, and holds its answers against the models that botocore ships.

usage: check.py ENDPOINT before|after|MODULE NOW

botocore drops what it does not know, so the raw bodies are checked: every member known, required ones there,
types and enum values legal. NOW is the simulator's time in seconds. `before` also rolls a deployment back;
`after`, some minutes later, looks at what became of it. MODULE is a file beside this one with more to check: its
`run` gets the clients and the time. Prints one line per call; exits 1 with the problems.
"""

import datetime
import importlib
import json
import sys
import time
import xml.etree.ElementTree as ElementTree

import boto3
import cbor2
from botocore.config import Config

PROBLEMS: list[str] = []
VALIDATED: list[str] = []
NUMBERS = {"integer", "long", "float", "double"}
# AWS documents this lifecycle stage and its models do not list it.
UNLISTED = {"PRE_PRODUCTION_TRAFFIC_SHIFT"}


class Model:
    """Checks one raw answer against its shape."""

    def __init__(self, where: str, known_time: type | tuple[type, ...]):
        self.where = where
        self.known_time = known_time

    def wrong(self, path: str, what: str) -> None:
        PROBLEMS.append(f"{self.where}{path}: {what}")

    def check(self, shape, value, path: str = "") -> None:
        kind = shape.type_name
        if value is None:
            self.wrong(path, "null")
        elif kind == "structure":
            self.structure(shape, value, path)
        elif kind == "list":
            if self.is_a(value, list, path):
                self.bounds(shape, len(value), path)
                for index, item in enumerate(value):
                    self.check(shape.member, item, f"{path}[{index}]")
        elif kind == "map":
            if self.is_a(value, dict, path):
                for key, item in value.items():
                    self.check(shape.key, key, f"{path}.(key)")
                    self.check(shape.value, item, f"{path}.{key}")
        elif kind == "timestamp":
            self.is_a(value, self.known_time, path)
        elif kind == "boolean":
            self.is_a(value, bool, path)
        elif kind in NUMBERS:
            numbers = int if kind in {"integer", "long"} else (int, float)
            if self.is_a(value, numbers, path):
                self.bounds(shape, value, path)
        elif kind == "string":
            if self.is_a(value, str, path):
                self.bounds(shape, len(value), path)
                if shape.enum and value not in shape.enum and value not in UNLISTED:
                    self.wrong(path, f"{value!r} is not one of {shape.enum}")

    def structure(self, shape, value, path: str) -> None:
        if not self.is_a(value, dict, path):
            return
        members = {m.serialization.get("name", name): (name, m) for name, m in shape.members.items()}
        for name, item in value.items():
            if name in members:
                self.check(members[name][1], item, f"{path}.{name}")
            else:
                self.wrong(path, f"{name} is no member of {shape.name}")
        there = {members[name][0] for name in value if name in members}
        for name in set(shape.required_members) - there:
            if shape.members[name].serialization.get("location") is None:
                self.wrong(path, f"{name} is required in {shape.name}")

    def is_a(self, value, wanted, path: str) -> bool:
        right = isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool)
        if not right:
            self.wrong(path, f"{value!r} is not {wanted}")
        return right

    def bounds(self, shape, size, path: str) -> None:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if (least is not None and size < least) or (most is not None and size > most):
            self.wrong(path, f"{size} is not within {least} and {most}")


def plain(shape, element, unknown):
    """An XML element as JSON would have it; `unknown` is told of elements that the shape does not have."""
    kind = shape.type_name
    if kind == "structure":
        members = {m.serialization.get("name", name): m for name, m in shape.members.items()}
        found = {}
        for child in element:
            tag = child.tag.split("}")[-1]
            if tag not in members:
                unknown(f"{tag} is no member of {shape.name}")
            else:
                found[tag] = plain(members[tag], child, unknown)
        return found
    if kind == "list":
        return [plain(shape.member, child, unknown) for child in element]
    text = element.text or ""
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in NUMBERS:
        return int(text) if kind in {"integer", "long"} else float(text)
    return text


def validate(operation_model, response_dict, **_):
    if response_dict["status_code"] >= 300:
        return
    shape = operation_model.output_shape
    service = operation_model.service_model
    where = f"{service.service_name}:{operation_model.name}"
    protocol = service.resolved_protocol
    VALIDATED.append(where)
    body = response_dict["body"]
    known_time = (int, float)
    if protocol == "smithy-rpc-v2-cbor":
        value, known_time = cbor2.loads(body), datetime.datetime
    elif protocol == "query":
        known_time = datetime.datetime
        root = ElementTree.fromstring(body)
        (result,) = (child for child in root if child.tag.endswith(f"{operation_model.name}Result"))
        value = plain(shape, result, lambda what: PROBLEMS.append(f"{where}: {what}"))
    else:
        value = json.loads(body)
    Model(where, known_time).check(shape, value)


def expect(fact: bool, what: str) -> None:
    if not fact:
        PROBLEMS.append(f"not so: {what}")


class Clients:
    def __init__(self, endpoint: str):
        self.session = boto3.session.Session("AKIAEXAMPLE", "secret", region_name="eu-west-2")
        self.endpoint = endpoint

    def __call__(self, service: str):
        config = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=20)
        client = self.session.client(service, endpoint_url=self.endpoint, config=config)
        client.meta.events.register("before-parse", validate)
        return client


def say(call: str, what) -> None:
    print(f"{call}: {what}")


def pages(client, operation: str, **arguments) -> list[dict]:
    return list(client.get_paginator(operation).paginate(**arguments))


def flat(answers: list[dict], member: str) -> list:
    return [item for answer in answers for item in answer.get(member, [])]


def weights(clients: Clients) -> list[int]:
    """The weights of checkout's rule, old first."""
    elb = clients("elbv2")
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    for balancer in balancers:
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                for action in rule["Actions"]:
                    groups = action.get("ForwardConfig", {}).get("TargetGroups", [])
                    if len(groups) == 2 and all("checkout" in group["TargetGroupArn"] for group in groups):
                        return sorted((group["Weight"] for group in groups), reverse=True)
    return []


def deployments(clients: Clients) -> list[dict]:
    ecs = clients("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    services = flat(pages(ecs, "list_services", cluster=cluster), "serviceArns")
    described = ecs.describe_services(cluster=cluster, services=services)["services"]
    say("ecs describe_services", f"{len(described)} services")
    listed = ecs.list_service_deployments(cluster=cluster, service="checkout")["serviceDeployments"]
    arns = [item["serviceDeploymentArn"] for item in listed]
    say("ecs list_service_deployments", f"{len(arns)} deployments of checkout")
    full = ecs.describe_service_deployments(serviceDeploymentArns=arns[:20])["serviceDeployments"]
    revisions = [full[0]["targetServiceRevision"]["arn"]]
    ecs.describe_service_revisions(serviceRevisionArns=revisions)
    tasks = flat(pages(ecs, "list_tasks", cluster=cluster, serviceName="checkout"), "taskArns")
    ecs.describe_tasks(cluster=cluster, tasks=tasks)
    say("ecs list_tasks", f"{len(tasks)} tasks of checkout")
    return full


def lookup(client, now: datetime.datetime, key: str, value: str) -> list[dict]:
    """All events of six hours with this attribute, at most two requests a second."""
    events, arguments = [], {}
    while True:
        time.sleep(0.55)
        answer = client.lookup_events(
            LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}],
            StartTime=now - datetime.timedelta(hours=6),
            EndTime=now,
            **arguments,
        )
        events += answer["Events"]
        if "NextToken" not in answer:
            return events
        arguments = {"NextToken": answer["NextToken"]}


def trail(clients: Clients, now: datetime.datetime) -> None:
    client = clients("cloudtrail")
    writes = lookup(client, now, "ReadOnly", "false")
    reads = lookup(client, now, "ReadOnly", "true")
    every = {event["EventId"]: event for event in writes + reads}
    say("cloudtrail lookup_events", f"{len(writes)} writes, {len(reads)} reads")
    expect(len(every) == len(writes) + len(reads), "no event comes twice")
    expect(len(writes) > 50, "events are paged")
    times = [event["EventTime"] for event in writes]
    expect(times == sorted(times, reverse=True), "the newest come first")
    records = {key: json.loads(event["CloudTrailEvent"]) for key, event in every.items()}
    for key, event in every.items():
        record = records[key]
        expect(record["eventID"] == key and record["eventName"] == event["EventName"], f"{key} is its record's")
        expect(record["eventSource"] == event["EventSource"], f"{key}: its source is its record's")
        expect(str(record["readOnly"]).lower() == event["ReadOnly"], f"{key}: its kind is its record's")
    # By user and by resource: the same as picking them out of everything here.
    (update,) = (event for event in writes if event["EventName"] == "UpdateService")
    service = update["Resources"][0]["ResourceName"]
    for attribute, value, has in [
        ("Username", update["Username"], lambda event: event.get("Username") == value),
        ("AccessKeyId", update["AccessKeyId"], lambda event: event.get("AccessKeyId") == value),
        ("ResourceName", service, lambda event: any(r["ResourceName"] == value for r in event["Resources"])),
        ("EventSource", "logs.amazonaws.com", lambda event: event["EventSource"] == value),
    ]:
        found = {event["EventId"] for event in lookup(client, now, attribute, value)}
        wanted = {key for key, event in every.items() if has(event)}
        say(f"cloudtrail lookup_events by {attribute}", f"{len(found)} events")
        # A few more may have come in meanwhile.
        expect(wanted <= found and len(found) - len(wanted) < 5, f"{attribute} {value}: {len(wanted)} of {len(found)}")
    expect(update["Username"].startswith("github-"), "the pipeline's session deployed")
    time.sleep(1.1)
    codes = []
    for _ in range(4):
        try:
            client.lookup_events()
            codes.append("ok")
        except client.exceptions.ClientError as error:
            codes.append(error.response["Error"]["Code"])
    say("cloudtrail lookup_events four times at once", " ".join(codes))
    expect(codes.count("ThrottlingException") >= 1 and codes[0] == "ok", "two requests a second are answered")


def before(clients: Clients, now: datetime.datetime) -> None:
    who = clients("sts").get_caller_identity()
    say("sts get_caller_identity", who["Account"])

    watch = clients("cloudwatch")
    kinds = ["MetricAlarm", "CompositeAlarm"]
    listed = pages(watch, "describe_alarms", AlarmTypes=kinds, PaginationConfig={"PageSize": 5})
    alarms = flat(listed, "MetricAlarms")
    ringing = sorted(a["AlarmName"] for a in alarms if a["StateValue"] == "ALARM")
    say("cloudwatch describe_alarms", f"{len(alarms)} metric alarms on {len(listed)} pages")
    expect(len(listed) > 2, "alarms are paged")
    expect("checkout-5xx" in ringing, f"checkout-5xx is in ALARM, not only {ringing}")
    history = flat(pages(watch, "describe_alarm_history", AlarmName="checkout-5xx"), "AlarmHistoryItems")
    say("cloudwatch describe_alarm_history", f"{len(history)} entries")
    (alarm,) = (a for a in alarms if a["AlarmName"] == "checkout-5xx")
    (data,) = pages(
        watch,
        "get_metric_data",
        MetricDataQueries=alarm["Metrics"],
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now,
    )
    values = [value for result in data["MetricDataResults"] for value in result["Values"]]
    say("cloudwatch get_metric_data", f"{len(values)} values")
    expect(max(values) > alarm["Threshold"], "the metric of an alarm in ALARM crosses its threshold")
    watch.list_metrics(Namespace="AWS/ApplicationELB")
    watch.list_alarm_mute_rules()

    logs = clients("logs")
    groups = [group["logGroupName"] for group in flat(pages(logs, "describe_log_groups"), "logGroups")]
    say("logs describe_log_groups", " ".join(groups))
    read = pages(
        logs,
        "filter_log_events",
        logGroupName="/ecs/checkout",
        startTime=int((now.timestamp() - 120) * 1000),
        endTime=int(now.timestamp() * 1000),
        PaginationConfig={"PageSize": 500},
    )
    events = flat(read, "events")
    ids = {event["eventId"] for event in events}
    say("logs filter_log_events", f"{len(events)} events on {len(read)} pages")
    expect(len(read) > 1, "events are paged")
    expect(len(ids) == len(events), "no event comes twice")

    elb = clients("elbv2")
    targets = 0
    for group in elb.describe_target_groups()["TargetGroups"]:
        health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        targets += len(health["TargetHealthDescriptions"])
    say("elbv2 describe_target_health", f"{targets} targets")
    say("elbv2 describe_rules", f"weights {weights(clients)}")
    expect(weights(clients) == [80, 20], "a canary at 20 %")

    functions = flat(pages(clients("lambda"), "list_functions"), "Functions")
    say("lambda list_functions", " ".join(function["FunctionName"] for function in functions))
    clients("lambda").list_aliases(FunctionName=functions[0]["FunctionName"])
    clients("lambda").list_event_source_mappings()
    traces(clients("xray"), now)

    trail(clients, now)
    running = deployments(clients)[0]
    expect(running["status"] == "IN_PROGRESS", f"the newest deployment runs: {running['status']}")
    stopped = clients("ecs").stop_service_deployment(
        serviceDeploymentArn=running["serviceDeploymentArn"], stopType="ROLLBACK"
    )
    say("ecs stop_service_deployment", stopped["serviceDeploymentArn"].rsplit("/", 1)[0].rsplit(":", 1)[1])


def services_of(summary: dict) -> set[str]:
    return {service["Name"] for service in summary["ServiceIds"]}


def annotations_of(summary: dict, key: str) -> set:
    return {value for given in summary["Annotations"].get(key, []) for value in given["AnnotationValue"].values()}


def traces(xray, now: datetime.datetime) -> None:
    """Summaries by six filters, each held against all summaries; the documents of some; the service graph."""
    # What has ended by now stays as it is, while a slow test goes on.
    span = {"StartTime": now - datetime.timedelta(minutes=9), "EndTime": now - datetime.timedelta(seconds=10)}

    def ask(**filter_expression) -> tuple[list[dict], int]:
        answers = pages(xray, "get_trace_summaries", **span, **filter_expression)
        return flat(answers, "TraceSummaries"), sum(answer["TracesProcessedCount"] for answer in answers)

    everything, processed = ask()
    say("xray get_trace_summaries", f"{len(everything)} traces")
    expect(processed == len(everything), f"without a filter all {processed} traces are given")
    expect(len({summary["Id"] for summary in everything}) == len(everything), "no trace comes twice")
    filters = {
        "fault": lambda s: s["HasFault"],
        "responsetime > 0.5 AND !error": lambda s: s.get("ResponseTime", 0) > 0.5 and not s["HasError"],
        'http.url CONTAINS "/checkout/9" OR throttle': lambda s: (
            "/checkout/9" in s.get("Http", {}).get("HttpURL", "") or s["HasThrottle"]
        ),
        'service("orders") AND !service("cart")': lambda s: (
            "orders" in services_of(s) and "cart" not in services_of(s)
        ),
        'annotation.side = "green" AND annotation[version] = 42': lambda s: (
            "green" in annotations_of(s, "side") and 42 in annotations_of(s, "version")
        ),
        'http.status >= 500 AND (http.method = "POST" OR user ENDSWITH "7")': lambda s: (
            s.get("Http", {}).get("HttpStatus", 0) >= 500
            and (s["Http"]["HttpMethod"] == "POST" or any(u["UserName"].endswith("7") for u in s["Users"]))
        ),
    }
    for expression, holds in filters.items():
        found, looked = ask(FilterExpression=expression)
        wanted = [summary for summary in everything if holds(summary)]
        expect(0 < len(wanted) < len(everything), f"some have {expression}, {len(wanted)} do")
        expect(found == wanted, f"{expression}: {len(found)} are found of {len(wanted)}")
        expect(looked == processed, f"{expression} is asked of all {processed} traces, not of {looked}")
    say("xray filters", f"{len(filters)} agree")
    try:
        ask(FilterExpression="speed > 5")
        expect(False, "a wrong filter is refused")
    except xray.exceptions.InvalidRequestException as refusal:
        say("xray refuses", refusal.response["Error"]["Message"])

    failing, _ = ask(FilterExpression='service("checkout") { fault }')
    ids = [summary["Id"] for summary in failing if not summary["IsPartial"]][:4]
    unknown = "1-67a1b2c3-0123456789abcdef01234567"
    answer = xray.batch_get_traces(TraceIds=[*ids, unknown])
    expect(answer["UnprocessedTraceIds"] == [unknown], "an unknown trace is unprocessed")
    expect([trace["Id"] for trace in answer["Traces"]] == ids, "the others are given")
    for trace in answer["Traces"]:
        documents = [json.loads(segment["Document"]) for segment in trace["Segments"]]
        (root,) = (document for document in documents if "parent_id" not in document)
        expect(root["fault"] and root["name"] == "checkout", f"{trace['Id']} fails at its root")
        (said,) = root["cause"]["exceptions"]
        expect("message" in said and len(said["id"]) == 16, f"{trace['Id']} says why")
        lines = log_lines(xray, root, trace["Id"])
        expect(any(said["message"] in line for line in lines), f"{trace['Id']} and its log line agree: {lines}")
    say("xray batch_get_traces", f"{len(ids)} failing traces agree with their log lines")

    graph = flat(pages(xray, "get_service_graph", **span), "Services")
    named = {(service["Name"], service["Type"]): service for service in graph}
    say("xray get_service_graph", " ".join(sorted({name for name, _ in named})))
    checkout = named["checkout", "AWS::ECS::Container"]
    whole = [s for s in everything if s["EntryPoint"]["Name"] == "checkout" and not s["IsPartial"]]
    statistics = checkout["SummaryStatistics"]
    expect(statistics["TotalCount"] == len(whole), f"the graph counts the {len(whole)} traces of checkout")
    faults = sum(summary["HasFault"] for summary in whole)
    expect(statistics["FaultStatistics"]["TotalCount"] == faults, f"and their {faults} faults")
    seconds = sum(summary["ResponseTime"] for summary in whole)
    expect(abs(statistics["TotalResponseTime"] - seconds) < 0.01, f"and their {seconds} seconds")
    bars = sum(bar["Count"] for bar in checkout["ResponseTimeHistogram"])
    expect(bars == len(whole), f"the histogram has each once, not {bars}")
    by_id = {service["ReferenceId"]: service["Name"] for service in graph}
    callees = sorted(by_id[edge["ReferenceId"]] for edge in checkout["Edges"])
    expect(callees == ["cart", "orders", "receipts-queue"], f"checkout calls {callees}")
    xray.get_trace_graph(TraceIds=ids)


def log_lines(xray, root: dict, trace: str) -> list[str]:
    """The lines of a trace in the log group that its root names."""
    group = root["aws"]["cloudwatch_logs"][0]["log_group"]
    logs = Clients(xray.meta.endpoint_url)("logs")
    window = {"startTime": int(root["start_time"] * 1000) - 1000, "endTime": int(root["end_time"] * 1000) + 1000}
    answers = pages(logs, "filter_log_events", logGroupName=group, filterPattern=f'"{trace}"', **window)
    return [event["message"] for event in flat(answers, "events")]


def after(clients: Clients, now: datetime.datetime) -> None:
    newest = deployments(clients)[0]
    say("ecs describe_service_deployments", newest["status"])
    expect(newest["status"] == "ROLLBACK_SUCCESSFUL", "the deployment was rolled back")
    expect(weights(clients)[0] == 100, f"the old side has all traffic: {weights(clients)}")
    (alarm,) = clients("cloudwatch").describe_alarms(AlarmNames=["checkout-5xx"])["MetricAlarms"]
    say("cloudwatch describe_alarms", f"checkout-5xx {alarm['StateValue']}")
    expect(alarm["StateValue"] == "OK", "its alarm went back to OK")


def self_test(clients: Clients) -> None:
    """A validator that finds nothing must not be one that looks at nothing."""
    shape = clients("ecs").meta.service_model.operation_model("DescribeServiceDeployments").output_shape
    wrong = {"serviceDeployments": [{"nope": 1, "status": "FINE", "createdAt": "today"}], "failures": [None]}
    Model("", (int, float)).check(shape, wrong)
    found = sorted(problem.split(":")[0] for problem in PROBLEMS)
    deployment = ".serviceDeployments[0]"
    wanted = sorted([deployment, f"{deployment}.status", f"{deployment}.createdAt", ".failures[0]"])
    if found != wanted:
        sys.exit(f"the validator does not see what is wrong: {PROBLEMS}")
    PROBLEMS.clear()


def main() -> int:
    endpoint, part, seconds = sys.argv[1:]
    self_test(Clients(endpoint))
    now = datetime.datetime.fromtimestamp(float(seconds), datetime.timezone.utc)
    run = {"before": before, "after": after}.get(part) or importlib.import_module(part).run
    run(Clients(endpoint), now)
    say("validated", f"{len(VALIDATED)} answers of {len(set(VALIDATED))} operations")
    for problem in PROBLEMS[:40]:
        print(f"PROBLEM {problem}", file=sys.stderr)
    return 1 if PROBLEMS else 0


sys.exit(main())
